"""Odd requests meet a page that says what to do, never a fault; nothing slips past the guard."""

import re
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest
from own_databases import fresh_database
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from web_running import add_staff, browsing, send, serving_app, sign_in, token_of

from worker.database import make_engine, make_sessions
from worker.embedded import Addresses
from worker.errors import NotFound, TermsyncError
from worker.login.addresses import is_among
from worker.login.guard import page, right_of, walk
from worker.login.rights import Right
from worker.settings import load
from worker.web.app import OPEN, make_app


async def _fault(request: Request) -> Response:
    raise RuntimeError("with a secret of the machine room")


async def _said(request: Request) -> Response:
    raise TermsyncError("usage", "That cannot be.", "Do it differently.")


async def _nothing(request: Request) -> Response:
    raise NotFound("usage", "There is no such thing.", "Look elsewhere.")


async def _unnamed(request: Request) -> Response:
    return PlainTextResponse("reached")


@pytest.fixture(scope="module")
def engine(servers: Addresses, template: str) -> Iterator[Engine]:
    """One database for all tests here: they change nothing."""
    with fresh_database(servers.database_url, template) as url:
        engine = make_engine(url)
        with make_sessions(engine).begin() as session:
            add_staff(session, "admin")
            add_staff(session, "ops")
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[str]:
    app = make_app(engine, load())
    app.router.routes.extend(
        [
            page("/fault", _fault, Right.SIGNED_IN),
            page("/said", _said, Right.SIGNED_IN),
            page("/no-such", _nothing, Right.SIGNED_IN),
            Route("/unnamed", _unnamed),
            Mount("/below", routes=[Route("/unnamed", _unnamed)]),
            Mount("/all-of-it", app=PlainTextResponse("reached")),
        ]
    )
    with serving_app(app) as url:
        yield url


@pytest.fixture
def browser(site: str) -> Iterator[httpx.Client]:
    with browsing(site) as client:
        assert sign_in(client, "admin@staff.example").status_code == 303
        yield client


