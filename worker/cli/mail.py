"""`termsync mail`"""

from typing import Annotated

import typer

from worker.cli.options import Json, Limit, Yes, group

app = group()


@app.callback()
def mail() -> None:
    """Mails: list, try parked ones again, try the mail server."""


@app.command("list")
def list_mails(
    state: Annotated[
        str | None, typer.Option("--state", help="queued, sending, sent, suppressed, refused or parked.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Of this kind, such as item-unlocked.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="To users of this tenant, by its key.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> int:
    """Lists the latest mails, newest first, with what became of each and why."""
    from dataclasses import asdict

    from models import mail_listing
    from models.mail import STATES
    from models.mail_gate import kind_of
    from models.mail_listing import MailFilter
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tenants

    if state is not None and state not in STATES:
        raise typer.BadParameter(f"{state!r} is no state; there are {', '.join(STATES)}.", param_hint="--state")
    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        tenant_id = None if tenant is None else tenants.find(session, tenant).id
        wanted = MailFilter(tenant_id, state, kind and kind_of(kind))
        rows = mail_listing.page(session, wanted, limit=limit)
    out.document({"mails": [asdict(row) for row in rows]})
    out.table(
        ["mail", "state", "kind", "to", "tenant", "queued", "attempts", "why", "in detail"],
        [
            (
                row.id,
                row.state,
                row.kind,
                row.address,
                row.tenant,
                row.queued_at,
                row.attempts,
                row.reason,
                row.detail,
            )
            for row in rows
        ],
        empty="No mail matches.",
    )
    return Exit.DONE


@app.command("retry")
def retry_mails(
    mail_ids: Annotated[list[int] | None, typer.Argument(metavar="N", min=1, help="Numbers of mails.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All parked mails.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Sends parked mails again; one whose outcome is unknown may then arrive twice."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pages.words import counted
    from worker.pipeline import notifications

    if everything == bool(mail_ids):
        raise typer.BadParameter("Give the numbers of mails, or --all.", param_hint="N")
    out = Output(as_json)
    with opened() as found:
        if everything:
            out.confirm("Send every parked mail again?", yes)
        with found.sessions.begin() as session:
            tried = notifications.retry(session, mail_ids, found.why(session))
    out.document({"retried": tried})
    out.say(f"{counted(len(tried), 'mail')} due again." if tried else "No mail is parked.")
    return Exit.DONE


@app.command("test")
def try_server(
    to: Annotated[str, typer.Option("--to", help="Address that gets the mail.")], as_json: Json = False
) -> int:
    """Sends one mail at once, past the queue, and says what the mail server answered."""
    from worker.cli.exits import Exit
    from worker.cli.opened import configured
    from worker.cli.output import Output
    from worker.pipeline import mail_trial

    out = Output(as_json)
    tried = mail_trial.send(configured(), to)
    out.document({"to": to, "server": tried.server, "said": tried.said, "message_id": tried.message_id})
    out.say(f"{tried.server} took the mail to {to}: {tried.said}")
    out.note(f"Its Message-ID is {tried.message_id}. If it does not arrive, look for that in the server's log.")
    return Exit.DONE
