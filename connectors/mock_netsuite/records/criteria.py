"""The `q` filter of record collections: `email START_WITH "ann" AND dateCreated ON_OR_AFTER 1/1/2026`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.records.types import Field, Form
from connectors.mock_netsuite.suiteql import mask_reader

_WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[()\[\],]|[^\s()\[\],"]+)')
_DATE_WORDS = {"AFTER": ">", "BEFORE": "<", "ON": "=", "ON_OR_AFTER": ">=", "ON_OR_BEFORE": "<="}
_NUMBER_WORDS = {
    "EQUAL": "=",
    "GREATER": ">",
    "GREATER_OR_EQUAL": ">=",
    "LESS": "<",
    "LESS_OR_EQUAL": "<=",
}
_TEXT_WORDS = {"IS": "{}", "CONTAIN": "%{}%", "START_WITH": "{}%", "END_WITH": "%{}"}
_RANGES = frozenset({"BETWEEN", "WITHIN"})


@dataclass
class Criteria:
    """Parses one filter to an SQL condition with `values` for its question marks.

    Dates are read in the account's date format and mean days of the account's time zone.
    """

    fields: Mapping[str, Field]
    zone: str
    date_format: str
    now: datetime

    def parse(self, text: str) -> tuple[str, list[Any]]:
        """Raises Problem for anything the filter language does not have."""
        self._words = list(_words(text))
        self._position = 0
        self._values: list[Any] = []
        try:
            sql = self._any()
        except RecursionError as error:
            raise _refused() from error
        if self._position != len(self._words):
            raise _refused()
        return sql, self._values

    def _peek(self) -> str:
        return self._words[self._position] if self._position < len(self._words) else ""

    def _take(self) -> str:
        word = self._peek()
        if not word:
            raise _refused()
        self._position += 1
        return word

    def _any(self) -> str:
        terms = [self._all()]
        while self._peek().upper() == "OR":
            self._take()
            terms.append(self._all())
        return f"({' OR '.join(terms)})"

    def _all(self) -> str:
        terms = [self._term()]
        while self._peek().upper() == "AND":
            self._take()
            terms.append(self._term())
        return f"({' AND '.join(terms)})"

    def _term(self) -> str:
        if self._peek() == "(":
            self._take()
            inner = self._any()
            if self._take() != ")":
                raise _refused()
            return inner
        name = self._take()
        entry = next((one for one in self.fields.values() if one.name.lower() == name.lower()), None)
        if entry is None:
            raise problems.invalid_parameter("q", f"Invalid query filter: field '{name}' does not exist.")
        operator = self._take().upper()
        negated = operator.endswith("_NOT")
        condition = self._condition(entry, operator.removesuffix("_NOT"))
        return f"(NOT coalesce({condition}, false))" if negated else condition

    def _condition(self, entry: Field, operator: str) -> str:
        column = f'"{entry.column}"'
        if operator == "EMPTY":
            return f"{column} IS NULL"
        if operator == "ANY_OF":
            marks = [self._bind(self._plain(entry, item)) for item in self._list()]
            return f"CAST({column} AS VARCHAR) IN ({', '.join(marks)})"
        if entry.form in (Form.DATE, Form.INSTANT):
            return self._date_condition(entry, operator)
        if operator in _NUMBER_WORDS or operator in _RANGES:
            return self._number_condition(entry, operator)
        if operator in _TEXT_WORDS:
            return self._text_condition(entry, operator)
        raise _refused()

    def _text_condition(self, entry: Field, operator: str) -> str:
        value = self._plain(entry, self._take())
        if operator == "IS":
            return f'lower(CAST("{entry.column}" AS VARCHAR)) = lower({self._bind(value)})'
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = self._bind(_TEXT_WORDS[operator].format(escaped))
        return f"CAST(\"{entry.column}\" AS VARCHAR) ILIKE {pattern} ESCAPE '\\'"

    def _number_condition(self, entry: Field, operator: str) -> str:
        if entry.form is not Form.NUMBER and entry.name != "id":
            raise _refused()
        if operator in _RANGES:
            low, high = self._pair()
            return f'"{entry.column}" BETWEEN {self._bind(_number(low))} AND {self._bind(_number(high))}'
        return f'"{entry.column}" {_NUMBER_WORDS[operator]} {self._bind(_number(self._take()))}'

    def _date_condition(self, entry: Field, operator: str) -> str:
        day = f'"{entry.column}"'
        if entry.form is Form.INSTANT:
            day = f"CAST(timezone('{self.zone}', timezone('UTC', {day})) AS DATE)"
        if operator not in _DATE_WORDS:
            raise _refused()
        return f"{day} {_DATE_WORDS[operator]} {self._bind(self._day(self._take()))}"

    def _day(self, text: str) -> Any:
        """A bare date in the account's format; a time of day is refused, as NetSuite does."""
        bare = _unquoted(text)
        try:
            day = mask_reader.parse(bare, self.date_format, self.now).moment.date()
        except problems.Problem as error:
            raise problems.unreadable_date(bare, _java_format(self.date_format), self.zone) from error
        if _marks(bare) != _marks(self.date_format):  # which TO_DATE would forgive
            raise problems.unreadable_date(bare, _java_format(self.date_format), self.zone)
        return day

    def _list(self) -> list[str]:
        if self._take() != "[":
            raise _refused()
        items = []
        while (word := self._take()) != "]":
            if word != ",":
                items.append(word)
        if not items:
            raise _refused()
        return items

    def _pair(self) -> list[str]:
        items = self._list()
        if len(items) != 2:
            raise _refused()
        return items

    def _bind(self, value: Any) -> str:
        self._values.append(value)
        return "?"

    def _plain(self, entry: Field, word: str) -> str:
        """A value as the column stores it: true and false are T and F."""
        text = _unquoted(word)
        if entry.form is Form.BOOLEAN:
            return {"true": "T", "false": "F"}.get(text.lower(), text)
        return text


def _words(text: str) -> Iterator[str]:
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _WORD.match(text, position)
        if found is None:
            raise _refused()
        yield found[1]
        position = found.end()


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _marks(text: str) -> str:
    return re.sub(r"\w", "", text)


def _java_format(mask: str) -> str:
    """The account's date format as NetSuite's messages write it: `M/d/yy`, `dd/MM/yy`."""
    short = mask.startswith("FM")
    names = {"YYYY": "yy", "MON": "MMM", "MM": "M" if short else "MM", "DD": "d" if short else "dd"}
    return re.sub(r"\w+", lambda part: names[part[0].upper()], mask.removeprefix("FM"))


def _number(text: str) -> float:
    try:
        return float(_unquoted(text))
    except ValueError as error:
        raise _refused() from error


def _refused() -> problems.Problem:
    return problems.invalid_parameter("q", "Invalid query filter in the parameter 'q'.")
