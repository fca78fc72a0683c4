"""`termsync webhook`"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.options import Json, Limit, Reason, Yes, group

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.enrollment_changes import Why

app = group()
Name = Annotated[str, typer.Argument(help="Name of the webhook.")]


@app.callback()
def webhook() -> None:
    """Who is called about changes: make, test, disable, send again."""


@app.command("add")
def add_webhook(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where it is called, e.g. https://lms.example.com/termsync.")],
    tenant: Annotated[str | None, typer.Option("--tenant", help="About this tenant only. Default: all.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Kind of events; may be repeated. Default: all.")
    ] = None,
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Number of the event to begin behind. Default: now.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Makes a webhook and prints its secret, once."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import webhooks
    from worker.pipeline.webhooks_secrets import keyring

    out = Output(as_json)
    wanted = webhooks.Wanted(name, url, tenant, kind or (), after)
    with opened() as found, found.sessions.begin() as session:
        keys = keyring(found.settings, make=True)
        secret = webhooks.add(session, found.settings, keys, wanted, found.why(session))
    out.document({"name": name, "url": url, "tenant": tenant, "kinds": kind or None, "secret": secret})
    out.say(secret)
    out.note("This is the secret that its calls are signed with. Keep it safe: it is not shown again.")
    return Exit.DONE


@app.command("list")
def list_webhooks(as_json: Json = False) -> int:
    """Lists webhooks, and how each is doing."""
    from models import webhook_listing
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = webhook_listing.webhooks(session)
    out.document({"webhooks": rows})
    out.table(
        ["name", "tenant", "kinds", "state", "last taken", "dead calls", "last error", "address"],
        [
            (
                row["name"],
                row["tenant"] or "(all)",
                " ".join(row["kinds"] or ["(all)"]),
                _state(row),
                row["delivered_at"],
                row["dead"],
                row["last_error"],
                row["url"],
            )
            for row in rows
        ],
        empty="No webhook yet: `termsync webhook add`.",
    )
    return Exit.DONE


def _state(row: dict[str, Any]) -> str:
    if row["disabled_at"] is not None:
        return f"disabled: {row['disabled_because']}"
    return "failing" if row["failing_since"] is not None else "active"


@app.command("calls")
def list_calls(
    name: Name,
    state: Annotated[str | None, typer.Option("--state", help="due, delivered or dead. Default: all.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> int:
    """Lists the calls of a webhook, newest first."""
    if state not in {None, "due", "delivered", "dead"}:
        raise typer.BadParameter(f"{state!r} is none of due, delivered and dead.", param_hint="--state")
    from models import webhook_listing
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import webhooks

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        webhook_id = webhooks.find(session, name).id
        rows = webhook_listing.deliveries(session, webhook_id, state=state, limit=limit)
    out.document({"calls": rows})
    out.table(
        ["call", "first event", "last event", "events", "state", "attempts", "next", "ended", "last error"],
        [
            (
                row["id"],
                row["first_event"],
                row["last_event"],
                row["events"],
                row["state"],
                row["attempts"],
                row["not_before"] if row["state"] == "due" else None,
                row["ended_at"],
                row["last_error"],
            )
            for row in rows
        ],
        empty="No call yet.",
    )
    return Exit.DONE


@app.command("test")
def try_webhook(name: Name, as_json: Json = False) -> int:
    """Calls a webhook now, about nothing, and says what it answered."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.queue import calling

    out = Output(as_json)
    with opened() as found:
        answer = calling.try_out(found.sessions, found.settings, name)
    taken = 200 <= answer.status < 300
    out.document({"name": name, "taken": taken, "status": answer.status, "answer": answer.text})
    out.say(f"{name} answered {answer.status}." + ("" if taken else " A call counts as taken by 200 to 299 only."))
    return Exit.DONE if taken else Exit.FAILED


@app.command("rotate")
def rotate_secret(
    name: Name,
    overlap_hours: Annotated[
        float, typer.Option("--overlap-hours", min=0, max=720, help="Calls are signed with both for so long.")
    ] = 24,
    as_json: Json = False,
) -> int:
    """Makes a new secret and prints it, once. For a day calls are signed with the one before, too."""
    from datetime import timedelta

    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import webhooks
    from worker.pipeline.webhooks_secrets import keyring

    out = Output(as_json)
    overlap = timedelta(hours=overlap_hours)
    with opened() as found, found.sessions.begin() as session:
        secret = webhooks.rotate(session, keyring(found.settings, make=True), name, found.why(session), overlap)
    out.document({"name": name, "secret": secret, "overlap_hours": overlap_hours})
    out.say(secret)
    out.note(f"Both secrets are good for {overlap_hours:g} hours. Keep it safe: it is not shown again.")
    return Exit.DONE


@app.command("disable")
def disable_webhook(name: Name, reason: Reason = None, as_json: Json = False) -> int:
    """Stops calling a webhook. What happens meanwhile waits."""
    from worker.pipeline import webhooks

    def disable(session: "Session", why: "Why") -> bool:
        return webhooks.disable(session, name, why, reason or "")

    return _done(disable, name, as_json, f"{name} is not called any more.", f"{name} was disabled already.")


@app.command("enable")
def enable_webhook(name: Name, as_json: Json = False) -> int:
    """Calls a webhook again, from where it stopped."""
    from worker.pipeline import webhooks

    def enable(session: "Session", why: "Why") -> bool:
        return webhooks.enable(session, name, why)

    return _done(enable, name, as_json, f"{name} is called again.", f"{name} was not disabled.")


@app.command("remove")
def remove_webhook(name: Name, yes: Yes = False, as_json: Json = False) -> int:
    """Forgets a webhook with its calls."""
    from worker.cli.output import Output
    from worker.pipeline import webhooks

    Output(as_json).confirm(f"Remove the webhook {name} with all of its calls?", yes)

    def remove(session: "Session", why: "Why") -> bool:
        webhooks.remove(session, name, why)
        return True

    return _done(remove, name, as_json, f"{name} is removed.", "")


def _done(
    change: "Callable[[Session, Why], bool]", name: str, as_json: bool, changed_words: str, else_words: str
) -> int:
    """Makes one change, and says what came of it."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        changed = change(session, found.why(session))
    out.document({"name": name, "changed": changed})
    out.say(changed_words if changed else else_words)
    return Exit.DONE


@app.command("replay")
def replay_calls(
    name: Name,
    call: Annotated[int | None, typer.Option("--call", min=1, help="This dead call only. Default: all.")] = None,
    as_json: Json = False,
) -> int:
    """Sends dead calls again."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import webhooks

    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        count = webhooks.replay(session, name, found.why(session), call)
    out.document({"name": name, "calls": count})
    out.say(f"{count} calls go out again." if count else "No call is dead.")
    return Exit.DONE
