"""`termsync web`"""

from typing import Annotated

import typer

from worker.cli.options import Json, single

app = single()


@app.command()
def web(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on. Default: TERMSYNC_WEB_HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on. Default: TERMSYNC_WEB_PORT.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Runs one web process: the pages, health, readiness; metrics for this machine."""
    from worker import logs, settings
    from worker.cli.exits import Exit
    from worker.web import server

    found = settings.load()
    logs.configure(found)
    server.main(found, host or found.web_host, port or found.web_port)
    return Exit.DONE
