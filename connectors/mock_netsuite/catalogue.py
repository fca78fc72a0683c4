"""Which tables and columns the account has, and how each is read from the store.

A column is stored under its own name, or computed by an SQL template in which `{t}` stands for the table's alias.
Columns come from netsuite-connected projects in public; those from memory only are listed in `assumptions.py`.
"""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum


class Kind(Enum):
    """What a value is to SuiteQL."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"  # a calendar date
    LOCAL = "local"  # date and time without a zone
    INSTANT = "instant"  # a point in time; stored as naive UTC, shown in the session's zone
    CONDITION = "condition"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Column:
    """`sql`: template when the value is computed. `display`: template of BUILTIN.DF, when it is not the value."""

    name: str
    kind: Kind
    sql: str | None = None
    display: str | None = None

    def read(self, alias: str) -> str:
        return self.sql.format(t=alias) if self.sql else f'{alias}."{self.name}"'


@dataclass(frozen=True)
class Table:
    """One SuiteQL record type; the columns of `key` identify a row."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    feature: str | None = None

    def with_columns(self, extra: Iterable[Column]) -> Table:
        return replace(self, columns={**self.columns, **{column.name: column for column in extra}})

    @property
    def stored(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns.values() if column.sql is None)


@dataclass(frozen=True)
class Catalogue:
    """The account's tables as one role sees them."""

    tables: Mapping[str, Table]
    hidden_tables: frozenset[str] = frozenset()
    hidden_columns: frozenset[str] = frozenset()  # exist, but the role may not see them
    absent_columns: frozenset[str] = frozenset()  # do not exist in this account
    row_filters: Mapping[str, str] = field(default_factory=dict)  # table → condition on {t}
    latest_term: str | None = None  # ISO date: later term dates read as this one


def _columns(specification: str) -> dict[str, Column]:
    """Columns from lines of `kind: name name …`."""
    found: dict[str, Column] = {}
    for line in filter(None, map(str.strip, specification.splitlines())):
        kind, names = line.split(":")
        found |= {name: Column(name, Kind(kind)) for name in names.split()}
    return found


def _derived(kind: Kind, sql: str, *names: str) -> dict[str, Column]:
    return {name: Column(name, kind, sql) for name in names}


def _shown(columns: dict[str, Column], **displays: str) -> dict[str, Column]:
    return columns | {name: replace(columns[name], display=sql) for name, sql in displays.items()}


def _name_of(table: str, column: str, name: str = "name") -> str:
    return f'(SELECT any_value(d."{name}") FROM "{table}" d WHERE d.id = {{t}}."{column}")'


TYPES = {  # type code → record type, abbreviation, label
    "SalesOrd": ("salesorder", "SORD", "Sales Order"),
    "CustInvc": ("invoice", "INV", "Invoice"),
}
STATUSES = {
    "A": "Pending Approval",
    "B": "Pending Fulfillment",
    "C": "Cancelled",
    "D": "Partially Fulfilled",
    "E": "Pending Billing/Partially Fulfilled",
    "F": "Pending Billing",
    "G": "Billed",
    "H": "Closed",
}


def _by_type(position: int) -> str:
    cases = " ".join(f"WHEN '{code}' THEN '{names[position]}'" for code, names in TYPES.items())
    return f"CASE {{t}}.type {cases} END"


_STATUS_NAME = (
    '(SELECT any_value(d.fullname) FROM "transactionstatus" d WHERE d.id = {t}.status AND d.trantype = {t}.type)'
)
_TRANSACTION_NAME = (
    "(SELECT any_value(d.type || ' #' || d.tranid) FROM \"transaction\" d WHERE d.id = {t}.transaction)"
)

