"""`termsync rejects`"""

from typing import Annotated

import typer

from worker.cli.options import Json, Limit, group

app = group()


@app.callback()
def rejects() -> None:
    """Rows of NetSuite that could not be used, with the reason."""


@app.command("list")
def list_rejects(
    code: Annotated[str | None, typer.Option("--code", help="Only rows with this reason.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> int:
    """Lists rejected and parked rows, newest first; the last accepted term of such an order stays in force.

    A row leaves the list by itself when NetSuite sends a good one.
    """
    from models import listings
    from worker import explain
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = listings.rejects(session, code=code, limit=limit)
        codes = listings.reject_codes(session)
    out.document({"codes": codes, "rejects": rows})
    out.table(
        ["order id", "number", "customer", "code", "detail", "since"],
        [
            (row["order_id"], row["number"], row["customer_id"], row["code"], row["detail"], row["since"])
            for row in rows
        ],
        empty="No row is rejected.",
    )
    for each in codes:
        known = explain.find(each["code"])
        out.note(f"{each['rows']:,} × {each['code']}: {known.remedy if known else ''}")
    return Exit.DONE
