"""Secrets of webhooks and what is signed with them, in the manner of Standard Webhooks.

A secret is made of a salt, which the database holds, and the key of this installation, which it does not: neither
alone says anything about it.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from worker.errors import SettingInvalid
from worker.settings import Settings

KEY_FILE = "secret.key"
SHORTEST_KEY = 32  # bytes; as of TERMSYNC_SECRET_KEY
PREFIX = "whsec_"
SALT_BYTES = 16


@dataclass(frozen=True, repr=False)
class Keyring:
    """The key of this installation."""

    key: bytes

    @property
    def check(self) -> bytes:
        """What tells this key from others, and nothing else about it."""
        return self._made(b"check")[:8]

    def secret(self, salt: bytes) -> bytes:
        """The secret of 32 bytes that belongs to a salt."""
        return self._made(b"webhook\0" + salt)

    def _made(self, of: bytes) -> bytes:
        return hmac.new(self.key, b"termsync\0" + of, hashlib.sha256).digest()


def shown(secret: bytes) -> str:
    """A secret as it is handed over."""
    return PREFIX + base64.b64encode(secret).decode()


def new_salt() -> bytes:
    """The salt of a new secret."""
    return secrets.token_bytes(SALT_BYTES)


def signed(secrets_: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers of a call: its id, when it is sent (seconds since 1970), and a signature of each secret."""
    content = f"{message_id}.{timestamp}.".encode() + body
    made = (base64.b64encode(hmac.new(each, content, hashlib.sha256).digest()).decode() for each in secrets_)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in made),
    }


def keyring(settings: Settings, *, make: bool = False) -> Keyring:
    """The key by TERMSYNC_SECRET_KEY, or the one kept in the data directory.

    With `make` a key is made there if there is none and the database is there, too. Raises SettingInvalid
    `secret-key-missing`.
    """
    if settings.secret_key is not None:
        return Keyring(settings.secret_key.get_secret_value().encode())
    file = settings.data_dir / KEY_FILE
    try:
        if make and settings.database_url is None:
            _make(file)
        key = file.read_bytes()
    except OSError:
        raise SettingInvalid(
            "secret-key-missing",
            "The key that the secrets of webhooks are made with is not set.",
            "Set TERMSYNC_SECRET_KEY to 32 random characters or more, the same for every process.",
        ) from None
    if len(key) < SHORTEST_KEY:
        raise SettingInvalid(
            "secret-key-missing",
            f"The key that the secrets of webhooks are made with is cut off: {KEY_FILE} in the data directory.",
            f"Bring {KEY_FILE} back from a backup, or remove it and change the secret of every webhook.",
        )
    return Keyring(key)


def _make(file: Path) -> None:
    """A new key, unless there is one: whole at once, whoever else does the same."""
    if file.exists():
        return
    draft = file.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(secrets.token_urlsafe(48))
        opened.flush()
        os.fsync(opened.fileno())  # its name must not outlive it
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
