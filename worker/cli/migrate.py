"""`termsync migrate`"""

from worker.cli.options import Json, single

app = single()


@app.command()
def migrate(as_json: Json = False) -> int:
    """Brings the database's schema to this version.

    Waits for another migration that runs. Safe to repeat, and safe while the previous version is still running.
    """
    from sqlalchemy.exc import ArgumentError

    from models import migrate as schema
    from worker.cli.exits import Exit
    from worker.cli.opened import configured, url_invalid
    from worker.cli.output import Output
    from worker.embedded import servers

    out = Output(as_json)
    with servers(configured()) as addresses:
        try:
            before = _current(addresses.database_url)
        except ArgumentError:
            raise url_invalid() from None
        schema.upgrade(addresses.database_url)
    after = schema.head()
    out.say(
        f"The schema is at {after}."
        if before == after
        else f"The schema went from {before or 'nothing'} to {after}."
    )
    out.document({"before": before, "after": after})
    return Exit.DONE


def _current(url: str) -> str | None:
    from models import migrate as schema
    from worker.database import make_engine

    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            return schema.current(connection)
    finally:
        engine.dispose()
