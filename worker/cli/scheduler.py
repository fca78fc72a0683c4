"""`termsync scheduler`"""

from worker.cli.options import Json, single

app = single()


@app.command()
def scheduler(as_json: Json = False) -> int:
    """Runs one scheduler process.

    Writes the ticks of the schedules and rings for whatever is due, until SIGTERM or Ctrl-C. A second one does no
    harm.
    """
    from worker import scheduler as clockwork
    from worker.cli.exits import Exit

    clockwork.main()
    return Exit.DONE
