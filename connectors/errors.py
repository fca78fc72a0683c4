"""What can go wrong outside, named by what the caller must do about it.

ConnectorError
├── TryAgain           the same call may work later (busy, down, cut off)
├── OperatorMustAct    no call will work until a person changes a setting, a permission or a clock
├── RecordRejected     this record is bad, the others go on
└── NotFound           what was asked for is not there
"""


class ConnectorError(Exception):
    """`code` is stable and searchable (`netsuite-login-refused`), `remedy` says what to do next."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(code, message, remedy)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message


class TryAgain(ConnectorError):
    """`retry_after`: seconds the other side asked us to wait, None when it did not say."""

    def __init__(self, code: str, message: str, remedy: str, retry_after: float | None = None) -> None:
        super().__init__(code, message, remedy)
        self.retry_after = retry_after


class OperatorMustAct(ConnectorError):
    """Retrying is pointless, and with logins harmful: five refusals lock a NetSuite token for 30 minutes."""


class RecordRejected(ConnectorError):
    """One record cannot be used; it is set aside with its reason."""


class NotFound(ConnectorError):
    """The record or address does not exist, or the role cannot see it."""
