"""A plain HTTP client of a NetSuite account. None of our own connector is used here."""

from __future__ import annotations

from datetime import date
from typing import Any

import requests
from requests_oauthlib import OAuth1

from connectors.mock_netsuite import Mock

TODAY = date(2026, 11, 23)
TIMEOUT = (5, 30)


class Client:
    """Signs by token and speaks JSON, no more."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.session = requests.Session()
        self.session.auth = self.signer()

    def signer(self, **changes: str) -> OAuth1:
        config = self.mock.config
        given: dict[str, Any] = {
            "client_key": config.consumer_key,
            "client_secret": config.consumer_secret.get_secret_value(),
            "resource_owner_key": config.token_id,
            "resource_owner_secret": config.token_secret.get_secret_value(),
            "realm": config.account,
            "signature_method": "HMAC-SHA256",
        }
        return OAuth1(**{**given, **changes})

    def url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.mock.base_url}{path}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url(path), **{"timeout": TIMEOUT, **options})

    def record(self, method: str, path: str, **options: Any) -> requests.Response:
        """A call below /services/rest/record/v1, or to the URL of a Location header."""
        return self.call(method, path if "://" in path else f"/services/rest/record/v1/{path}", **options)

    def post_query(self, query: str, *, params: list[object] | None = None, **paging: int) -> requests.Response:
        body = {"q": query} | ({"params": params} if params is not None else {})
        path = "/services/rest/query/v1/suiteql"
        return self.call("POST", path, json=body, params=paging, headers={"Prefer": "transient"})

    def page(self, query: str, *, params: list[object] | None = None, **paging: int) -> dict[str, Any]:
        response = self.post_query(query, params=params, **paging)
        assert response.status_code == 200, response.text
        content: dict[str, Any] = response.json()
        return content

    def rows(self, query: str, *, params: list[object] | None = None) -> list[dict[str, str]]:
        """Items of the first page, without their links."""
        items = self.page(query, params=params)["items"]
        return [{name: value for name, value in item.items() if name != "links"} for item in items]

    def refusal(self, query: str) -> str:
        """The detail of a refused query, after NetSuite's fixed prefix."""
        response = self.post_query(query)
        assert response.status_code == 400, response.text
        [error] = response.json()["o:errorDetails"]
        assert (error["o:errorCode"], error["o:errorQueryParam"]) == ("INVALID_PARAMETER", "q")
        prefix = "Invalid search query. Detailed unprocessed description follows. "
        assert error["detail"].startswith(prefix)
        return str(error["detail"].removeprefix(prefix))

    def control(self, method: str, path: str, content: object = None) -> Any:
        url = f"{self.mock.base_url}/_mock/{path}"
        response = requests.request(method, url, json=content, timeout=TIMEOUT)
        assert response.status_code in (200, 204), response.text
        return response.json() if response.content else None

    def fault(self, kind: str, **options: object) -> int:
        return int(self.control("POST", "faults", {"kind": kind, **options})["id"])
