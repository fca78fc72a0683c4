"""`termsync worker`"""

from typing import Annotated

import typer

from worker.cli.options import Json, single

app = single()


@app.command()
def worker(
    queue: Annotated[
        list[str] | None, typer.Option("--queue", help="short, long, calls; may be repeated. Default: all.")
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Pieces of work at once.")] = 4,
    as_json: Json = False,
) -> int:
    """Runs one worker process.

    Takes work until SIGTERM or Ctrl-C, then stops at the next page edge. short: expiry, reconciling, looking for
    what is due. long: pulls and large edits. calls: webhooks and mails. Give calls a worker of its own, so that a
    slow receiver never delays an expiry, and long too where many long runs are under way at once.
    """
    from worker.queue import process
    from worker.queue.broker import QUEUES

    unknown = sorted(set(queue or ()) - set(QUEUES))
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is not a queue; there are short, long and calls.", param_hint="--queue"
        )
    return process.main(tuple(queue or QUEUES), threads)
