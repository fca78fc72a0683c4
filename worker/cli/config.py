"""`termsync config`"""

from worker.cli.options import Json, single

app = single()


@app.command()
def config(as_json: Json = False) -> int:
    """Lists every setting, its value and where it came from.

    Settings are environment variables, or lines of the file .env (or of the file that TERMSYNC_ENV_FILE names).
    Secrets are masked.
    """
    from worker import settings
    from worker.cli.exits import Exit
    from worker.cli.output import Output

    described = settings.load().describe()
    out = Output(as_json)
    out.document({"settings": [setting._asdict() for setting in described]})
    out.table(
        ["setting", "value", "from", "meaning"],
        [(setting.name, setting.value or "", setting.source, setting.help) for setting in described],
    )
    return Exit.DONE
