"""Signing in and out, and changing one's password."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from models import signing_in
from models.signing_in import Account
from worker import clock
from worker.errors import TermsyncError
from worker.login import audit, cookies, devices, local, passwords, sessions, steps
from worker.login.addresses import HOME, came_from, safe_next
from worker.login.guard import PASSWORD_PAGE, page
from worker.login.person import Person, person_of
from worker.login.rights import Right
from worker.pages.context import in_session, web_of
from worker.pages.templates import Templates
from worker.status import in_words

Result = TypeVar("Result")

templates = Templates("worker.login")
HASHING = CapacityLimiter(passwords.AT_ONCE)
PASSWORD, SINGLE_SIGN_ON = "password", "single sign-on"


async def hashing(work: Callable[[], Result]) -> Result:
    """Does `work` that hashes passwords in one of a few threads: however many sign in, the pages have theirs."""
    return await to_thread.run_sync(work, limiter=HASHING)


async def login_page(request: Request) -> Response:
    """The form; who is signed in already goes on."""
    if request.state.person is not None:
        return RedirectResponse(safe_next(request.query_params.get("next")), 303)
    return sign_in_form(request, next=safe_next(request.query_params.get("next")))


async def login(request: Request) -> Response:
    """Takes an address and a password."""
    form = await request.form()
    address, password = str(form.get("email") or ""), str(form.get("password") or "")
    onward = safe_next(str(form.get("next") or ""))
    web = web_of(request)
    whence = came_from(request), devices.token_of(request)
    found = await hashing(partial(local.check, web.sessions, address, password, *whence))
    if isinstance(found, local.Refused):
        error = " ".join(_refused_words(found))
        return sign_in_form(request, status_code=400, email=address, next=onward, error=error)
    return await admit(request, found, onward, PASSWORD)


async def admit(request: Request, accounts: list[Account], onward: str, way: str) -> Response:
    """Signs in whoever was shown to be `accounts`; asks for the organisation where these are several."""
    if len(accounts) == 1:
        return await _enter(request, accounts[0], onward, way)
    choices = [{"kind": account.kind, "id": account.id} for account in accounts]
    token = await in_session(
        request,
        lambda session: steps.begin(session, "organisation", {"choices": choices, "next": onward, "way": way}),
    )
    response = templates.page(request, "organisation.html", accounts=accounts)
    cookies.write(request, response, cookies.STEP, token)
    return response


async def choose(request: Request) -> Response:
    """Takes which of their organisations somebody means; the password was right a moment ago."""
    token = cookies.read(request, cookies.STEP)
    chosen = str((await request.form()).get("account") or "")

    def work(session: Session) -> tuple[Account | None, dict[str, Any]]:
        step = steps.take(session, "organisation", token) or {}
        for choice in step.get("choices", ()):
            if chosen == f"{choice['kind']}-{choice['id']}":
                return signing_in.account(session, choice["kind"], choice["id"]), step
        return None, step

    account, step = await in_session(request, work)
    if account is None:
        return sign_in_form(request, status_code=400, error="That took too long. Sign in again.")
    return await _enter(request, account, step["next"], step["way"])


async def _enter(request: Request, account: Account, onward: str, way: str) -> Response:
    def work(session: Session) -> tuple[str, str]:
        now = clock.now(session)
        audit.signed_in(session, account, now, came_from(request), way)
        if request.state.person is not None:
            signing_in.end_session(session, request.state.person.token_hash)
        device = devices.know(session, devices.token_of(request), account, now)
        return sessions.start(session, account.kind, account.id, single_sign_on=way == SINGLE_SIGN_ON), device

    token, device = await in_session(request, work)
    response = sessions.give(request, RedirectResponse(onward, 303), token)
    return devices.give(request, response, device)


async def logout(request: Request) -> Response:
    """Ends the session here and in the database."""
    person = person_of(request)

    def work(session: Session) -> None:
        signing_in.end_session(session, person.token_hash)
        audit.did(session, clock.now(session), person.actor, "signed out", person.subject)

    await in_session(request, work)
    response = RedirectResponse("/login?signed-out=1", 303)
    cookies.write(request, response, cookies.SESSION, None)
    return response


async def password_page(request: Request) -> Response:
    return templates.page(request, "password.html", must_change=person_of(request).row.password_must_change)


async def change_password(request: Request) -> Response:
    """Takes a new password; the person is signed out everywhere else."""
    person, form = person_of(request), await request.form()
    now_is, new, again = (str(form.get(name) or "") for name in ("password", "new", "again"))
    try:
        if new != again:
            raise TermsyncError(
                "password-not-repeated", "The two new passwords differ.", "Type the same one twice."
            )
        passwords.check_new(new, person.row.email)
        token = await hashing(partial(_change, request, person, now_is, new))
    except TermsyncError as error:
        must = person.row.password_must_change
        values = {"must_change": must, "error": f"{error.message} {error.remedy}"}
        return templates.page(request, "password.html", status_code=400, **values)
    return sessions.give(request, RedirectResponse(HOME, 303), token)


def _change(request: Request, person: Person, now_is: str, new: str) -> str:
    web, device = web_of(request), devices.token_of(request)
    found = local.check(web.sessions, person.row.email, now_is, came_from(request), device)
    if isinstance(found, local.Refused) and found.locked_until is not None:
        raise TermsyncError("password-locked", *_refused_words(found))
    if isinstance(found, local.Refused) or (person.row.kind, person.id) not in {(a.kind, a.id) for a in found}:
        raise TermsyncError("password-wrong", "That is not your present password.", "Type it again.")
    if new == now_is:
        raise TermsyncError("password-not-new", "That is the password you have.", "Take another one.")
    new_hash = passwords.hashed(new)
    with web.sessions.begin() as session:
        signing_in.set_password(session, person.row.kind, person.id, new_hash, must_change=False)
        signing_in.end_sessions(session, person.row.kind, person.id)
        devices.forget_others(session, device, person.row)
        audit.did(session, clock.now(session), person.actor, "password changed", person.subject)
        return sessions.start(session, person.row.kind, person.id, single_sign_on=False)


def sign_in_form(request: Request, *, status_code: int = 200, **values: object) -> Response:
    """The sign-in page; `values` may hold `error`, `email` and `next`."""
    settings = web_of(request).settings
    values.setdefault("signed_out", "signed-out" in request.query_params)
    return templates.page(
        request, "login.html", status_code=status_code, single_sign_on=bool(settings.oidc_issuer), **values
    )


def _refused_words(refused: local.Refused) -> tuple[str, str]:
    """What is wrong, and what to do: the same for every address."""
    if refused.locked_until is None:
        return "This address and password do not go together.", "Check both and try again."
    wait = in_words((refused.locked_until - refused.now).total_seconds())
    return "Too many attempts with this address.", f"Try again in {wait}."


ROUTES: list[Route] = [
    page("/login", login_page, Right.ANYBODY, name="login"),
    page("/login", login, Right.ANYBODY, ["POST"], name="sign-in"),
    page("/login/organisation", choose, Right.ANYBODY, ["POST"], name="choose-organisation"),
    page("/logout", logout, Right.SIGNED_IN, ["POST"], name="logout"),
    page(PASSWORD_PAGE, password_page, Right.SIGNED_IN, name="password"),
    page(PASSWORD_PAGE, change_password, Right.SIGNED_IN, ["POST"], name="change-password"),
]
