"""Which NetSuite fields hold a term's first and last day: configured per account, with fallbacks."""

from typing import Literal, NamedTuple, Self, get_args

from connectors.errors import OperatorMustAct
from connectors.netsuite import suiteql
from connectors.netsuite.codes import error

Place = Literal["header", "line"]


class TermField(NamedTuple):
    """One field id (lower case) on the order's header or on its lines."""

    place: Place
    name: str

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"


class TermFields(NamedTuple):
    """Fields in the order they are asked; the first that holds a value decides. `setting` is named in errors."""

    candidates: tuple[TermField, ...]
    setting: str = "the term field mapping"

    @classmethod
    def parse(cls, text: str, setting: str = "the term field mapping") -> Self:
        """Reads `header:custbody_x, line:custcol_y, header:enddate`.

        Raises OperatorMustAct `term-fields-invalid`, naming the part that is wrong.
        """
        return cls(tuple(_field(part.strip(), setting) for part in text.split(",")), setting)

    @property
    def on_lines(self) -> bool:
        return any(field.place == "line" for field in self.candidates)

    def has(self, name: str) -> bool:
        return any(field.name == name for field in self.candidates)

    def __str__(self) -> str:
        return ", ".join(map(str, self.candidates))


def _field(part: str, setting: str) -> TermField:
    place, _, name = part.partition(":")
    for known in get_args(Place):
        if place.strip().lower() == known:
            try:
                return TermField(known, suiteql.identifier(name.strip().lower()))
            except ValueError as problem:
                raise error(OperatorMustAct, "term-fields-invalid", f"{setting}: {problem}") from None
    raise error(OperatorMustAct, "term-fields-invalid", f"{setting}: {part!r} is not header:FIELD or line:FIELD")


DEFAULT_START = TermFields.parse("header:startdate", "NETSUITE_TERM_START")
DEFAULT_END = TermFields.parse("header:enddate", "NETSUITE_TERM_END")
