"""System endpoints: server time and governance limits."""

from __future__ import annotations

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.account import Account
from connectors.mock_netsuite.messages import Request, Response, json_response

_ROOT = "/services/rest/system/v1/"


def handle(request: Request, account: Account) -> Response:
    if not request.path.startswith(_ROOT):
        raise problems.invalid_url(request.path)
    if request.method != "GET":
        raise problems.method_not_allowed(request.method)
    match request.path.removeprefix(_ROOT):
        case "serverTime":
            now = account.clock.now()
            return json_response({"serverTime": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"})
        case "governanceLimits":
            return _limits(account)
    raise problems.invalid_url(request.path)


def _limits(account: Account) -> Response:
    """Only an administrator may read them."""
    if not account.config.administrator:
        raise problems.insufficient_permission()
    limit = account.governance.limit
    return json_response(
        {
            "accountConcurrencyLimit": limit,
            "accountUnallocatedConcurrencyLimit": limit,
            "integrationConcurrencyLimit": limit,
            "integrationLimitType": "accountLimit",
        }
    )
