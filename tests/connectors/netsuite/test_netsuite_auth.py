"""Both logins: what is sent, when a token is asked for, and what is said about wrong settings."""

import logging
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import oauthlib.oauth1.rfc5849
import pytest
import requests
import responses
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from pydantic import SecretStr

from connectors.errors import OperatorMustAct, TryAgain
from connectors.netsuite import Backoff, Governor, NetSuiteClient, connect
from connectors.netsuite.auth import CertificateCredentials, ClientCredentialsAuth, TokenAuth, TokenCredentials

HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"
TOKEN_URL = f"{HOST}/services/rest/auth/oauth2/v1/token"
TIME_URL = f"{HOST}/services/rest/system/v1/serverTime"
TOKEN = TokenCredentials(*(SecretStr(f"canary-{n}") for n in range(4)))


@dataclass
class Settings:
    """Account and login settings; a token login unless others are given."""

    netsuite_account: str | None = "1234567_sb1"
    netsuite_base_url: str | None = None
    netsuite_consumer_key: SecretStr | None = TOKEN.consumer_key
    netsuite_consumer_secret: SecretStr | None = TOKEN.consumer_secret
    netsuite_token_id: SecretStr | None = TOKEN.token_id
    netsuite_token_secret: SecretStr | None = TOKEN.token_secret
    netsuite_client_id: str | None = None
    netsuite_certificate_id: str | None = None
    netsuite_private_key_file: Path | None = None


NO_LOGIN = Settings(
    netsuite_consumer_key=None, netsuite_consumer_secret=None, netsuite_token_id=None, netsuite_token_secret=None
)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def write_key(
    path: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    encryption: KeySerializationEncryption | None = None,
) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))
    path.chmod(0o600)
    return path


def certificate_client(key_file: Path, clock: float | None = None) -> NetSuiteClient:
    credentials = CertificateCredentials("client", "cert-1", key_file)
    login = ClientCredentialsAuth(credentials, HOST, lambda: clock or time.time())
    return NetSuiteClient("1234567_SB1", login, governor=Governor(4), backoff=Backoff(0, 0))


def authorization(request: requests.PreparedRequest) -> str:
    header: str | bytes = request.headers["Authorization"]
    return header.decode() if isinstance(header, bytes) else header


def time_answer() -> responses.Response:
    return responses.Response("GET", TIME_URL, json={"serverTime": "2026-03-26T16:21:00.000Z"})


