"""A NetSuite account id, and the addresses that follow from it."""

import re
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import requests

from connectors.errors import OperatorMustAct
from connectors.netsuite.codes import error

_ACCOUNT_ID = re.compile(r"[0-9a-z_]+", re.ASCII | re.IGNORECASE)
_HOST_SUFFIX = ".suitetalk.api.netsuite.com"
_PAGES_SUFFIX = ".app.netsuite.com"


class Account(NamedTuple):
    """`realm` is the id as logins want it (1234567_SB1); `base_url` is scheme and host, without a path."""

    realm: str
    base_url: str

    @classmethod
    def of(cls, account_id: str, base_url: str | None = None) -> Self:
        """The host is made of the checked id and a fixed suffix, unless `base_url` points elsewhere (at the mock).

        Raises OperatorMustAct `netsuite-account-invalid`, `netsuite-base-url-invalid`.
        """
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise error(OperatorMustAct, "netsuite-account-invalid", f"NETSUITE_ACCOUNT is {account_id!r}")
        own_host = f"https://{_subdomain(account_id)}{_HOST_SUFFIX}"
        return cls(account_id.upper(), _checked(base_url) if base_url else own_host)

    def sales_order_page(self, order_id: int) -> str:
        """Where a person sees the order in NetSuite itself, by its internal id."""
        path = f"/app/accounting/transactions/salesord.nl?id={order_id:d}"
        return f"https://{_subdomain(self.realm)}{_PAGES_SUFFIX}{path}"


def _subdomain(account_id: str) -> str:
    """1234567_SB1 is 1234567-sb1 in addresses."""
    return account_id.lower().replace("_", "-")


def _checked(base_url: str) -> str:
    """Taken apart as requests does, so that no other host is called than the one that was checked."""
    try:
        parts = urlsplit(requests.Request("GET", base_url).prepare().url or "")
    except ValueError:
        message = "NETSUITE_BASE_URL cannot be read as an address"
        raise error(OperatorMustAct, "netsuite-base-url-invalid", message) from None
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise error(OperatorMustAct, "netsuite-base-url-invalid", f"NETSUITE_BASE_URL names {parts.hostname!r}")
    return f"{parts.scheme}://{parts.netloc}"
