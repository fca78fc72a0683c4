"""`termsync up`"""

import sys
from typing import Annotated

import typer

from worker.cli.options import Json, single

app = single()


@app.command()
def up(
    host: Annotated[
        str | None, typer.Option("--host", help="Address of the web process. Default: TERMSYNC_WEB_HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port of it. Default: TERMSYNC_WEB_PORT.")
    ] = None,
    no_web: Annotated[bool, typer.Option("--no-web", help="Without the web process.")] = False,
    as_json: Json = False,
) -> int:
    """Runs workers, scheduler and web, and the embedded servers where no URL is set.

    A process that dies is started again. Ctrl-C or SIGTERM ends all of them; data stay in TERMSYNC_DATA_DIR.
    """
    from worker import logs, settings
    from worker.cli.exits import Exit
    from worker.cli.output import Output
    from worker.queue import broker
    from worker.supervisor import Child, prepared

    found = settings.load()
    logs.configure(found)
    out = Output(as_json)
    host, port = host or found.web_host, port or found.web_port
    web = Child("web", [sys.executable, "-m", "worker.cli", "web", "--host", host, "--port", str(port)])
    with prepared(found, [] if no_web else [web]) as supervisor:
        if found.redis_url is not None:
            broker.check(found.redis_url.get_secret_value())
        if found.netsuite_account is None:
            out.note("NETSUITE_ACCOUNT is not set: expiries are swept, nothing is pulled.", style="yellow")
        where = "" if no_web else f" at {found.web_url or f'http://{host}:{port}'}"
        out.note(f"termsync is up{where}. Ctrl-C ends it.")
        supervisor.run()
    out.document({"stopped": True})
    return Exit.DONE