_TRANSACTION = _shown(
    _columns(
        """
        number: id
        text: type tranid externalid
        number: entity
        text: status
        date: trandate startdate enddate duedate shipdate closedate
        instant: createddate lastmodifieddate
        number: employee currency exchangerate foreigntotal
        text: memo otherrefnum
        date: custbody_swe_contract_start_date custbody_swe_contract_end_date
        number: custbody_tran_term_in_months
        text: custbody_contract_name
        """
    )
    | _derived(Kind.TEXT, _by_type(0), "recordtype")
    | _derived(Kind.TEXT, _by_type(1), "abbrevtype")
    | _derived(Kind.TEXT, f"{_by_type(2)} || ' #' || {{t}}.tranid", "trandisplayname")
    | _derived(Kind.TEXT, "upper({t}.type) || {t}.id", "transactionnumber")
    | _derived(Kind.INSTANT, "{t}.createddate", "createddatetime")
    | _derived(Kind.NUMBER, "CASE WHEN {t}.type = 'CustInvc' THEN {t}.foreigntotal END", "foreignamountpaid")
    | _derived(Kind.NUMBER, "CASE WHEN {t}.type = 'CustInvc' THEN 0 END", "foreignamountunpaid")
    | _derived(Kind.NUMBER, "year({t}.trandate) * 12 + month({t}.trandate) - 24180", "postingperiod")
    | _derived(Kind.TEXT, "CASE WHEN {t}.type = 'CustInvc' THEN 'T' ELSE 'F' END", "posting")
    | _derived(Kind.TEXT, "'F'", "ordpicked", "void", "voided")
    | _derived(Kind.NUMBER, "-5", "createdby", "lastmodifiedby")
    | _derived(Kind.NUMBER, "CAST(NULL AS BIGINT)", "customtype", "terms", "opportunity", "approvalstatus")
    | _derived(Kind.TEXT, "CAST(NULL AS VARCHAR)", "billingstatus", "source"),
    type=_by_type(2),
    status=_STATUS_NAME,
    entity=_name_of("customer", "entity", "entityid"),
    employee=_name_of("employee", "employee", "entityid"),
    currency=_name_of("currency", "currency"),
)

_LINE = _shown(
    _columns(
        """
        number: uniquekey transaction id linesequencenumber
        text: mainline taxline
        number: item
        text: itemtype
        number: quantity rate netamount foreignamount
        text: isclosed
        number: subsidiary department
        text: memo
        instant: linelastmodifieddate linecreateddate
        date: revrecstartdate revrecenddate custcol_start_date custcol_end_date
        date: custcol_swe_contract_start_date custcol_swe_contract_end_date
        number: custcol_swe_contract_item_term_months
        """
    )
    | _derived(Kind.TEXT, "'F'", "iscogs", "donotdisplayline")
    | _derived(Kind.NUMBER, "CASE WHEN {t}.mainline = 'F' THEN 0 END", "quantitybilled", "quantityshiprecv")
    | _derived(Kind.DATE, "CAST(NULL AS DATE)", "closedate")
    | _derived(Kind.NUMBER, "CAST(NULL AS BIGINT)", "createdfrom", "class", "location", "revrecterminmonths")
    | _derived(Kind.NUMBER, "CAST(NULL AS BIGINT)", "subscription", "subscriptionline"),
    transaction=_TRANSACTION_NAME,
    item=_name_of("item", "item", "itemid"),
    subsidiary=_name_of("subsidiary", "subsidiary"),
    department=_name_of("department", "department"),
)

_CUSTOMER = _shown(
    _columns(
        """
        number: id
        text: entityid externalid companyname firstname lastname isperson email
        number: parent
        text: isinactive
        instant: datecreated lastmodifieddate
        """
    ),
    parent=_name_of("customer", "parent", "entityid"),
)

_LINK = "number: previousdoc nextdoc\ntext: previoustype nexttype linktype\ninstant: lastmodifieddate"
_NAMED = "number: id\ntext: name fullname isinactive\nnumber: parent"


def _table(name: str, key: str, columns: str | dict[str, Column], feature: str | None = None) -> Table:
    found = _columns(columns) if isinstance(columns, str) else columns
    return Table(name, tuple(key.split()), found, feature)


