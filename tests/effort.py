"""How hard hypothesis tries: the same examples every time in an ordinary run, many more and random ones on demand.

`TERMSYNC_HYPOTHESIS=deep` multiplies the number of examples by `DEEPER`; give pytest `--timeout=0` with it.
"""

import os

from hypothesis import HealthCheck, settings

DEEP = os.environ.get("TERMSYNC_HYPOTHESIS") == "deep"
DEEPER = 25


def effort(examples: int, stateful_step_count: int = 50) -> settings:
    """Settings of one property: `examples` of them, no deadline (the machine is shared)."""
    return settings(
        max_examples=examples * DEEPER if DEEP else examples,
        stateful_step_count=stateful_step_count,
        derandomize=not DEEP,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
