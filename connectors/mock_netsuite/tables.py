"""The tables of an account and their columns.

Columns come from netsuite-connected projects in public; those from memory only are listed in `assumptions.py`.
"""

from __future__ import annotations

from connectors.mock_netsuite.columns import Column, Kind, Table, columns_from, computed, name_of, with_displays

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

_TRANSACTION = with_displays(
    columns_from(
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
    | computed(Kind.TEXT, _by_type(0), "recordtype")
    | computed(Kind.TEXT, _by_type(1), "abbrevtype")
    | computed(Kind.TEXT, f"{_by_type(2)} || ' #' || {{t}}.tranid", "trandisplayname")
    | computed(Kind.TEXT, "upper({t}.type) || {t}.id", "transactionnumber")
    | computed(Kind.INSTANT, "{t}.createddate", "createddatetime")
    | computed(Kind.NUMBER, "CASE WHEN {t}.type = 'CustInvc' THEN {t}.foreigntotal END", "foreignamountpaid")
    | computed(Kind.NUMBER, "CASE WHEN {t}.type = 'CustInvc' THEN 0 END", "foreignamountunpaid")
    | computed(Kind.NUMBER, "year({t}.trandate) * 12 + month({t}.trandate) - 24180", "postingperiod")
    | computed(Kind.TEXT, "CASE WHEN {t}.type = 'CustInvc' THEN 'T' ELSE 'F' END", "posting")
    | computed(Kind.TEXT, "'F'", "ordpicked", "void", "voided")
    | computed(Kind.NUMBER, "-5", "createdby", "lastmodifiedby")
    | computed(Kind.NUMBER, "CAST(NULL AS BIGINT)", "customtype", "terms", "opportunity", "approvalstatus")
    | computed(Kind.TEXT, "CAST(NULL AS VARCHAR)", "billingstatus", "source"),
    type=_by_type(2),
    status=_STATUS_NAME,
    entity=name_of("customer", "entity", "entityid"),
    employee=name_of("employee", "employee", "entityid"),
    currency=name_of("currency", "currency"),
)

_LINE = with_displays(
    columns_from(
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
    | computed(Kind.TEXT, "'F'", "iscogs", "donotdisplayline")
    | computed(Kind.NUMBER, "CASE WHEN {t}.mainline = 'F' THEN 0 END", "quantitybilled", "quantityshiprecv")
    | computed(Kind.DATE, "CAST(NULL AS DATE)", "closedate")
    | computed(Kind.NUMBER, "CAST(NULL AS BIGINT)", "createdfrom", "class", "location", "revrecterminmonths")
    | computed(Kind.NUMBER, "CAST(NULL AS BIGINT)", "subscription", "subscriptionline"),
    transaction=_TRANSACTION_NAME,
    item=name_of("item", "item", "itemid"),
    subsidiary=name_of("subsidiary", "subsidiary"),
    department=name_of("department", "department"),
)

_CUSTOMER = with_displays(
    columns_from(
        """
        number: id
        text: entityid externalid companyname firstname lastname isperson email
        number: parent
        text: isinactive
        instant: datecreated lastmodifieddate
        """
    ),
    parent=name_of("customer", "parent", "entityid"),
)

_LINK = "number: previousdoc nextdoc\ntext: previoustype nexttype linktype\ninstant: lastmodifieddate"
_NAMED = "number: id\ntext: name fullname isinactive\nnumber: parent"


def _table(name: str, key: str, columns: str | dict[str, Column], feature: str | None = None) -> Table:
    found = columns_from(columns) if isinstance(columns, str) else columns
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
            with_displays(
                columns_from("number: id parent currency\ntext: name fullname iselimination isinactive"),
                parent=name_of("subsidiary", "parent"),
                currency=name_of("currency", "currency"),
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
            with_displays(
                columns_from(
                    "text: name\nnumber: recordid recordtypeid\ntext: scriptid context\nnumber: deletedby\n"
                    "instant: deleteddate\ntext: iscustomlist iscustomrecord iscustomtransaction type"
                ),
                deletedby=f"coalesce({name_of('employee', 'deletedby', 'entityid')}, '-System-')",
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
