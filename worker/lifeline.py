"""Processes that end with their parent, however it ends. Linux only; elsewhere the parent has to stop them."""

import ctypes
import sys
from signal import Signals

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(number: Signals) -> None:
    """Asks the kernel to send `number` to this process when its parent dies.

    Safe between fork and exec; must come after a change of user, which clears it.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
