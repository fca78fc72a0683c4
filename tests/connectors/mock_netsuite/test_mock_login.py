"""Both logins, verified for real, through plain HTTP."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from oauthlib.oauth1 import Client as Signer
from plain_client import TIMEOUT, Client

from connectors.mock_netsuite.oauth1 import base_string, sign

pytest_plugins = ("mock_accounts",)

TIME = "/services/rest/system/v1/serverTime"
TOKEN = "/services/rest/auth/oauth2/v1/token"


def test_the_worked_example_of_the_documentation_signs_to_its_signature() -> None:
    """Oracle, section_1534941088: GET …/record/v1/employee/40."""
    parameters = {
        "oauth_consumer_key": "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
        "oauth_nonce": "fjaLirsIcCGVZWzBX0pg",
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": "1508242306",
        "oauth_token": "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
        "oauth_version": "1.0",
    }
    url = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"
    signature = sign(
        base_string("GET", url, parameters.items()),
        "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    )
    assert signature == "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY="


def audit(client: Client) -> list[str]:
    return [entry["detail"] for entry in client.control("GET", "login-audit")["entries"]]


def assert_refused(response: requests.Response, account: str = "TSTDRV1234567") -> None:
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == (
        f'OAuth realm="{account}", error="token_rejected", error_description="Invalid login attempt."'
    )
    [error] = response.json()["o:errorDetails"]
    assert error["o:errorCode"] == "INVALID_LOGIN"
    assert error["detail"].startswith("Invalid login attempt. For more details, see the Login Audit Trail")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"client_secret": "wrong"}, "InvalidSignature"),
        ({"resource_owner_secret": "wrong"}, "InvalidSignature"),
        ({"client_key": "unknown"}, "consumer_key_unknown"),
        ({"resource_owner_key": "unknown"}, "token_rejected"),
        ({"realm": "9999999"}, "permission_denied"),
        ({"signature_method": "HMAC-SHA1"}, "UnknownAlgorithm"),
        ({"timestamp": "1508242306"}, "InvalidTimestamp"),
        ({"nonce": "short"}, "InvalidNonce"),
    ],
)
def test_a_wrong_token_login_is_refused_and_the_reason_is_in_the_audit_trail(
    own_mock: Client, change: dict[str, str], reason: str
) -> None:
    own_mock.session.auth = own_mock.signer(**change)
    assert_refused(own_mock.call("GET", TIME))
    assert audit(own_mock) == [reason]


def test_no_login_at_all_is_refused(own_mock: Client) -> None:
    own_mock.session.auth = None
    assert_refused(own_mock.call("GET", TIME))


@pytest.mark.parametrize("realm", ["1234567_SB1", "1234567-sb1", "1234567_sb1"])
def test_both_forms_of_the_account_are_accepted(start_mock: Callable[..., Client], realm: str) -> None:
    client = start_mock(account="1234567_SB1")
    client.session.auth = client.signer(realm=realm)
    assert client.call("GET", TIME).status_code == 200


def signed_headers(client: Client, url: str, **extra: str) -> dict[str, str]:
    config = client.mock.config
    signer = Signer(
        config.consumer_key,
        config.consumer_secret.get_secret_value(),
        config.token_id,
        config.token_secret.get_secret_value(),
        realm=config.account,
        signature_method="HMAC-SHA256",
    )
    if extra:
        plain: Callable[[object], list[tuple[str, str]]] = signer.get_oauth_params
        vars(signer)["get_oauth_params"] = lambda request: [*plain(request), *extra.items()]
    _, headers, _ = signer.sign(url)
    return dict(headers)


def test_a_request_sent_twice_is_refused_for_its_nonce(own_mock: Client) -> None:
    url = own_mock.url(TIME)
    headers = signed_headers(own_mock, url)
    assert requests.get(url, headers=headers, timeout=TIMEOUT).status_code == 200
    assert_refused(requests.get(url, headers=headers, timeout=TIMEOUT))
    assert audit(own_mock) == ["NonceUsed"]


def test_any_further_oauth_parameter_is_part_of_the_signature(own_mock: Client) -> None:
    url = own_mock.url(TIME)
    headers = signed_headers(own_mock, url, oauth_body_hash="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    assert "oauth_body_hash" in headers["Authorization"]
    assert requests.get(url, headers=headers, timeout=TIMEOUT).status_code == 200


def test_query_and_odd_characters_are_signed(own_mock: Client) -> None:
    query = {"q": 'tranId IS "a b+c&d=é"', "limit": "5"}
    assert own_mock.record("GET", "salesOrder", params=query).status_code == 200
    assert own_mock.record("GET", "customer/eid:A%20B%2FC").status_code == 404


def test_the_time_window_is_by_the_clock_of_the_account(own_mock: Client) -> None:
    for offset, status in ((0, 200), (280, 200), (-280, 200), (320, 401), (-320, 401)):
        own_mock.control("PATCH", "settings", {"clock_offset": offset})
        assert own_mock.call("GET", TIME).status_code == status


def test_five_refusals_lock_the_login_for_half_an_hour_where_switched_on(
    start_mock: Callable[..., Client],
) -> None:
    client = start_mock(lock_out=True)
    client.session.auth = client.signer(client_secret="wrong")
    for _ in range(5):
        client.call("GET", TIME)
    client.session.auth = client.signer()
    assert_refused(client.call("GET", TIME))
    assert audit(client)[-1] == "temporary_locked"
    now = int(time.time())
    client.control("PATCH", "settings", {"clock_offset": 1900})
    client.session.auth = client.signer(timestamp=str(now + 1900))
    assert client.call("GET", TIME).status_code == 200


# OAuth 2.0 client credentials

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.fixture
def machine(start_mock: Callable[..., Client], rsa_key: rsa.RSAPrivateKey, tmp_path: Path) -> Client:
    """An account that knows the public part of `rsa_key`."""
    return machine_with(start_mock, rsa_key, tmp_path)


def machine_with(start_mock: Callable[..., Client], key: Key, folder: Path, **settings: Any) -> Client:
    path = folder / "key.pem"
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    client = start_mock(client_id="client-1", certificate_id="cert-1", key_file=path, **settings)
    client.session.auth = None
    return client


def ask(
    client: Client, key: Key, algorithm: str = "PS256", kid: str = "cert-1", **claims: Any
) -> requests.Response:
    now = int(time.time())
    url = client.url(TOKEN)
    content = {"iss": "client-1", "scope": "rest_webservices", "aud": url, "iat": now, "exp": now + 3600, **claims}
    assertion = jwt.encode(content, key, algorithm=algorithm, headers={"kid": kid})
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    return requests.post(url, data=form, timeout=TIMEOUT)


def with_token(client: Client, token: str) -> requests.Response:
    return client.call("GET", TIME, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    "scope",
    [
        ["restlets", "rest_webservices"],
        "restlets rest_webservices",
        "rest_webservices",
    ],
)
def test_a_good_assertion_gets_a_token_that_works(machine: Client, rsa_key: Key, scope: object) -> None:
    answer = ask(machine, rsa_key, scope=scope).json()
    assert (answer["expires_in"], answer["token_type"]) == (3600, "Bearer")
    assert with_token(machine, answer["access_token"]).status_code == 200


def test_elliptic_keys_work_too(start_mock: Callable[..., Client], tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP521R1())
    client = machine_with(start_mock, key, tmp_path)
    assert ask(client, key, "ES512").status_code == 200


def test_the_registered_file_may_hold_the_private_key(
    start_mock: Callable[..., Client], rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "private.pem"
    path.write_bytes(rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    client = start_mock(client_id="client-1", certificate_id="cert-1", key_file=path)
    assert ask(client, rsa_key).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"algorithm": "RS256"}, 401, "invalid_client"),
        ({"kid": "other"}, 401, "invalid_client"),
        ({"iss": "other"}, 401, "invalid_client"),
        ({"aud": "https://elsewhere.example/oauth"}, 400, "invalid_grant"),
        ({"exp": int(time.time()) + 7300}, 400, "invalid_grant"),
        ({"iat": int(time.time()) - 4000, "exp": int(time.time()) - 400}, 400, "invalid_grant"),
        ({"scope": ["everything"]}, 400, "invalid_scope"),
        ({"scope": []}, 400, "invalid_scope"),
        ({"scope": "restlets"}, 400, "unauthorized_client"),
    ],
)
def test_a_wrong_assertion_is_refused(
    machine: Client, rsa_key: Key, changes: dict[str, Any], status: int, error: str
) -> None:
    response = ask(machine, rsa_key, **changes)
    assert (response.status_code, response.json()) == (status, {"error": error})
    if error == "invalid_client":
        assert response.headers["WWW-Authenticate"] == 'Basic realm="TSTDRV1234567"'


def test_another_key_is_refused(machine: Client) -> None:
    assert ask(machine, rsa.generate_private_key(65537, 2048)).json() == {"error": "invalid_client"}


def test_the_form_of_the_token_request_is_checked(machine: Client) -> None:
    url = machine.url(TOKEN)
    for form, error in (
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
    ):
        response = requests.post(url, data=form, timeout=TIMEOUT)
        assert (response.status_code, response.json()) == (400, {"error": error})


def test_an_account_without_a_key_knows_no_client(start_mock: Callable[..., Client], rsa_key: Key) -> None:
    assert ask(start_mock(), rsa_key).json() == {"error": "invalid_client"}


def test_a_token_ends_by_the_clock_of_the_account(machine: Client, rsa_key: Key) -> None:
    token = ask(machine, rsa_key).json()["access_token"]
    machine.control("PATCH", "settings", {"clock_offset": 3590})
    assert with_token(machine, token).status_code == 200
    machine.control("PATCH", "settings", {"clock_offset": 3610})
    response = with_token(machine, token)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="TSTDRV1234567", error="invalid_token", error_description="Invalid login attempt."'
    )


def test_tokens_can_be_revoked_and_made_up_ones_do_not_work(machine: Client, rsa_key: Key) -> None:
    token = ask(machine, rsa_key).json()["access_token"]
    made_up = base64.urlsafe_b64encode(b"x" * 40).decode()
    assert with_token(machine, made_up).status_code == 401
    machine.control("POST", "revoke-tokens")
    assert with_token(machine, token).status_code == 401


def test_secrets_are_in_no_log_and_no_repr(own_mock: Client) -> None:
    own_mock.page("SELECT id FROM transaction")
    config = own_mock.mock.config
    shown = f"{config!r}{own_mock.control('GET', 'log')}{own_mock.control('GET', 'login-audit')}"
    assert "demo-consumer-secret" not in shown
    assert "demo-token-secret" not in shown
    assert "oauth_signature" not in shown
