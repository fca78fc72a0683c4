"""Errors of the worker that a person can meet: what went wrong, and what to do next.

TermsyncError
 ├─ SettingInvalid          a setting cannot be read (exit 2)
 ├─ DependencyUnreachable   PostgreSQL, Redis or an embedded server does not answer (exit 6)
 └─ NotFound                what was named does not exist (exit 1)

Errors that come from NetSuite are in `connectors.errors`; they carry the same three fields.
"""


class TermsyncError(Exception):
    """Base: `code` is kebab-case and listed by `termsync explain`; `remedy` says what to do next."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class SettingInvalid(TermsyncError):
    """A setting has a value the program cannot use; the message names the setting, never a secret."""


class DependencyUnreachable(TermsyncError):
    """A server termsync needs does not answer."""


class NotFound(TermsyncError):
    """What was named does not exist, or not for this tenant."""
