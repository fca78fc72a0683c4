"""What the mock guesses: behaviour of NetSuite that is inferred or not documented.

Grades: `inferred` follows from other facts, `unknown` was searched for and not found. `knob` is the MockConfig field
that changes it, where there is one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Assumption(NamedTuple):
    topic: str
    choice: str
    grade: Literal["inferred", "unknown"]
    knob: str = ""


ASSUMPTIONS: tuple[Assumption, ...] = ()
