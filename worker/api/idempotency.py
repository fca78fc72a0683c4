"""POSTs that may be sent again: with an Idempotency-Key the same request is done once and answered alike."""

import hashlib
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy.orm import Session

from models import api_answer
from worker.api.call import Call
from worker.api.problems import Refusal

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Sent again with the same key within seven days, the request is not done again.",
    ),
]
Document = TypeVar("Document", bound=BaseModel)


def once(
    call: Call,
    key: str | None,
    request: tuple[object, ...],
    document: type[Document],
    work: Callable[[Session], Document],
) -> Document:
    """What `work` answers in one transaction, or answered when `request` first came with this key.

    Raises Refusal 409 for another request with the same key.
    """

    def done(session: Session) -> Document:
        if key is None:
            return work(session)
        digest = hashlib.sha256(repr(request).encode("utf-8", "surrogatepass")).digest()
        known = api_answer.claim(session, call.bearer.id, key, digest)
        if known is None:
            answer = work(session)
            api_answer.keep(session, call.bearer.id, key, answer.model_dump_json())
            return answer
        if known[0] != digest:
            raise Refusal(
                409,
                "idempotency-key-reused",
                f"header.Idempotency-Key: another request was sent with the key {key!r}.",
                "Use a new key for a new request.",
            )
        return document.model_validate(known[1])

    return call.do(done)
