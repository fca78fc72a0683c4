"""`termsync web`"""

from typing import Annotated

import typer

from worker.cli.options import Json, single

app = single()


@app.command()
def web(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8000,
    as_json: Json = False,
) -> int:
    """Runs one web process: health, readiness and metrics."""
    from worker import logs, settings
    from worker.api import server
    from worker.cli.exits import Exit

    found = settings.load()
    logs.configure(found)
    server.main(found, host, port)
    return Exit.DONE
