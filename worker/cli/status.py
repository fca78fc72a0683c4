"""`termsync status`"""

from worker.cli.options import Json, single

app = single()


@app.command()
def status(as_json: Json = False) -> int:
    """Says whether all is well: data age, overdue expiries, queue, workers, holds.

    One line: OK, LATE or BROKEN with the next thing to do. Exit code 1 when it is not OK.
    """
    from worker import status as report
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found:
        seen = report.read(found.sessions, found.addresses.redis_url, found.settings)
    out.document(seen.document())
    style = {"OK": "bold green", "LATE": "bold yellow", "BROKEN": "bold red"}[seen.verdict]
    out.say(seen.headline, style=style)
    out.table(["what", "value", "note"], seen.lines())
    for problem in seen.problems[1:]:
        out.say(f"{problem.verdict}: {problem.what} {problem.action}")
    return Exit.DONE if seen.verdict == "OK" else Exit.FAILED
