"""`termsync token`"""

from typing import Annotated

import typer

from worker.cli.options import Json, group

app = group()
Name = Annotated[str, typer.Argument(help="Name of the token; unique for ever.")]


@app.callback()
def token() -> None:
    """Tokens of the JSON API: make, list, revoke."""


@app.command("add")
def add_token(
    name: Name,
    scope: Annotated[
        list[str], typer.Option("--scope", help="read, roster, enrollments or resync; may be repeated.")
    ],
    tenant: Annotated[str | None, typer.Option("--tenant", help="For this tenant only. Default: all.")] = None,
    per_minute: Annotated[
        int | None, typer.Option("--per-minute", help="Most requests a minute. Default: 60000.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Makes a token and prints it, once."""
    from models.token import PER_MINUTE
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tokens

    out = Output(as_json)
    limit = PER_MINUTE if per_minute is None else per_minute
    with opened() as found, found.sessions.begin() as session:
        made = tokens.add(session, name, scope, found.why(session), tenant, limit)
    out.document({"name": name, "tenant": tenant, "scopes": scope, "per_minute": limit, "token": made})
    out.say(made)
    out.note(f"This is token {name}, for {tenant or 'all tenants'}. Keep it safe: it is not shown again.")
    return Exit.DONE


@app.command("list")
def list_tokens(
    revoked: Annotated[bool, typer.Option("--revoked", help="Revoked ones too.")] = False, as_json: Json = False
) -> int:
    """Lists tokens, what they may do, and when each was last used."""
    from models import token_use
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = token_use.tokens(session, revoked=revoked)
    out.document({"tokens": rows})
    out.table(
        ["name", "tenant", "scopes", "per minute", "made by", "made", "last used", "revoked"],
        [
            (
                row["name"],
                row["tenant"] or "(all)",
                " ".join(row["scopes"]),
                row["per_minute"],
                row["created_by"],
                row["created_at"],
                row["last_used_at"],
                row["revoked_at"],
            )
            for row in rows
        ],
        empty="No token yet: `termsync token add`.",
    )
    return Exit.DONE


@app.command("revoke")
def revoke_token(name: Name, as_json: Json = False) -> int:
    """Ends a token: from the next request on it opens nothing."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tokens

    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        ended = tokens.revoke(session, name, found.why(session))
    out.document({"name": name, "revoked": True, "changed": ended})
    out.say(f"Token {name} is revoked." if ended else f"Token {name} was revoked already.")
    return Exit.DONE
