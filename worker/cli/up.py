"""`termsync up`"""

from worker.cli.options import Json, single

app = single()


@app.command()
def up(as_json: Json = False) -> int:
    """Runs workers and scheduler, and the embedded servers where no URL is set.

    A process that dies is started again. Ctrl-C or SIGTERM ends all of them; data stay in TERMSYNC_DATA_DIR.
    """
    from worker import logs, settings
    from worker.cli.exits import Exit
    from worker.cli.output import Output
    from worker.queue import broker
    from worker.supervisor import prepared

    found = settings.load()
    logs.configure(found)
    out = Output(as_json)
    with prepared(found) as supervisor:
        if found.redis_url is not None:
            broker.check(found.redis_url.get_secret_value())
        if found.netsuite_account is None:
            out.note("NETSUITE_ACCOUNT is not set: expiries are swept, nothing is pulled.", style="yellow")
        out.note("termsync is up. Ctrl-C ends it.")
        supervisor.run()
    out.document({"stopped": True})
    return Exit.DONE
