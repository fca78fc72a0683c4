"""`termsync doctor`"""

from worker.cli.options import Json, single

app = single()


@app.command()
def doctor(as_json: Json = False) -> int:
    """Checks every dependency and setting and names the fix.

    Sends a few requests to NetSuite, one at a time; writes nothing. Exit code 1: something is wrong; 6: a
    dependency does not answer.
    """
    from worker.cli.exits import UNREACHABLE, Exit
    from worker.cli.opened import configured
    from worker.cli.output import Output
    from worker.doctor import examine

    out = Output(as_json)
    findings = []
    for finding in examine(configured()):
        findings.append(finding)
        style = {"ok": "green", "wrong": "bold red", "skipped": "dim", "warning": "yellow"}[finding.state]
        out.say(f"{finding.state:<8} {finding.what}: {finding.detail}", style=style)
        if finding.remedy:
            out.say(f"         {finding.remedy}")
    out.document({"findings": [finding._asdict() for finding in findings]})
    wrong = [finding for finding in findings if finding.state == "wrong"]
    if any(finding.code in UNREACHABLE for finding in wrong):
        return Exit.UNREACHABLE
    return Exit.FAILED if wrong else Exit.DONE
