"""`termsync demo`"""

from typing import Annotated

import typer

from worker.cli.options import Json, single

app = single()


@app.command()
def demo(
    orders: Annotated[int, typer.Option("--orders", min=50, max=1000, help="Sales orders to begin with.")] = 300,
    speed: Annotated[float, typer.Option("--speed", min=0.1, max=20, help="Pace of the sales desk.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed sells the same things.")] = 1,
    seconds: Annotated[float | None, typer.Option("--seconds", min=1, help="End by itself.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the data of the last demo.")] = False,
    as_json: Json = False,
) -> int:
    """Shows termsync at work on a mock NetSuite, live in the terminal.

    Runs the mock, its servers, workers, scheduler and web in a data directory of its own and touches nothing
    that is configured. A sales desk goes on creating, extending, shortening and cancelling orders. Ctrl-C ends it.
    """
    from worker.cli.exits import Exit
    from worker.cli.output import Output
    from worker.demo.show import Options, show

    out = Output(as_json)
    counts = show(Options(orders, seed, speed, seconds, keep, quiet=as_json))
    out.document(counts)
    out.say(
        f"The demo has ended: {counts['orders']} orders came or changed, {counts['expired']} people expired,"
        f" {counts['reinstated']} were reinstated, {counts['holds']} holds. Nothing is left running."
    )
    return Exit.DONE