def test_the_signature_is_the_one_of_oracles_worked_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1534941088.html"""
    monkeypatch.setattr(oauthlib.oauth1.rfc5849, "generate_nonce", lambda: "fjaLirsIcCGVZWzBX0pg")
    monkeypatch.setattr(oauthlib.oauth1.rfc5849, "generate_timestamp", lambda: "1508242306")
    credentials = TokenCredentials(
        SecretStr("ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4"),
        SecretStr("d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5"),
        SecretStr("2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc"),
        SecretStr("c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295"),
    )
    url = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"
    signer = TokenAuth(credentials, realm="123456").signer(lambda form: pytest.fail("asked for a token"))

    prepared = requests.Request("GET", url, auth=signer).prepare()

    header = authorization(prepared)
    assert header.startswith('OAuth realm="123456", ')
    assert 'oauth_signature="B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D"' in header
    assert 'oauth_signature_method="HMAC-SHA256"' in header


@responses.activate
def test_a_retried_request_is_signed_anew() -> None:
    responses.add("GET", TIME_URL, status=503)
    responses.add(time_answer())
    client = NetSuiteClient("1234567_sb1", TokenAuth(TOKEN, realm="1234567_SB1"), backoff=Backoff(0, 0))

    client.server_time()

    first, second = (authorization(call.request) for call in responses.calls)
    assert first != second
    assert 'realm="1234567_SB1"' in first


@pytest.mark.parametrize(
    ("curve", "algorithm"),
    [(None, "PS256"), (ec.SECP256R1(), "ES256"), (ec.SECP384R1(), "ES384"), (ec.SECP521R1(), "ES512")],
)
@responses.activate
def test_the_assertion_is_signed_as_the_key_wants(
    tmp_path: Path, rsa_key: rsa.RSAPrivateKey, curve: ec.EllipticCurve | None, algorithm: str
) -> None:
    key = ec.generate_private_key(curve) if curve else rsa_key
    responses.add("POST", TOKEN_URL, json={"access_token": "at", "expires_in": "3600", "token_type": "Bearer"})
    responses.add(time_answer())

    certificate_client(write_key(tmp_path / "key.pem", key)).server_time()

    form = parse_qs(str(responses.calls[0].request.body))
    assert form["grant_type"] == ["client_credentials"]
    assertion = form["client_assertion"][0]
    claims = jwt.decode(assertion, key.public_key(), algorithms=[algorithm], audience=TOKEN_URL)
    assert jwt.get_unverified_header(assertion)["kid"] == "cert-1"
    assert claims["iss"] == "client"
    assert claims["scope"] == ["rest_webservices"]
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    assert responses.calls[1].request.headers["Authorization"] == "Bearer at"


@responses.activate
def test_threads_share_one_token_call(tmp_path: Path, rsa_key: rsa.RSAPrivateKey) -> None:
    responses.add("POST", TOKEN_URL, json={"access_token": "at", "expires_in": 3600})
    responses.add(time_answer())
    client = certificate_client(write_key(tmp_path / "key.pem", rsa_key))

    threads = [threading.Thread(target=client.server_time) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert responses.assert_call_count(TOKEN_URL, 1)
    assert responses.assert_call_count(TIME_URL, 6)


@responses.activate
def test_a_token_is_renewed_before_its_end(tmp_path: Path, rsa_key: rsa.RSAPrivateKey) -> None:
    responses.add("POST", TOKEN_URL, json={"access_token": "at", "expires_in": 3600})
    responses.add(time_answer())
    now = [time.time()]
    credentials = CertificateCredentials("c", "k", write_key(tmp_path / "key.pem", rsa_key))
    login = ClientCredentialsAuth(credentials, HOST, lambda: now[0])
    client = NetSuiteClient("1234567_SB1", login)

    client.server_time()
    now[0] += 3200
    client.server_time()
    assert responses.assert_call_count(TOKEN_URL, 1)
    now[0] += 200
    client.server_time()
    assert responses.assert_call_count(TOKEN_URL, 2)


@responses.activate
def test_a_refused_token_is_renewed_within_the_call(tmp_path: Path, rsa_key: rsa.RSAPrivateKey) -> None:
    responses.add("POST", TOKEN_URL, json={"access_token": "old"})
    responses.add("POST", TOKEN_URL, json={"access_token": "new"})
    responses.add("GET", TIME_URL, status=401)
    responses.add(time_answer())
    client = certificate_client(write_key(tmp_path / "key.pem", rsa_key))

    assert client.server_time().year == 2026
    assert client.calls == 4
    assert responses.calls[3].request.headers["Authorization"] == "Bearer new"


@responses.activate
def test_a_refused_assertion_is_the_operators_and_is_not_sent_again(
    tmp_path: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    responses.add("POST", TOKEN_URL, status=401, json={"error": "invalid_client"})
    client = certificate_client(write_key(tmp_path / "key.pem", rsa_key))

    for _ in range(2):
        with pytest.raises(OperatorMustAct, match="invalid_client") as caught:
            client.server_time()
        assert caught.value.code == "netsuite-login-refused"
    assert client.calls == 1


@responses.activate
def test_a_passing_failure_of_the_token_address_is_retried_a_bounded_number_of_times(
    tmp_path: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    responses.add("POST", TOKEN_URL, status=500, json={"error": "server_error"})
    client = certificate_client(write_key(tmp_path / "key.pem", rsa_key))

    with pytest.raises(TryAgain) as caught:
        client.server_time()
    assert caught.value.code == "netsuite-unavailable"
    assert client.calls == 6


@responses.activate
def test_the_login_is_chosen_by_the_settings_that_are_present(tmp_path: Path, rsa_key: rsa.RSAPrivateKey) -> None:
    responses.add("POST", TOKEN_URL, json={"access_token": "at"})
    responses.add(time_answer())
    key_file = write_key(tmp_path / "key.pem", rsa_key)
    by_certificate = replace(
        NO_LOGIN, netsuite_client_id="c", netsuite_certificate_id="k", netsuite_private_key_file=key_file
    )

    for settings in (Settings(), by_certificate):
        connect(settings).server_time()

    kinds = [authorization(call.request).split()[0] for call in responses.calls if call.request.url == TIME_URL]
    assert kinds == ["OAuth", "Bearer"]


@pytest.mark.parametrize(
    ("settings", "code", "named"),
    [
        (NO_LOGIN, "netsuite-login-missing", "NETSUITE_"),
        (Settings(netsuite_token_id=None), "netsuite-login-incomplete", "needs NETSUITE_TOKEN_ID too"),
        (Settings(netsuite_token_secret=SecretStr("")), "netsuite-login-incomplete", "NETSUITE_TOKEN_SECRET"),
        (Settings(netsuite_client_id="a"), "netsuite-login-ambiguous", "NETSUITE_CLIENT_ID"),
        (replace(NO_LOGIN, netsuite_client_id="a"), "netsuite-login-incomplete", "NETSUITE_PRIVATE_KEY_FILE"),
    ],
)
def test_a_login_that_is_not_whole_names_the_settings(settings: Settings, code: str, named: str) -> None:
    with pytest.raises(OperatorMustAct, match=named) as caught:
        connect(settings)
    assert caught.value.code == code
    assert "canary" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("account", ["", "1234567-sb1", "evil.example/", "1234567_SB1\n", "１２３"])
def test_only_an_account_id_makes_a_host(account: str) -> None:
    with pytest.raises(OperatorMustAct) as caught:
        connect(Settings(netsuite_account=account))
    assert caught.value.code == "netsuite-account-invalid"


@pytest.mark.parametrize(
    "address",
    [
        *("ftp://x", "http://", "https://u:p@host", "https://host/path", "host:80", "https://[::1", "http://."),
        *("https://host:port", "https://host:99999", "https://a host", "https://host\r\nX: y", "https://h\\@evil"),
    ],
)
def test_only_a_plain_address_replaces_the_host(address: str) -> None:
    with pytest.raises(OperatorMustAct) as caught:
        connect(Settings(netsuite_base_url=address))
    assert caught.value.code == "netsuite-base-url-invalid"
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(("mode", "refused"), [(0o604, True), (0o620, True), (0o600, False), (0o440, False)])
def test_a_key_others_can_read_is_refused(
    tmp_path: Path, rsa_key: rsa.RSAPrivateKey, mode: int, refused: bool
) -> None:
    path = write_key(tmp_path / "key.pem", rsa_key)
    path.chmod(mode)
    if not refused:
        assert certificate_client(path)
        return
    with pytest.raises(OperatorMustAct, match=f"{mode:04o}") as caught:
        certificate_client(path)
    assert caught.value.code == "netsuite-key-exposed"
    assert "chmod 600" in caught.value.remedy


def test_a_key_that_cannot_be_used_is_named(tmp_path: Path, rsa_key: rsa.RSAPrivateKey) -> None:
    text = tmp_path / "text.pem"
    text.write_text("not a key")
    text.chmod(0o600)
    files = [
        tmp_path / "absent.pem",
        text,
        write_key(tmp_path / "locked.pem", rsa_key, BestAvailableEncryption(b"pass")),
        write_key(tmp_path / "odd.pem", ec.generate_private_key(ec.SECP256K1())),
    ]
    for path in files:
        with pytest.raises(OperatorMustAct, match=path.name) as caught:
            certificate_client(path)
        assert caught.value.code == "netsuite-key-unreadable"


@responses.activate
def test_secrets_stay_out_of_a_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    responses.add(time_answer())
    with caplog.at_level(logging.DEBUG):
        NetSuiteClient("1234567_SB1", TokenAuth(TOKEN, "1234567_SB1")).server_time()
    assert "canary" in authorization(responses.calls[0].request)
    assert "canary" not in caplog.text


def test_secrets_stay_out_of_representations() -> None:
    assert "canary" not in repr(TOKEN) + str(TOKEN) + repr(TokenAuth(TOKEN, "1"))
