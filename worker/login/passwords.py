"""Passwords: their hashes, and what a new one must be."""

import secrets
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from worker.errors import TermsyncError

SHORTEST, LONGEST = 12, 200
# No letters and digits that are mistaken for each other: first passwords are read out and typed.
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_LENGTH = 4, 5  # 99 bits

_hasher = PasswordHasher()  # RFC 9106, second choice: 64 MiB, three passes
# Each takes 64 MiB and some 50 ms of a core: more at once would only be in each other's way.
AT_ONCE = 4
_at_once = BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    with _at_once:
        return _hasher.hash(password)


# Of a password nobody has: an unknown address costs the same work as a known one.
_NOBODYS = hashed(secrets.token_hex())


def is_right(password: str, password_hash: str | None) -> bool:
    """Whether this is the password of the hash; as much work when there is none."""
    with _at_once:
        try:
            return _hasher.verify(password_hash or _NOBODYS, password[:LONGEST]) and password_hash is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def first_password() -> str:
    """A password to be given to a person once, and changed by them."""
    groups = ("".join(secrets.choice(READABLE) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def check_new(password: str, address: str) -> None:
    """Raises `password-too-short`, `password-too-long` or `password-too-plain`."""
    if len(password) < SHORTEST:
        raise TermsyncError(
            "password-too-short",
            f"A password has at least {SHORTEST} characters.",
            "Take a longer one: a few words in a row are easy to keep in mind.",
        )
    if len(password) > LONGEST:
        raise TermsyncError(
            "password-too-long", f"A password has at most {LONGEST} characters.", "Take a shorter one."
        )
    name = address.partition("@")[0].lower()
    # A letter or two are in too many words to give anything away.
    if len(set(password)) < 5 or (len(name) > 2 and name in password.lower()):
        raise TermsyncError(
            "password-too-plain",
            "This password can be guessed: it repeats a few characters or holds the e-mail address.",
            "Take another one: a few words in a row are easy to keep in mind.",
        )