@pytest.mark.parametrize("path", ["/unnamed", "/below/unnamed", "/all-of-it", "/all-of-it/x"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_route_that_names_no_right_is_open_to_nobody(
    browser: httpx.Client, site: str, path: str, method: str
) -> None:
    token = token_of(browser.get("/password"))
    answer = browser.request(method, path, headers={"x-csrftoken": token})
    assert answer.status_code == 404
    assert "reached" not in answer.text
    with browsing(site) as nobody:
        assert "reached" not in nobody.get(path).text


@pytest.mark.parametrize(
    "path",
    [
        "//console/",
        "/console//accounts/list",
        "/static/../console/accounts/list",
        "/static/%2e%2e/console/accounts/list",
        "/console/static/../accounts/list",
        "/console/static/..%2faccounts/list",
        "/health/../console/accounts/list",
        "/healthconsole",
        "/CONSOLE/accounts/list",
        "/console;/accounts/list",
        "/console/accounts/list/",
        "/console/accounts/list%00",
        "http://127.0.0.1/console/accounts/list",
    ],
)
def test_no_spelling_of_an_address_gets_in_unsigned(site: str, path: str) -> None:
    """As bytes on the wire: clients would tidy the address."""
    host, _, port = site.removeprefix("http://").partition(":")
    connection = HTTPConnection(host, int(port), timeout=20)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.putheader("Accept", "text/html")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    assert answer.status in {303, 400, 401, 404, 405}
    assert "Staff accounts" not in body
    connection.close()


def test_every_open_path_is_no_page_of_ours(engine: Engine) -> None:
    for guarded in walk(make_app(engine, load()).router.routes):
        assert is_among(guarded.path, OPEN) <= (guarded.right is None), guarded.path


def test_the_console_has_its_address_with_and_without_a_slash(browser: httpx.Client) -> None:
    assert browser.get("/console").headers["location"] == "/console/"


def test_a_fault_shows_no_inside_and_says_what_to_do(browser: httpx.Client) -> None:
    answer = browser.get("/fault")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "machine room" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"]


def test_errors_a_person_can_meet_say_what_to_do(browser: httpx.Client) -> None:
    said, nothing = browser.get("/said"), browser.get("/no-such")
    assert (said.status_code, nothing.status_code) == (400, 404)
    assert "That cannot be." in said.text
    assert "Do it differently." in said.text
    document = browser.get("/said", headers={"accept": "application/json"}).json()
    assert document["remedy"] == "Do it differently."


@pytest.mark.parametrize(
    "path",
    [
        "/console/accounts/99999999999999999999999999",
        "/console/accounts/list?q=%00",
        "/console/accounts/list?role=%00",
        "/console/accounts/list?page=99999999999999999999",
        "/console/accounts/list?page_size=7",
        "/console/accounts/list?sort=password_hash__asc",
        "/console/accounts/list?sort=__;drop",
        "/console/accounts/list?filter=%7B%22x",
        "/console/accounts/list?filter=" + "[" * 7_000,
        "/console/accounts/list?filter=" + '{"and":[' * 400,
        "/console/accounts/list?" + "role=x&" * 1_000,
        "/console/accounts/list?cols=password_hash",
        "/console/nothing/list",
        "/console/export/accounts/exe",
        "/console/export/nothing/csv",
        "/console/live?topics=" + "x" * 5000,
    ],
)
def test_what_cannot_be_asked_for_is_a_page_not_a_fault(browser: httpx.Client, path: str) -> None:
    if path.startswith("/console/live"):
        with browser.stream("GET", path) as answer:
            assert answer.status_code == 200
        return
    answer = browser.get(path)
    assert answer.status_code in {200, 400, 404}
    assert "$argon2" not in answer.text


def test_a_search_holds_marks_of_the_database_as_themselves(browser: httpx.Client) -> None:
    for search in ("%", "_", "'", '"', "\\", "--", "<script>alert(1)</script>", "{{7*7}}"):
        answer = browser.get("/console/accounts/list", params={"q": search})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "admin@staff.example" not in answer.text.partition("<tbody")[2]
    assert "admin@staff.example" in browser.get("/console/accounts/list", params={"q": "admin"}).text


def test_actions_of_lists_that_are_not_named_are_refused(browser: httpx.Client) -> None:
    token = token_of(browser.get("/password"))
    for path in (
        "/console/_api/accounts/action?name=delete&pks=1",
        "/console/_api/accounts/action?name=export&pks=1",
        "/console/_api/accounts/row-action?name=delete&pk=1",
        "/console/_api/accounts/row-action?name=edit&pk=1",
        "/console/_api/accounts/inline-edit?pk=1&field=role",
        "/console/_api/accounts/import",
        "/console/accounts/create",
        "/console/accounts/edit?pk=1",
    ):
        assert browser.post(path, headers={"x-csrftoken": token}).status_code in {400, 403, 404}, path
    assert "admin@staff.example" in browser.get("/console/accounts/list").text


def test_a_refused_role_is_told_who_may(site: str) -> None:
    with browsing(site) as ops:
        sign_in(ops, "ops@staff.example")
        refused = ops.get("/console/accounts/new")
        assert refused.status_code == 403
        assert "Your role, Ops, may not" in refused.text
        assert "Admin team" in refused.text
        assert ops.get("/").headers["location"] == "/console/"


def test_a_form_of_the_console_that_fails_is_a_message_on_its_page(browser: httpx.Client) -> None:
    form = browser.get("/console/accounts/new")
    fields = {"email": "no address", "name": "X", "role": "ops", "csrftoken": token_of(form)}
    answer = browser.post("/console/accounts/new", data=fields, headers={"referer": str(form.url)})
    if answer.status_code == 303:
        answer = browser.get(answer.headers["location"])
    assert "is not an e-mail address" in answer.text
    assert "is not an e-mail address" not in browser.get("/console/").text


def test_a_message_cannot_be_planted(browser: httpx.Client) -> None:
    browser.cookies.set("starlette_admin_flash", "WyJ4Il0.forged.signature")
    assert browser.get("/console/").status_code == 200


def test_a_form_is_never_answered_with_a_redirect_to_elsewhere(browser: httpx.Client) -> None:
    token = token_of(browser.get("/console/accounts/new"))
    fields = {"email": "no address", "name": "X", "role": "ops", "csrftoken": token}
    for referer in (
        "https://evil.example/",
        "//evil.example",
        f"{browser.base_url}@evil.example/".replace("/@", "@"),
    ):
        answer = browser.post("/console/accounts/new", data=fields, headers={"referer": referer})
        location = answer.headers.get("location", "/")
        assert re.match(r"/(?!/)", location) or location.startswith(f"{str(browser.base_url).rstrip('/')}/"), (
            location
        )


def test_the_right_of_a_route_is_found_wherever_it_is_mounted() -> None:
    inner = [page("/x/{number:int}", _unnamed, Right.OPERATE), Route("/y", _unnamed)]
    routes = [Mount("/a", routes=[Mount("/b", routes=inner)]), page("/a/b/y", _unnamed, Right.ANYBODY)]
    scope = {"type": "http", "method": "GET", "root_path": "", "path_params": {}}
    assert right_of(routes, {**scope, "path": "/a/b/x/7"}) is Right.OPERATE
    assert right_of(routes, {**scope, "path": "/a/b/x/seven"}) is None
    assert right_of(routes, {**scope, "path": "/a/b/y"}) is None
    assert [guarded.path for guarded in walk(routes)] == ["/a/b/x/{number:int}", "/a/b/y", "/a/b/y"]


def test_sending_a_form_twice_does_no_harm(browser: httpx.Client) -> None:
    assert send(browser, "/password", "/logout").status_code == 303
    assert browser.post("/logout", data={"csrftoken": "x"}).status_code == 403
