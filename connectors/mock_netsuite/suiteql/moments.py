"""SuiteQL's functions of dates and instants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql import mask_reader, masks
from connectors.mock_netsuite.suiteql.values import (
    Session,
    Value,
    derived,
    local_literal,
    number,
    quoted,
    text,
    to_instant,
    to_local,
    to_text,
)

SERVER_ZONE = "America/Los_Angeles"  # SYSDATE is the server's wall clock, wherever the account is
CLOCKS = frozenset(
    {"SYSDATE", "CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "SESSIONTIMEZONE", "DBTIMEZONE"}
)
_LONGEST_MASK = 255  # characters
_OFFSET = re.compile(r"([-+]?)(\d{1,2}):(\d{2})")
_NEW_TIME_HOURS = {
    "GMT": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
_TRUNCATIONS = {
    **dict.fromkeys(("DD", "DDD", "J"), "day"),
    **dict.fromkeys(("MM", "MON", "MONTH"), "month"),
    **dict.fromkeys(("YYYY", "YY", "YEAR", "Y"), "year"),
    "Q": "quarter",
    "IW": "week",
    "HH": "hour",
    "HH24": "hour",
    "MI": "minute",
}


def clock(name: str, session: Session) -> Value:
    """The account's present moment, as one of Oracle's names for it."""
    instant = Value(f"TIMESTAMP '{session.now.isoformat(sep=' ')}'", Kind.INSTANT)
    match name:
        case "CURRENT_TIMESTAMP" | "SYSTIMESTAMP":
            return instant
        case "SYSDATE":
            return _wall_clock(session, SERVER_ZONE)
        case "CURRENT_DATE" | "LOCALTIMESTAMP":
            return _wall_clock(session, session.zone)
        case "SESSIONTIMEZONE":
            return text(session.zone)
        case "DBTIMEZONE":
            return text("+00:00")
    raise problems.unsupported_search()


def _wall_clock(session: Session, zone: str) -> Value:
    local = session.now.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    return local_literal(local)


def zone_name(name: str, session: Session) -> str:
    """A zone as DuckDB takes it: a region, or an offset turned into its Etc/GMT name. Refuses an unknown one."""
    if name.upper() == "SESSIONTIMEZONE":
        return session.zone
    offset = _OFFSET.fullmatch(name.strip())
    if offset is not None:
        hours = int(offset[2]) * (-1 if offset[1] == "-" else 1)
        if int(offset[3]) or abs(hours) > 14:
            raise problems.unsupported_search()
        return f"Etc/GMT{-hours:+d}" if hours else "UTC"
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, `America`
        raise problems.unsupported_search() from error


def _mask(arguments: Sequence[Value], session: Session) -> str:
    """The format mask of a call: its second argument, a literal, or else the account's date format."""
    if len(arguments) < 2:
        return session.date_format
    mask = arguments[1].literal
    if mask is None or len(mask) > _LONGEST_MASK:
        raise problems.unsupported_search()
    return mask


def to_char(arguments: Sequence[Value], session: Session) -> Value:
    value = arguments[0]
    local = to_local(value, session)
    zone = None
    if value.kind is Kind.INSTANT:
        zone = (quoted(session.zone), f"date_diff('minute', {value.sql}, {local.sql})")
    sql = masks.to_char(local.sql, _mask(arguments, session), session.date_format, zone)
    return derived(sql, Kind.TEXT, value)


def to_date(arguments: Sequence[Value], session: Session) -> Value:
    """TO_DATE and TO_TIMESTAMP: wall-clock values."""
    value = arguments[0]
    if value.kind in (Kind.DATE, Kind.LOCAL, Kind.INSTANT):
        return to_local(value, session)
    mask = _mask(arguments, session)
    if value.literal is not None:
        return local_literal(mask_reader.parse(value.literal, mask, session.now).moment)
    content = to_text(value, session)
    return derived(f"strptime({content.sql}, {quoted(masks.strptime_code(mask))})", Kind.LOCAL, content)


def to_timestamp_tz(arguments: Sequence[Value], session: Session) -> Value:
    if arguments[0].literal is None:
        raise problems.unsupported_search()
    moment, offset = mask_reader.parse(arguments[0].literal, _mask(arguments, session), session.now)
    if offset is None:
        return to_instant(local_literal(moment), session)
    return Value(f"TIMESTAMP '{(moment - offset).isoformat(sep=' ')}'", Kind.INSTANT)


def extract_utc(arguments: Sequence[Value], session: Session) -> Value:
    """SYS_EXTRACT_UTC: the wall clock in UTC. A bare column stays bare, so that its row groups can be skipped."""
    instant = to_instant(arguments[0], session)
    return derived(instant.sql, Kind.LOCAL, instant)


