"""Single sign-on against a real OpenID Connect provider over HTTP."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from login_people import ANA, LEO, actions, add_user
from oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, provider, sign_in_there
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import browsing, serving

from worker.errors import SettingInvalid
from worker.login import oidc
from worker.settings import Settings, load

pytest_plugins = ("login_site",)


@pytest.fixture(scope="module")
def there() -> Iterator[Provider]:
    """One provider for all tests: Ana and Leo are known there, and Una, whose address is not verified."""
    with provider() as running:
        running.add("ana", ANA.title())
        running.add("leo", LEO)
        running.add("stranger", "stranger@elsewhere.example")
        running.add("una-unverified", "una@staff.example")
        yield running


@pytest.fixture
def settings(there: Provider) -> Settings:
    return load(oidc_issuer=there.issuer, oidc_client_id=CLIENT_ID, oidc_client_secret=CLIENT_SECRET)


@pytest.fixture
def here(site: str, database: Engine, settings: Settings, there: Provider) -> Iterator[httpx.Client]:
    """A browser at our application, which knows the provider."""
    with serving(database, settings) as url, browsing(url) as client:
        there.allow(f"{url}/login/oidc/callback")
        yield client


def begun(here: httpx.Client, onward: str = "/console/") -> str:
    """Where the browser is sent."""
    answer = here.get("/login/oidc", params={"next": onward})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def back(to: str, name: str) -> str:
    """The address the provider sends `name` back to."""
    with httpx.Client() as browser:
        return sign_in_there(browser, to, name)


def test_somebody_the_provider_knows_is_signed_in(here: httpx.Client, session: Session) -> None:
    assert "Sign in with your organisation" in here.get("/login").text
    done = here.get(back(begun(here), "ana"))
    assert (done.status_code, done.headers["location"]) == (303, "/console/")
    assert here.get("/console/").status_code == 200
    assert actions(session) == [("signed in", f"staff {ANA}")]


def test_the_request_has_pkce_state_and_nonce_that_are_never_the_same(here: httpx.Client) -> None:
    first, second = (parse_qs(urlsplit(begun(here)).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"]
    assert first["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 40
        assert first[name] != second[name]


def test_an_answer_is_taken_once_and_only_by_who_began(here: httpx.Client, site: str) -> None:
    to = back(begun(here), "ana")
    path = to.removeprefix(str(here.base_url).rstrip("/"))
    with browsing(str(here.base_url)) as victim:  # login CSRF: made to open the attacker's answer
        refused = victim.get(path)
        assert refused.status_code == 400
        assert "not begun here" in refused.text
        begun(victim)
        assert victim.get(path).status_code == 400  # began another one
    assert here.get(to).status_code == 303
    here.cookies.delete("termsync_session")
    assert here.get(to).status_code == 400


def test_a_forged_code_or_state_is_refused(here: httpx.Client) -> None:
    state = parse_qs(urlsplit(begun(here)).query)["state"][0]
    refused = here.get("/login/oidc/callback", params={"code": "forged", "state": state})
    assert refused.status_code == 400
    assert "did not work" in refused.text
    to = back(begun(here), "ana")
    assert here.get(to.replace("state=", "state=x")).status_code == 400
    to = back(begun(here), "ana")
    assert here.get(to.replace("state=", "state=%C3%A9%FF")).status_code == 400
    assert "termsync_session" not in here.cookies


def test_a_code_of_another_sign_in_is_refused(here: httpx.Client) -> None:
    """Code injection: the verifier and the nonce are those of the browser that began."""
    with browsing(str(here.base_url)) as attacker:
        stolen = parse_qs(urlsplit(back(begun(attacker), "ana")).query)["code"][0]
    state = parse_qs(urlsplit(begun(here)).query)["state"][0]
    assert here.get("/login/oidc/callback", params={"code": stolen, "state": state}).status_code == 400
    assert "termsync_session" not in here.cookies


def test_a_refusal_by_the_provider_is_said(here: httpx.Client) -> None:
    state = parse_qs(urlsplit(begun(here)).query)["state"][0]
    refused = here.get("/login/oidc/callback", params={"error": "access_denied", "state": state})
    assert refused.status_code == 400
    assert "did not sign you in" in refused.text


def test_nobody_is_made_by_signing_in(here: httpx.Client, session: Session) -> None:
    refused = here.get(back(begun(here), "stranger"))
    assert refused.status_code == 400
    assert "no active account for stranger@elsewhere.example" in refused.text
    assert session.execute(text("select count(*) from staff")).scalar_one() == 1


def test_an_inactive_account_stays_out(here: httpx.Client, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("update users set active = false"))
    assert "no active account" in here.get(back(begun(here), "leo")).text


def test_an_address_nobody_verified_opens_nothing(here: httpx.Client, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("update staff set email = 'una@staff.example'"))
    refused = here.get(back(begun(here), "una-unverified"))
    assert refused.status_code == 400
    assert "not verified" in refused.text


def test_unless_the_provider_is_trusted_with_addresses(
    site: str, database: Engine, settings: Settings, there: Provider, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.execute(text("update staff set email = 'una@staff.example'"))
    trusting = settings.model_copy(update={"oidc_trust_email": True})
    with serving(database, trusting) as url, browsing(url) as here:
        there.allow(f"{url}/login/oidc/callback")
        assert here.get(back(begun(here), "una-unverified")).status_code == 303


def test_one_address_in_two_organisations_is_asked_for(
    here: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        add_user(session, "beta", "leo", LEO)
    asked = here.get(back(begun(here, "/"), "leo"))
    assert asked.status_code == 200
    assert "Beta" in asked.text


def test_nobody_is_sent_away_from_here(here: httpx.Client) -> None:
    assert here.get(back(begun(here, "//evil.example/x"), "ana")).headers["location"] == "/"


def test_an_answer_for_another_client_is_refused(
    site: str, database: Engine, settings: Settings, there: Provider
) -> None:
    """The ID token's audience is who asked; one for somebody else opens nothing here."""
    with serving(database, settings) as url, browsing(url) as here:
        there.allow(f"{url}/login/oidc/callback", audience=False)
        refused = here.get(back(begun(here), "ana"))
    assert refused.status_code == 400
    assert "cannot be trusted" in refused.text


def test_a_provider_that_does_not_answer_is_said_and_passwords_still_work(site: str, database: Engine) -> None:
    dead = load(oidc_issuer="http://127.0.0.1:9", oidc_client_id="x", oidc_client_secret="y")
    with serving(database, dead) as url, browsing(url) as here:
        refused = here.get("/login/oidc")
        assert refused.status_code == 400
        assert "does not answer" in refused.text
        assert 'name="password"' in refused.text


def test_without_a_provider_there_is_no_such_way(site: str) -> None:
    with browsing(site) as here:
        assert here.get("/login/oidc").status_code == 404
        assert "Sign in with your organisation" not in here.get("/login").text


def test_half_a_configuration_does_not_start() -> None:
    with pytest.raises(SettingInvalid, match="without a client id"):
        oidc.check(load(oidc_issuer="http://127.0.0.1:9"))
