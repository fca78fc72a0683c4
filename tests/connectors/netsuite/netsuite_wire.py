"""What goes over the wire in these tests: addresses, a login, a page, NetSuite's error bodies."""

from typing import Any

from pydantic import SecretStr

from connectors.netsuite import ApiCall, Backoff, NetSuiteClient
from connectors.netsuite.auth import TokenAuth, TokenCredentials

HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"
QUERY = f"{HOST}/services/rest/query/v1/suiteql"
TIME = f"{HOST}/services/rest/system/v1/serverTime"
LIMITS = f"{HOST}/services/rest/system/v1/governanceLimits"
HTML = "<html><body>We are undergoing scheduled maintenance</body></html>"
PAGE = {"links": [], "count": 1, "hasMore": False, "items": [{"links": [], "id": "1"}], "totalResults": 1}
LOGIN = TokenAuth(TokenCredentials(*(SecretStr(f"canary-{n}") for n in range(4))), "1234567_SB1")


def client_telling(calls: list[ApiCall]) -> NetSuiteClient:
    """A client that does not wait between attempts and tells of every one."""
    return NetSuiteClient("1234567_SB1", LOGIN, on_call=calls.append, backoff=Backoff(first=0, longest=0))


def problem(status: int, detail: str = "", code: str = "", outer: str = "") -> dict[str, Any]:
    """An error answer as NetSuite writes it, for `responses.add`."""
    body: dict[str, Any] = {"type": "https://www.rfc-editor.org/", "title": "Bad Request", "status": status}
    if outer:
        body["o:errorCode"] = outer
    body["o:errorDetails"] = [{"detail": detail, "o:errorCode": code, "o:errorQueryParam": "q"}]
    return {"status": status, "json": body}
