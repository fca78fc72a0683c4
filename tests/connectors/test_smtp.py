"""The dialogue with a mail server: encryption, login, and what each way to fail is called."""

from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pytest
from mail_server import HOST, PASSWORD, USER, mail_server, make_certificate
from pydantic import SecretStr

from connectors.errors import OperatorMustAct
from connectors.smtp import Connection, MailRefused, MailServer, MailServerAway

SECRET = SecretStr(PASSWORD)


def mail() -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "Hello"
    made.set_content("Hello.\n")
    return made


def send(server: MailServer) -> str | None:
    with Connection(server) as connection:
        return connection.send(mail(), "from@example.com", "to@example.com", lambda: True)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_is_encrypted_and_logged_in(tmp_path: Path, security: Literal["starttls", "tls"]) -> None:
    certificate, trusted = make_certificate(tmp_path)
    login = security == "starttls"
    with mail_server(security, certificate, login=login) as inbox:
        server = MailServer(HOST, inbox.port, security, ca_file=trusted, timeout=10)
        if login:
            server = replace(server, user=USER, password=SECRET)
        assert send(server) == "250 taken"
    assert inbox.subjects == ["Hello"]
    assert inbox.logins == ([USER] if login else [])


def test_a_certificate_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path)
    for security in ("starttls", "tls"):
        with mail_server(security, certificate) as inbox:
            with pytest.raises(OperatorMustAct) as refused:
                send(MailServer(HOST, inbox.port, security, timeout=10))
            assert refused.value.code == "mail-certificate-invalid"
            assert inbox.received == []


def test_a_certificate_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    certificate, trusted = make_certificate(tmp_path, "mail.example.com")
    with mail_server("starttls", certificate) as inbox:
        with pytest.raises(OperatorMustAct) as refused:
            send(MailServer(HOST, inbox.port, "starttls", ca_file=trusted, timeout=10))
        assert refused.value.code == "mail-certificate-invalid"


def test_starttls_is_never_left_out(tmp_path: Path) -> None:
    with mail_server("none") as inbox:
        with pytest.raises(OperatorMustAct) as refused:
            send(MailServer(HOST, inbox.port, "starttls", USER, SECRET, timeout=10))
        assert refused.value.code == "mail-login-refused"
        assert inbox.logins == []


def test_a_refused_login_is_told_without_the_password(tmp_path: Path) -> None:
    certificate, trusted = make_certificate(tmp_path)
    with mail_server("starttls", certificate, login=True) as inbox:
        server = MailServer(HOST, inbox.port, "starttls", USER, SecretStr("a wrong one"), trusted, timeout=10)
        with pytest.raises(OperatorMustAct) as refused:
            send(server)
        assert refused.value.code == "mail-login-refused"
        assert "a wrong one" not in f"{refused.value!r} {refused.value} {server!r}"
        with pytest.raises(OperatorMustAct) as missing:
            send(replace(server, user=None, password=None))
        assert missing.value.code == "mail-login-refused"


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorMustAct) as unreadable:
        send(MailServer(HOST, 1, "starttls", ca_file=tmp_path / "nothing.pem", timeout=10))
    assert unreadable.value.code == "mail-ca-unreadable"


def test_a_server_that_does_not_answer_is_away() -> None:
    with pytest.raises(MailServerAway, match="localhost:1"):
        send(MailServer(HOST, 1, "none", timeout=5))


def test_a_refused_sender_is_the_operators_and_a_refused_recipient_the_mails() -> None:
    with mail_server() as inbox:
        server = MailServer(HOST, inbox.port, "none", timeout=10)
        inbox.answers["mail"] = ["553 not yours"]
        with pytest.raises(OperatorMustAct) as refused:
            send(server)
        assert refused.value.code == "mail-sender-refused"
        inbox.answers["rcpt"] = ["550 no such user"]
        with pytest.raises(MailRefused, match="550 no such user"):
            send(server)


def test_nothing_is_sent_when_it_was_decided_not_to() -> None:
    with mail_server() as inbox, Connection(MailServer(HOST, inbox.port, "none", timeout=10)) as connection:
        assert connection.send(mail(), "from@example.com", "a@example.com", lambda: False) is None
        assert connection.send(mail(), "from@example.com", "b@example.com", lambda: True) == "250 taken"
        assert [recipient for recipient, _ in inbox.received] == ["b@example.com"]
        assert inbox.connections == 1


def test_a_dialogue_the_server_ended_between_two_mails_begins_again() -> None:
    with mail_server() as inbox, Connection(MailServer(HOST, inbox.port, "none", timeout=10)) as connection:
        connection.send(mail(), "from@example.com", "a@example.com", lambda: True)
        inbox.hang_up()
        assert connection.send(mail(), "from@example.com", "b@example.com", lambda: True) == "250 taken"
        assert inbox.connections == 2
