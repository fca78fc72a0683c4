"""The record types of the record API and how their JSON fields map to columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from connectors.mock_netsuite.columns import Column, Kind, Table
from connectors.mock_netsuite.tables import STATUSES


class Form(Enum):
    """How a field looks in JSON."""

    TEXT = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "date-time"
    REFERENCE = "reference"
    STATUS = "enum"


@dataclass(frozen=True, slots=True)
class Field:
    """`target` is the table a reference points into; `sign` is -1 where NetSuite stores the credit side."""

    name: str
    column: str
    form: Form
    target: str | None = None
    read_only: bool = False
    mandatory: str | None = None  # the label in NetSuite's "Please enter value(s) for"
    sign: int = 1


@dataclass(frozen=True)
class RecordType:
    """One record type; `code` is its transaction type, `recordtype` its spelling in URLs, `name` in camel case."""

    name: str
    table: str
    label: str
    fields: Mapping[str, Field]
    code: str | None = None
    deleted_type: int = 0
    lines: Mapping[str, Field] = field(default_factory=dict)
    name_column: str = "entityid"
    read_only: bool = False  # the role may view them, not change them

    @property
    def condition(self) -> str:
        return f"type = '{self.code}'" if self.code else "true"


TARGETS = {  # table → (record name in links, column that names a row)
    "customer": ("customer", "entityid"),
    "currency": ("currency", "name"),
    "subsidiary": ("subsidiary", "name"),
    "employee": ("employee", "entityid"),
    "item": ("serviceSaleItem", "itemid"),
    "department": ("department", "name"),
}
STATUS_NAMES = STATUSES

_SALES_ORDER = (
    Field("id", "id", Form.TEXT, read_only=True),
    Field("tranId", "tranid", Form.TEXT),
    Field("externalId", "externalid", Form.TEXT),
    Field("entity", "entity", Form.REFERENCE, "customer", mandatory="Customer"),
    Field("orderStatus", "status", Form.STATUS),
    Field("status", "status", Form.STATUS, read_only=True),
    Field("tranDate", "trandate", Form.DATE),
    Field("startDate", "startdate", Form.DATE),
    Field("endDate", "enddate", Form.DATE),
    Field("shipDate", "shipdate", Form.DATE),
    Field("createdDate", "createddate", Form.INSTANT, read_only=True),
    Field("lastModifiedDate", "lastmodifieddate", Form.INSTANT, read_only=True),
    Field("salesRep", "employee", Form.REFERENCE, "employee"),
    Field("subsidiary", "subsidiary", Form.REFERENCE, "subsidiary"),
    Field("currency", "currency", Form.REFERENCE, "currency"),
    Field("exchangeRate", "exchangerate", Form.NUMBER),
    Field("total", "foreigntotal", Form.NUMBER, read_only=True),
    Field("subtotal", "foreigntotal", Form.NUMBER, read_only=True),
    Field("memo", "memo", Form.TEXT),
    Field("otherRefNum", "otherrefnum", Form.TEXT),
)
_LINE = (
    Field("line", "id", Form.NUMBER, read_only=True),
    Field("item", "item", Form.REFERENCE, "item", mandatory="Item"),
    Field("quantity", "quantity", Form.NUMBER, sign=-1),
    Field("rate", "rate", Form.NUMBER),
    Field("amount", "foreignamount", Form.NUMBER, sign=-1),
    Field("description", "memo", Form.TEXT),
    Field("isClosed", "isclosed", Form.BOOLEAN),
    Field("department", "department", Form.REFERENCE, "department"),
    Field("revRecStartDate", "revrecstartdate", Form.DATE),
    Field("revRecEndDate", "revrecenddate", Form.DATE),
)
_CUSTOMER = (
    Field("id", "id", Form.TEXT, read_only=True),
    Field("entityId", "entityid", Form.TEXT),
    Field("externalId", "externalid", Form.TEXT),
    Field("companyName", "companyname", Form.TEXT, mandatory="Company Name"),
    Field("firstName", "firstname", Form.TEXT),
    Field("lastName", "lastname", Form.TEXT),
    Field("isPerson", "isperson", Form.BOOLEAN),
    Field("email", "email", Form.TEXT),
    Field("parent", "parent", Form.REFERENCE, "customer"),
    Field("isInactive", "isinactive", Form.BOOLEAN),
    Field("subsidiary", "subsidiary", Form.REFERENCE, "subsidiary"),
    Field("dateCreated", "datecreated", Form.INSTANT, read_only=True),
    Field("lastModifiedDate", "lastmodifieddate", Form.INSTANT, read_only=True),
)
_ID = Field("id", "id", Form.TEXT, read_only=True)
_NAME = Field("name", "name", Form.TEXT)
_IS_INACTIVE = Field("isInactive", "isinactive", Form.BOOLEAN)
_MODIFIED = Field("lastModifiedDate", "lastmodifieddate", Form.INSTANT, read_only=True)
_PERSON = (
    _ID,
    Field("entityId", "entityid", Form.TEXT),
    Field("firstName", "firstname", Form.TEXT),
    Field("lastName", "lastname", Form.TEXT),
    Field("email", "email", Form.TEXT),
    _IS_INACTIVE,
    _MODIFIED,
)
_ITEM = (
    _ID,
    Field("itemId", "itemid", Form.TEXT),
    Field("displayName", "displayname", Form.TEXT),
    _IS_INACTIVE,
    _MODIFIED,
)
_SUBSIDIARY = (
    _ID,
    _NAME,
    Field("parent", "parent", Form.REFERENCE, "subsidiary"),
    Field("currency", "currency", Form.REFERENCE, "currency"),
    _IS_INACTIVE,
)
_CURRENCY = (
    _ID,
    _NAME,
    Field("symbol", "symbol", Form.TEXT),
    Field("exchangeRate", "exchangerate", Form.NUMBER),
    _IS_INACTIVE,
)
_FORMS = {Kind.DATE: Form.DATE, Kind.NUMBER: Form.NUMBER, Kind.TEXT: Form.TEXT}


def record_types(tables: Mapping[str, Table]) -> dict[str, RecordType]:
    """The record types by their lower-case spelling, with the account's custom fields."""
    found = (
        RecordType(
            "salesOrder",
            "transaction",
            "Sales Order",
            _with_custom(_SALES_ORDER, tables["transaction"], "custbody_"),
            code="SalesOrd",
            deleted_type=31,
            lines=_with_custom(_LINE, tables["transactionline"], "custcol_"),
            name_column="tranid",
        ),
        RecordType(
            "customer",
            "customer",
            "Customer",
            _with_custom(_CUSTOMER, tables["customer"], "custentity_"),
            deleted_type=2,
        ),
        # What orders and customers refer to, so that each of their links leads somewhere.
        _viewed("subsidiary", "subsidiary", "Subsidiary", _SUBSIDIARY),
        _viewed("currency", "currency", "Currency", _CURRENCY),
        _viewed("department", "department", "Department", (_ID, _NAME, _IS_INACTIVE)),
        _viewed("employee", "employee", "Employee", _PERSON),
        _viewed("serviceSaleItem", "item", "Service for Sale", _ITEM),
        # Every account has some; clients list them to see whether a login works.
        _viewed(
            "contact", "contact", "Contact", (*_PERSON, Field("company", "company", Form.REFERENCE, "customer"))
        ),
    )
    return {record_type.name.lower(): record_type for record_type in found}


def _viewed(name: str, table: str, label: str, fields: tuple[Field, ...]) -> RecordType:
    return RecordType(name, table, label, {entry.name: entry for entry in fields}, read_only=True)


def _with_custom(standard: tuple[Field, ...], table: Table, prefix: str) -> dict[str, Field]:
    custom = [_custom(column) for column in table.columns.values() if column.name.startswith(prefix)]
    return {entry.name: entry for entry in (*standard, *custom)}


def _custom(column: Column) -> Field:
    return Field(column.name, column.name, _FORMS[column.kind])
