"""What the exit code of a command says."""

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    REJECTED = 3  # done, but rows were rejected or parked
    HELD = 4  # the guard keeps changes back until a person decides
    PAUSED = 5  # expiry is paused for everything that is due
    UNREACHABLE = 6  # a dependency does not answer
    INTERRUPTED = 130  # Ctrl-C, as shells count it


# Codes of errors that say a dependency does not answer, on whatever kind of error they come.
UNREACHABLE = frozenset(
    {
        "database-unreachable",
        "redis-unreachable",
        "netsuite-unreachable",
        "netsuite-unavailable",
        "netsuite-timeout",
        "slots-unreachable",
        "mail-server-unreachable",
    }
)
