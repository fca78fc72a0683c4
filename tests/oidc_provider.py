"""A real OpenID Connect provider (canaille) over HTTP, and a browser that signs in there."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from canaille import create_app
from canaille.app import models
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "termsync-test", "a-secret-of-tests"
PASSWORD = "at-the-provider"


@dataclass
class Provider:
    """Where the provider is, and the application that it is."""

    issuer: str
    app: Any

    def add(self, name: str, email: str) -> None:
        """A person who can sign in as `name`. Names with `unverified` have an address that is not verified."""
        with self.app.app_context():
            user = models.User(user_name=name, family_name=name, emails=[email], password=PASSWORD)
            self.app.backend.save(user)

    def allow(self, redirect_uri: str, *, audience: bool = True) -> None:
        """Registers our application there; without `audience`, what it is told is meant for somebody else."""
        with self.app.app_context():
            client = self.app.backend.get(models.Client, client_id=CLIENT_ID) or _client()
            for code in self.app.backend.query(models.AuthorizationCode):  # those nobody came back with
                self.app.backend.delete(code)
            client.redirect_uris = [redirect_uri]
            self.app.backend.save(client)
            client.audience = [client] if audience else []
            self.app.backend.save(client)


def _client() -> Any:
    return models.Client(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_name="termsync",
        client_uri="http://127.0.0.1",
        redirect_uris=[],
        grant_types=["authorization_code"],
        response_types=["code"],
        token_endpoint_auth_method="client_secret_basic",
        scope=["openid", "email", "profile"],
    )


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider on a free port."""
    app = create_app(
        {
            "TESTING": True,
            "SECRET_KEY": "of tests only",
            "WTF_CSRF_ENABLED": False,
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False, "CAPTCHA_ENABLED": False},
            "CANAILLE_OIDC": {},
        }
    )
    verified = "{% if 'unverified' not in user.user_name %}true{% endif %}"
    app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = verified
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Provider(f"http://127.0.0.1:{server.server_port}", app)
    finally:
        server.shutdown()
        thread.join(10)


def sign_in_there(browser: httpx.Client, to: str, name: str) -> str:
    """From the address `to` at the provider through its forms; returns where it sends the browser back to."""
    answer = browser.get(to)
    for _ in range(12):
        if answer.is_redirect:
            to = urljoin(str(answer.url), answer.headers["location"])
            if urlsplit(to).path == "/login/oidc/callback":
                return to
            answer = browser.get(to)
        else:
            action = re.search(r'<form[^>]*action="([^"]*)"', answer.text)
            fields = {"login": name, "password": PASSWORD, "answer": "accept"}
            target = urljoin(str(answer.url), unescape(action[1]) if action else "")
            answer = browser.post(target, data=fields)
    raise AssertionError(f"the provider does not come to an end: {answer.url} {answer.text[:2000]}")
