"""Single sign-on with OpenID Connect: authorization code with PKCE, state and nonce.

The provider says whose address it is; who that is here, and whether they are active, our own rows say. Nobody is
made by signing in.
"""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from worker.errors import DependencyUnreachable, SettingInvalid, TermsyncError
from worker.settings import Settings

Answer = dict[str, Any]

SCOPE = "openid email profile"
TIMEOUT = 10.0  # seconds
KEEP_METADATA_SECONDS = 3600.0
LEEWAY_SECONDS = 60
# Signed with the provider's private key only: never "none", never with the secret that we know too.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


@dataclass(frozen=True)
class Asked:
    """Where to send the browser, and what to remember until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


def check(settings: Settings) -> None:
    """Raises SettingInvalid when single sign-on is configured by halves."""
    if settings.oidc_issuer and not (settings.oidc_client_id and settings.oidc_client_secret):
        raise SettingInvalid(
            "setting-invalid",
            "TERMSYNC_OIDC_ISSUER is set without a client id and secret.",
            "Set TERMSYNC_OIDC_CLIENT_ID and TERMSYNC_OIDC_CLIENT_SECRET, or unset TERMSYNC_OIDC_ISSUER.",
        )


def ask(settings: Settings, redirect_uri: str) -> Asked:
    """Begins a sign-in. Raises DependencyUnreachable when the provider does not answer."""
    state, nonce, verifier = (generate_token(48) for _ in range(3))
    url = prepare_grant_uri(
        _metadata(settings)["authorization_endpoint"],
        settings.oidc_client_id,
        "code",
        redirect_uri=redirect_uri,
        scope=SCOPE,
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return Asked(url, state, nonce, verifier)


def address_of(settings: Settings, redirect_uri: str, code: str, *, nonce: str, verifier: str) -> str:
    """The e-mail address, in lower case, of who came back with this code.

    Raises `oidc-refused` when the provider's answer does not prove one, DependencyUnreachable when it gives none.
    """
    metadata = _metadata(settings)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    try:
        with httpx.Client(timeout=TIMEOUT) as client:
            token = _token(client, settings, metadata, form)
            claims = _claims(client, settings, metadata, token, nonce)
            if "email" not in claims and "userinfo_endpoint" in metadata:
                claims = {**claims, **_userinfo(client, metadata, token, claims["sub"])}
    except httpx.HTTPStatusError as error:
        raise _refused(f"it answered {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise _unreachable(error) from None
    except (JoseError, LookupError, TypeError, ValueError) as error:
        raise _refused(f"its answer cannot be trusted ({type(error).__name__})") from None
    return _verified(settings, claims)


_found: dict[str, tuple[float, Answer]] = {}


def _metadata(settings: Settings) -> Answer:
    """What the provider says of itself, asked once an hour."""
    issuer = settings.oidc_issuer or ""
    asked_at, metadata = _found.get(issuer, (0.0, None))
    if metadata is None or time.monotonic() - asked_at > KEEP_METADATA_SECONDS:
        metadata = _discovered(issuer)
        _found[issuer] = time.monotonic(), metadata
    return metadata


def _discovered(issuer: str) -> Answer:
    try:
        found = httpx.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=TIMEOUT)
        metadata: Answer = found.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise _unreachable(error) from None
    if metadata.get("issuer", "").rstrip("/") != issuer.rstrip("/"):
        raise _refused("it calls itself by another name than TERMSYNC_OIDC_ISSUER")
    return metadata


def _token(client: httpx.Client, settings: Settings, metadata: Answer, form: dict[str, str]) -> Answer:
    """The tokens for a code."""
    assert settings.oidc_client_id is not None, "checked when the process starts"
    assert settings.oidc_client_secret is not None, "checked when the process starts"
    name, secret = settings.oidc_client_id, settings.oidc_client_secret.get_secret_value()
    if "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
        answer = client.post(metadata["token_endpoint"], data=form, auth=(quote(name, ""), quote(secret, "")))
    else:
        answer = client.post(metadata["token_endpoint"], data={**form, "client_id": name, "client_secret": secret})
    found: Answer = answer.raise_for_status().json()
    return found


def _claims(client: httpx.Client, settings: Settings, metadata: Answer, token: Answer, nonce: str) -> Answer:
    """What the ID token says, once signature, issuer, audience, time and nonce are right."""
    keys = client.get(metadata["jwks_uri"]).raise_for_status().json()
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    decoded = jwt.decode(token["id_token"], KeySet.import_key_set(keys), registry=registry)
    options = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": settings.oidc_client_id},
    }
    parameters = {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": token.get("access_token")}
    claims = CodeIDToken(decoded.claims, decoded.header, options, parameters)
    claims.validate(leeway=LEEWAY_SECONDS)
    return dict(claims)


def _userinfo(client: httpx.Client, metadata: Answer, token: Answer, subject: str) -> Answer:
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    found: Answer = client.get(metadata["userinfo_endpoint"], headers=bearer).raise_for_status().json()
    if found.get("sub") != subject:
        raise ValueError("the answer is about somebody else")
    return found


def _verified(settings: Settings, claims: Answer) -> str:
    address = claims.get("email")
    if not isinstance(address, str) or "@" not in address:
        raise _refused("it names no e-mail address")
    # Some providers say it as text.
    if claims.get("email_verified") not in (True, "true") and not settings.oidc_trust_email:
        raise _refused("it has not verified your e-mail address")
    return address.strip().lower()


def _refused(reason: str) -> TermsyncError:
    return TermsyncError(
        "oidc-refused",
        f"Your organisation's sign-in did not work: {reason}.",
        "Try again, or tell your administrator what it says here.",
    )


def _unreachable(error: Exception) -> DependencyUnreachable:
    return DependencyUnreachable(
        "oidc-unreachable",
        f"Your organisation's sign-in does not answer ({type(error).__name__}).",
        "Try again in a minute, or sign in with a password.",
    )