STANDARD_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table("transaction", "id", _TRANSACTION),
        _table("transactionline", "uniquekey", _LINE),
        _table("customer", "id", _CUSTOMER),
        _table(
            "customersubsidiaryrelationship",
            "id",
            "number: id entity subsidiary\ntext: isprimarysub name",
            "one_world",
        ),
        _table(
            "subsidiary",
            "id",
            _shown(
                _columns("number: id parent currency\ntext: name fullname iselimination isinactive"),
                parent=_name_of("subsidiary", "parent"),
                currency=_name_of("currency", "currency"),
            ),
            "one_world",
        ),
        _table(
            "contact",
            "id",
            "number: id\ntext: entityid firstname lastname email\nnumber: company\ntext: isinactive\n"
            "instant: lastmodifieddate",
        ),
        _table("currency", "id", "number: id exchangerate\ntext: symbol name isinactive"),
        _table("department", "id", _NAMED),
        _table(
            "employee",
            "id",
            "number: id\ntext: entityid firstname lastname email isinactive\ninstant: lastmodifieddate",
        ),
        _table(
            "item",
            "id",
            "number: id\ntext: itemid displayname fullname itemtype isinactive\n"
            "instant: createddate lastmodifieddate",
        ),
        _table(
            "job", "id", "number: id customer\ntext: entityid companyname isinactive\ninstant: lastmodifieddate"
        ),
        _table(
            "subscription",
            "id",
            "number: id customer\ntext: name\ndate: startdate enddate\ntext: billingsubscriptionstatus frequency\n"
            "number: subscriptionrevision\ninstant: lastmodifieddate",
            "suite_billing",
        ),
        _table("transactionstatus", "id trantype", "text: id name fullname trantype trancustomtype"),
        _table("previoustransactionlink", "previousdoc nextdoc", _LINK),
        _table("nexttransactionlink", "previousdoc nextdoc", _LINK),
        _table(
            "customfield",
            "internalid",
            "number: internalid\ntext: scriptid name fieldtype fieldvaluetype isinactive",
        ),
        _table(
            "deletedrecord",
            "recordid recordtypeid",
            _shown(
                _columns(
                    "text: name\nnumber: recordid recordtypeid\ntext: scriptid context\nnumber: deletedby\n"
                    "instant: deleteddate\ntext: iscustomlist iscustomrecord iscustomtransaction type"
                ),
                deletedby=f"coalesce({_name_of('employee', 'deletedby', 'entityid')}, '-System-')",
            ),
        ),
        _table(
            "transactionhistory",
            "id",
            "number: id transaction\ntext: type\nnumber: customtype\n"
            "text: status documentnumber transactionnumber\n"
            "date: transactiondate\nnumber: entity amount\ntext: action\nnumber: version\ntext: username\n"
            "instant: datetime",
        ),
        _table("dual", "dummy", "text: dummy"),
    )
}

_OTHER_DATES = frozenset({"trandate", "duedate", "shipdate", "closedate"})


def is_term_date(table: str, column: Column) -> bool:
    """Whether a term may be read from this column; custom date fields count."""
    tables = ("transaction", "transactionline", "subscription")
    return table in tables and column.kind is Kind.DATE and column.name not in _OTHER_DATES


_PREFIXES = {"custbody": "transaction", "custcol": "transactionline", "custentity": "customer"}


def catalogue(
    features: Mapping[str, bool],
    custom: Iterable[tuple[str, Kind]] = (),
    hidden_tables: frozenset[str] = frozenset(),
    hidden_columns: frozenset[str] = frozenset(),
) -> Catalogue:
    """The account's catalogue: `features` switches tables on or off, `custom` adds (scriptid, kind) fields."""
    tables = dict(STANDARD_TABLES)
    for scriptid, kind in custom:
        name = _PREFIXES[scriptid.split("_")[0]]
        tables[name] = tables[name].with_columns([Column(scriptid, kind)])
    off = {name for name, table in tables.items() if table.feature and not features.get(table.feature, True)}
    absent = frozenset() if features.get("one_world", True) else frozenset({"transactionline.subsidiary"})
    return Catalogue(tables, hidden_tables | off, hidden_columns, absent)


def custom_fields(tables: Mapping[str, Table]) -> list[Column]:
    """Every custbody_, custcol_ and custentity_ column of the account."""
    return [
        column
        for table in tables.values()
        for column in table.columns.values()
        if column.name.split("_")[0] in _PREFIXES
    ]
