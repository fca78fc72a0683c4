"""The roster by the ten thousand: a line of JSON each, answered line by line."""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import Any, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session

from models.roster_import import Line
from worker.api import lines
from worker.api.call import Asked
from worker.api.lines import CourseLine, EnrollmentLine, UserLine
from worker.api.problems import FieldProblem, Refusal, field_problems
from worker.api.roster import bad_field
from worker.api.values import Body, PathKey
from worker.pipeline import roster_lines
from worker.pipeline.roster_lines import BroughtIn

MOST_LINES = 10_000
MOST_BYTES = 32_000_000
AT_ONCE = CapacityLimiter(4)  # requests at work, some of them for minutes; other requests have the other threads
NDJSON = "application/x-ndjson"
ANSWER = """One line of JSON for each line that was sent, in their order:
`{"line": 1, "ok": true, "result": "created"}` (or `changed`, `unchanged`), or
`{"line": 2, "ok": false, "errors": [{"field", "value", "detail", "remedy", "code"}]}`,
then one with the counts: `{"lines": 2, "refused": 1, "counts": {…}}`."""
Each = TypeVar("Each", bound=Body)
Refused = dict[int, list[FieldProblem]]


def description(line: type[Body]) -> dict[str, Any]:
    """What a bulk operation takes and gives, for OpenAPI."""
    schema = {"type": "string", "description": f"Lines of JSON: {', '.join(line.model_fields)}."}
    return {
        "openapi_extra": {"requestBody": {"required": True, "content": {NDJSON: {"schema": schema}}}},
        "responses": {200: {"description": ANSWER, "content": {NDJSON: {"schema": {"type": "string"}}}}},
        "response_class": StreamingResponse,
    }


async def bring_users(call: Asked, tenant: PathKey, request: Request) -> StreamingResponse:
    """Users, at most 10,000, each as by PUT. A line that cannot be taken does not keep back the others."""

    def line(number: int, said: UserLine) -> Line:
        return lines.of_user(number, tenant, said.user, said)

    def work(session: Session, taken: Sequence[Line]) -> BroughtIn:
        return roster_lines.users(session, call.tenant(session, tenant).id, taken)

    return await _bring(call, request, UserLine, line, work)


async def bring_courses(call: Asked, request: Request) -> StreamingResponse:
    """Course versions, at most 10,000, each as by PUT."""

    def line(number: int, said: CourseLine) -> Line:
        return lines.of_course(number, said.course, said.version, said)

    return await _bring(call, request, CourseLine, line, roster_lines.courses)


async def bring_enrollments(call: Asked, tenant: PathKey, request: Request) -> StreamingResponse:
    """Enrollments, at most 10,000, each as by PUT; of several lines about one enrollment the first counts."""

    def line(number: int, said: EnrollmentLine) -> Line:
        return lines.of_enrollment(number, tenant, said.user, said.course, said.version, said)

    def work(session: Session, taken: Sequence[Line]) -> BroughtIn:
        return roster_lines.enrollments(session, call.tenant(session, tenant).id, taken, call.bearer.actor)

    return await _bring(call, request, EnrollmentLine, line, work)


async def _bring(
    call: Asked,
    request: Request,
    model: type[Each],
    line: Callable[[int, Each], Line],
    work: Callable[[Session, Sequence[Line]], BroughtIn],
) -> StreamingResponse:
    # Cut off here: a body may be nothing but ends of lines.
    said = list(islice(BytesIO(await request.body()), MOST_LINES + 1))
    if len(said) > MOST_LINES:
        detail = f"The body has more than {MOST_LINES:,} lines."
        raise Refusal(413, "request-too-large", detail, f"Send at most {MOST_LINES:,} lines at once.")

    def done() -> tuple[BroughtIn, Refused]:
        taken, refused = _read(said, model, line)
        brought = call.do(lambda session: work(session, taken))
        for bad in brought.bad:
            refused.setdefault(bad.line, []).append(bad_field(bad))
        return brought, refused

    brought, refused = await to_thread.run_sync(done, limiter=AT_ONCE)
    return StreamingResponse(_told(len(said), brought, refused), media_type=NDJSON)


def _read(
    said: Sequence[bytes], model: type[Each], line: Callable[[int, Each], Line]
) -> tuple[list[Line], Refused]:
    """The lines that can be read, and why the others cannot; numbers count from 1."""
    taken: list[Line] = []
    refused: Refused = {}
    for number, text in enumerate(said, 1):
        try:
            taken.append(line(number, model.model_validate_json(text)))
        except ValidationError as error:
            refused[number] = field_problems(error.errors(include_context=False))
    return taken, refused


def _told(count: int, brought: BroughtIn, refused: Refused) -> Iterator[bytes]:
    for number in range(1, count + 1):
        errors = refused.get(number)
        told: dict[str, Any] = {"line": number, "ok": errors is None}
        if errors is None:
            told["result"] = brought.outcomes[number]
        else:
            told["errors"] = [each.model_dump(exclude_none=True) for each in errors]
        yield msgspec.json.encode(told) + b"\n"
    yield msgspec.json.encode({"lines": count, "refused": len(refused), "counts": brought.counts}) + b"\n"
