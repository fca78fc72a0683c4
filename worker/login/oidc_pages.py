"""The way to the provider of single sign-on, and back."""

import hmac

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from models import signing_in
from worker.errors import NotFound, TermsyncError
from worker.login import cookies, oidc, pages, steps
from worker.login.addresses import safe_next
from worker.login.guard import page
from worker.login.rights import Right
from worker.logs import get_logger
from worker.pages.context import in_session, web_of

log = get_logger(__name__)

CALLBACK = "/login/oidc/callback"
AGAIN = TermsyncError("oidc-refused", "That sign-in was not begun here, or took too long.", "Begin again.")


async def begin(request: Request) -> Response:
    """Sends the browser to the provider."""
    settings = web_of(request).settings
    if not settings.oidc_issuer:
        raise NotFound("oidc-not-configured", "Single sign-on is not set up here.", "Sign in with a password.")
    onward = safe_next(request.query_params.get("next"))
    try:
        asked = await run_in_threadpool(oidc.ask, settings, _redirect_uri(request))
    except TermsyncError as error:
        return _not_signed_in(request, error, onward)
    data = {"state": asked.state, "nonce": asked.nonce, "verifier": asked.verifier, "next": onward}
    token = await in_session(request, lambda session: steps.begin(session, "oidc", data))
    response = RedirectResponse(asked.url, 303)
    cookies.write(request, response, cookies.STEP, token)
    return response


async def callback(request: Request) -> Response:
    """Takes the browser back, with a code that says who it is."""
    settings, query = web_of(request).settings, request.query_params
    token = cookies.read(request, cookies.STEP)
    step = await in_session(request, lambda session: steps.take(session, "oidc", token))
    onward = safe_next(step["next"] if step else None)
    try:
        if step is None or not hmac.compare_digest(step["state"].encode(), query.get("state", "").encode()):
            raise AGAIN
        if "code" not in query:
            raise TermsyncError("oidc-refused", "Your organisation did not sign you in.", "Try again.")
        address = await run_in_threadpool(
            oidc.address_of,
            settings,
            _redirect_uri(request),
            query["code"],
            nonce=step["nonce"],
            verifier=step["verifier"],
        )
        accounts = await in_session(request, lambda session: _accounts(session, address))
    except TermsyncError as error:
        return _not_signed_in(request, error, onward)
    return await pages.admit(request, accounts, onward, pages.SINGLE_SIGN_ON)


def _accounts(session: Session, address: str) -> list[signing_in.Account]:
    found = signing_in.accounts(session, address)
    if not found:
        raise TermsyncError(
            "oidc-nobody",
            f"There is no active account for {address}.",
            "Ask your administrator for one; signing in does not make it.",
        )
    return found


def _redirect_uri(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{CALLBACK}"


def _not_signed_in(request: Request, error: TermsyncError, onward: str) -> Response:
    log.info("single-sign-on-refused", code=error.code, reason=error.message)
    return pages.sign_in_form(request, status_code=400, next=onward, error=f"{error.message} {error.remedy}")


ROUTES: list[Route] = [
    page("/login/oidc", begin, Right.ANYBODY, name="oidc"),
    page(CALLBACK, callback, Right.ANYBODY, name="oidc-callback"),
]
