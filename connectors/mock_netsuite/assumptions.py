"""What the mock guesses: behaviour of NetSuite that is inferred, contradicted or not documented.

Grades: `inferred` follows from other facts, `unknown` was searched for and not found. `knob` is the MockConfig
field or the fault that changes the behaviour, where there is one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Assumption(NamedTuple):
    """One guess: about what, what the mock does, how sure it is, and how to change it."""

    topic: str
    choice: str
    grade: Literal["inferred", "unknown"]
    knob: str = ""


def _inferred(topic: str, choice: str, knob: str = "") -> Assumption:
    return Assumption(topic, choice, "inferred", knob)


def _unknown(topic: str, choice: str, knob: str = "") -> Assumption:
    return Assumption(topic, choice, "unknown", knob)


ASSUMPTIONS: tuple[Assumption, ...] = (
    # SuiteQL requests and pages
    _unknown("body of a missing `Prefer: transient`", "400 INVALID_HEADER, o:errorHeader Prefer"),
    _unknown("body of offset % limit ≠ 0, limit above 1000", "400 INVALID_PARAMETER naming the parameter"),
    _unknown(
        "offset of 100,000 and more", "400 INVALID_PARAMETER; totalResults may be larger than the cap", "row_cap"
    ),
    _inferred("SuiteAnalytics Connect", "does not lift the cap of 100,000", "row_cap"),
    _inferred("content type of a SuiteQL page", "application/vnd.oracle.resource+json; type=collection"),
    _inferred("`Prefer: respond-async`", "ignored beside transient; refused without it"),
    _inferred("rel of the page before", "`prev`; one Oracle sample says `previous`"),
    _unknown("types of `params`", "strings are text, numbers numbers, true and false T and F, null NULL"),
    # SuiteQL answers
    _inferred("amounts", "printed as Oracle prints numbers: 1200, .5, -99.95"),
    _inferred("unaliased expressions", "expr1, expr2 … counting only unaliased expressions"),
    _inferred("an alias of SESSIONTIMEZONE", "kept; some accounts answer expr1 instead"),
    _unknown("two outputs of one name", "the second is name_0"),
    _unknown("`status` compared with 'SalesOrd:B'", "matches nothing, without an error"),
    _inferred("rows without ORDER BY", "in order of id, unless shuffled", "fault shuffled"),
    _unknown(
        "sign of sales order lines", "quantity and amounts of item lines negative, of the main line positive"
    ),
    _unknown("`deletedrecord.type` of a sales order", "Sales Order; recordtypeid 31, scriptid SALESORDER"),
    _inferred("`transaction.subsidiary`", "unknown identifier; on the lines and in the record API only"),
    _inferred(
        "columns named from memory",
        "trandisplayname, shipdate, lastmodifiedby, createdby, posting, source and more",
    ),
    _inferred("`customfield.scriptid`", "upper case"),
    # SuiteQL errors
    _unknown(
        "unknown function, syntax error, LIMIT, WITH, over 1000 IN items", "400 Invalid or unsupported search."
    ),
    _unknown(
        "unknown column with an alias in front", "Unknown identifier 't.x'; identifiers listed as {alias=table}"
    ),
    _unknown("column hidden from the role", "400 Field 'x' for record 't' was not found. Reason: NOT_EXPOSED …"),
    _inferred(
        "500 for an unknown column", "off; some accounts answer 500 UNEXPECTED_ERROR", "unknown_column_status"
    ),
    _inferred(
        "mixing Oracle and SQL-92 syntax", "refused for (+) beside JOIN; nothing else is taken for a mixture"
    ),
    _unknown("a query that takes too long", "500 UNEXPECTED_ERROR after 30 s", "query_seconds"),
    _unknown("a query of more than 200,000 characters", "400 Invalid or unsupported search."),
    _inferred("computed text of more than 4,000 characters", "cut there; Oracle refuses some of it"),
    _inferred("quotients, averages", "of 16 digits, where Oracle has 38"),
    # SuiteQL time
    _inferred(
        "zone-less literals against instants", "taken in the session's zone, compared as instants", "time_zone"
    ),
    _inferred(
        "a literal in the repeated hour", "standard time, Oracle's default; one in the skipped hour moves on"
    ),
    _inferred("text against a date", "read in the account's date format", "date_format"),
    _inferred("SYSDATE", "wall clock of America/Los_Angeles; CURRENT_DATE that of the session"),
    _inferred("precision of lastmodifieddate", "whole seconds"),
    # record API
    _inferred("seconds of record API datetimes", "always 00"),
    _inferred(
        "expandSubResources", "item sublist inline with totalResults, count, hasMore, offset; no other sublists"
    ),
    _unknown(
        "unknown field in a body",
        "400 INVALID_CONTENT with o:errorPath unless the validation header says otherwise",
    ),
    _unknown("an external id that another record has", "400 USER_ERROR This record already exists."),
    _unknown("a reference to nothing", "400 USER_ERROR Invalid Field Value … for the following field"),
    _unknown("a read-only field in a body", "passed over"),
    _unknown("X-NetSuite-PropertyValueValidation, idempotency keys", "not looked at"),
    _inferred("a line edit", "moves the header's lastmodifieddate", "line_edits_bump_header"),
    _inferred("a status change", "moves lastmodifieddate; any letter may follow any other"),
    _inferred("ids", "never reused; shared by all transactions, so with gaps"),
    _unknown("`q` matching of text", "case does not matter; a malformed filter is 400 INVALID_PARAMETER"),
    _inferred("columns hidden in SuiteQL", "are still fields of the record API", "hidden_columns"),
    _inferred("records that orders refer to, and contacts", "may be read, not changed: 403"),
    _inferred("serverTime", "needs a login, but no permission"),
    # login and governance
    _unknown("Retry-After on a 429", "none", "retry_after"),
    _inferred(
        "what counts against the limit", "every REST request but token and OPTIONS, from login to last byte"
    ),
    _inferred("over the limit", "429 at once; the other way is a wait and then a 401", "over_limit"),
    _inferred("reason of a refused login", "only in the audit trail, GET /_mock/login-audit"),
    _inferred("lock after five refused logins", "off", "lock_out"),
    _inferred("nonce shorter than six characters", "refused"),
    _inferred("access token", "a JWT whose content means nothing to the client; 3600 s", "token_seconds"),
    _inferred("the assertion's `aud`", "the token path on any host"),
    _unknown("body of a 503", "an HTML page with the text of the scheduled maintenance"),
    _unknown("latency", "none", "latency"),
    _unknown("limits over 60 seconds or 24 hours", "none"),
)