def from_tz(arguments: Sequence[Value], session: Session) -> Value:
    if arguments[1].literal is None:
        raise problems.unsupported_search()
    return to_instant(to_local(arguments[0], session), session, zone_name(arguments[1].literal, session))


def new_time(arguments: Sequence[Value], session: Session) -> Value:
    before, after = (_NEW_TIME_HOURS.get((zone.literal or "").upper()) for zone in arguments[1:])
    if before is None or after is None:
        raise problems.unsupported_search()
    local = to_local(arguments[0], session)
    return derived(f"({local.sql} + INTERVAL ({after - before}) HOUR)", Kind.LOCAL, local)


def tz_offset(arguments: Sequence[Value], session: Session) -> Value:
    if arguments[0].literal is None:
        raise problems.unsupported_search()
    zone = ZoneInfo(zone_name(arguments[0].literal, session))
    offset = session.now.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()
    minutes = round(abs(offset).total_seconds() / 60)
    return text(f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}")


def truncated(arguments: Sequence[Value], session: Session) -> Value:
    """TRUNC of a date, to the day or to a unit."""
    unit = _TRUNCATIONS.get((arguments[1].literal or "").upper()) if len(arguments) == 2 else "day"
    if unit is None:
        raise problems.unsupported_search()
    local = to_local(arguments[0], session)
    return derived(f"CAST(date_trunc('{unit}', {local.sql}) AS TIMESTAMP)", Kind.LOCAL, local)


def _is_last_day(local: str) -> str:
    return f"last_day({local}) = CAST({local} AS DATE)"


def add_months(arguments: Sequence[Value], session: Session) -> Value:
    """ADD_MONTHS: the last day of a month stays the last day."""
    local, months = to_local(arguments[0], session), number(arguments[1])
    moved = f"({local.sql} + to_months(CAST({months.sql} AS INTEGER)))"
    at_end = f"CAST(last_day({moved}) AS TIMESTAMP) + ({local.sql} - date_trunc('day', {local.sql}))"
    sql = f"(CASE WHEN {_is_last_day(local.sql)} THEN {at_end} ELSE {moved} END)"
    return derived(sql, Kind.LOCAL, local, months)


def last_day(arguments: Sequence[Value], session: Session) -> Value:
    local = to_local(arguments[0], session)
    return derived(f"CAST(last_day({local.sql}) AS TIMESTAMP)", Kind.LOCAL, local)


def months_between(arguments: Sequence[Value], session: Session) -> Value:
    """Whole months when the days are the same or both the last, else plus days out of 31, as Oracle counts."""
    later, earlier = (to_local(value, session).sql for value in arguments)
    months = f"((year({later}) - year({earlier})) * 12 + month({later}) - month({earlier}))"
    seconds = (
        f"(date_diff('second', date_trunc('month', {later}), {later})"
        f" - date_diff('second', date_trunc('month', {earlier}), {earlier}))"
    )
    whole = f"day({later}) = day({earlier}) OR ({_is_last_day(later)} AND {_is_last_day(earlier)})"
    sql = f"(CASE WHEN {whole} THEN {months} ELSE {months} + {seconds} / (31 * 86400.0) END)"
    return derived(sql, Kind.NUMBER, *arguments)


_RANGE = re.compile(r"(DAGO|DFN|WAGO|WFN|MAGO|MFN|YAGO)(\d+)")
_NAMED_DAYS = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}


def relative_range(arguments: Sequence[Value], session: Session) -> Value:
    """BUILTIN.RELATIVE_RANGES('DAGO3', 'START'): so many days, weeks, months, years ago or from now."""
    name = (arguments[0].literal or "").upper()
    edge = (arguments[1].literal or "").upper() if len(arguments) == 2 else "START"
    counted = _RANGE.fullmatch(name)
    if edge not in ("START", "END") or (counted is None and name not in _NAMED_DAYS):
        raise problems.unsupported_search()
    today = datetime.combine(
        session.now.replace(tzinfo=UTC).astimezone(ZoneInfo(session.zone)).date(), datetime.min.time()
    )
    if counted is None:
        shift = f"INTERVAL ({_NAMED_DAYS[name]}) DAY"
    else:
        unit = {"D": "DAY", "W": "WEEK", "M": "MONTH", "Y": "YEAR"}[counted[1][0]]
        sign = "-" if counted[1].endswith("AGO") else ""
        shift = f"INTERVAL ({sign}{counted[2]}) {unit}"
    end = " + INTERVAL 1 DAY - INTERVAL 1 SECOND" if edge == "END" else ""
    return Value(f"(TIMESTAMP '{today.isoformat(sep=' ')}' + {shift}{end})", Kind.LOCAL)
