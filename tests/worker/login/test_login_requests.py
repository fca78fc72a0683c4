"""What other sites, frames and forged requests meet."""

import re
from collections.abc import Iterator

import httpx
import pytest
from login_people import ANA, LEO, open_site
from own_databases import fresh_database
from web_running import PASSWORD, browsing, sign_in, token_of

from worker.database import make_engine
from worker.embedded import Addresses

pytest_plugins = ("login_site",)


@pytest.fixture(scope="module")
def site(servers: Addresses, template: str) -> Iterator[str]:
    """One for all tests here: they change nothing."""
    with fresh_database(servers.database_url, template) as url:
        engine = make_engine(url)
        with open_site(engine) as address:
            yield address
        engine.dispose()


FIELDS = {"email": ANA, "password": PASSWORD}


def test_a_form_without_its_token_is_refused(browser: httpx.Client) -> None:
    browser.get("/login")
    for fields in (FIELDS, {**FIELDS, "csrftoken": ""}, {**FIELDS, "csrftoken": "0" * 64}):
        refused = browser.post("/login", data=fields)
        assert refused.status_code == 403
        assert "no longer valid" in refused.text
        assert "termsync_session" not in browser.cookies
    assert browser.post("/login", json={**FIELDS, "csrftoken": "x"}).status_code == 403
    for kind in (
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        answer = browser.post("/login", content=b"\xff\xfe=--x\r\n\x00", headers={"content-type": kind})
        assert answer.status_code == 403, kind


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_method_that_changes_goes_without_it(browser: httpx.Client, method: str) -> None:
    sign_in(browser, ANA)
    for path in ("/logout", "/console/_api/accounts/action?name=x", "/console/", "/nothing"):
        assert browser.request(method, path).status_code == 403
    assert browser.get("/console/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://[::1"},
        {"origin": "http://127.0.0.1:99999"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_is_refused_even_with_the_token(browser: httpx.Client, headers: dict[str, str]) -> None:
    fields = {**FIELDS, "csrftoken": token_of(browser.get("/login"))}
    refused = browser.post("/login", data=fields, headers=headers)
    assert refused.status_code == 403
    assert "another site" in refused.text
    own = {"origin": str(browser.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert browser.post("/login", data=fields, headers=own).status_code == 303


def test_a_token_belongs_to_one_session(site: str, browser: httpx.Client) -> None:
    with browsing(site) as attacker:
        sign_in(attacker, LEO)
        token = token_of(attacker.get("/password"))
        sign_in(browser, ANA)
        assert browser.post("/logout", data={"csrftoken": token}).status_code == 403
        # nor does planting the cookie that scripts read make it valid
        browser.cookies.set("starlette_admin_csrftoken", token)
        assert browser.post("/logout", data={"csrftoken": token}).status_code == 403
        assert browser.post("/logout", headers={"x-csrftoken": token}).status_code == 403


def test_the_token_of_before_is_no_token_of_after(browser: httpx.Client) -> None:
    before = token_of(browser.get("/login"))
    sign_in(browser, ANA)
    assert browser.post("/logout", data={"csrftoken": before}).status_code == 403


def test_a_form_larger_than_any_of_ours_is_refused(browser: httpx.Client) -> None:
    token = token_of(browser.get("/login"))
    large = {"csrftoken": token, "email": "x" * 3_000_000}
    assert browser.post("/login", data=large).status_code == 413


@pytest.mark.parametrize("path", ["/login", "/console/", "/nothing-here", "/static/pages.css", "/health"])
def test_every_answer_tells_browsers_what_we_never_do(browser: httpx.Client, path: str) -> None:
    sign_in(browser, ANA)
    headers = browser.get(path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert "unsafe-inline" not in policy["script-src"]
    assert "unsafe-eval" not in policy["script-src"]
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert ("no-store" in headers["cache-control"]) == (not path.startswith("/static/"))


@pytest.mark.parametrize("path", ["/login", "/password", "/console/", "/console/accounts/list", "/nothing-here"])
def test_no_page_runs_scripts_or_loads_anything_of_others(browser: httpx.Client, path: str) -> None:
    if path != "/login":
        sign_in(browser, ANA)
    page = browser.get(path)
    nonce = re.search(r"'nonce-([^']+)'", page.headers["content-security-policy"])
    assert nonce
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", page.text):
        assert "src=" in tag or f'nonce="{nonce[1]}"' in tag, tag
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", page.text)
    assert "javascript:" not in page.text
    loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"([^\"]+)\"", page.text)
    loaded += re.findall(r"@import[^;]*|url\([^)]*\)", page.text)
    assert [address for address in loaded if not address.startswith(("/", str(browser.base_url)))] == []


def test_a_nonce_is_used_once(browser: httpx.Client) -> None:
    first, second = (browser.get("/login").headers["content-security-policy"] for _ in range(2))
    assert first != second


def test_what_a_script_asks_for_unsigned_in_is_refused_without_a_redirect(browser: httpx.Client) -> None:
    answer = browser.get("/console/live", headers={"accept": "text/event-stream"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Sign in" in answer.json()["remedy"]


def test_what_is_not_there_and_what_is_not_theirs_look_the_same(browser: httpx.Client) -> None:
    sign_in(browser, LEO)

    def seen(path: str) -> tuple[int, str]:
        page = browser.get(path)
        return page.status_code, re.sub(r'value="\w{64}"|nonce="[^"]+"', "", page.text)

    assert seen("/console/") == seen("/console/accounts/list") == seen("/console/nothing") == seen("/nothing")
    assert seen("/nothing")[0] == 404
