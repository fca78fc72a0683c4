"""`termsync explain`"""

from typing import Annotated

import typer

from worker.cli.options import Json, single

app = single()


@app.command()
def explain(
    code: Annotated[str | None, typer.Argument(help="An error code; without one, all are listed.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The page of the documentation.")] = False,
    as_json: Json = False,
) -> int:
    """Says what an error code means and what to do."""
    from worker import explain as registry
    from worker.cli.exits import Exit
    from worker.cli.output import Output
    from worker.errors import NotFound

    out = Output(as_json)
    if markdown:
        typer.echo(registry.page(), nl=False)
        return Exit.DONE
    if code is None:
        codes = {each: known for group in registry.REGISTRY.values() for each, known in group.items()}
        out.document({"codes": {each: known._asdict() for each, known in codes.items()}})
        out.table(["code", "meaning"], [(each, codes[each].meaning) for each in sorted(codes)])
        return Exit.DONE
    known = registry.find(code)
    if known is None:
        raise NotFound("code-unknown", f"There is no error code {code!r}.", "List them with `termsync explain`.")
    out.document({"code": code, **known._asdict()})
    out.say(known.meaning)
    out.say(f"What to do: {known.remedy}")
    return Exit.DONE
