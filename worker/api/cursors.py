"""Where the next part of a list begins: opaque, of one list, one filter and one token, and not to be forged."""

import base64
import hashlib
import hmac
import json
from typing import Any

from worker.api.call import Call
from worker.api.problems import Refusal

_SIGNED = 16  # bytes


def seal(call: Call, listed: object, place: Any) -> str:
    """The cursor of `place` (what JSON can hold) in the list that `listed` tells apart from every other."""
    body = json.dumps(place, default=str).encode()
    return base64.urlsafe_b64encode(_signature(call, listed, body) + body).decode().rstrip("=")


def place(call: Call, listed: object, cursor: str | None) -> Any:
    """The place in a cursor of this list; None without one. Raises Refusal 422 for any other cursor."""
    if cursor is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise _invalid(cursor) from None
    body = sealed[_SIGNED:]
    if not hmac.compare_digest(sealed[:_SIGNED], _signature(call, listed, body)):
        raise _invalid(cursor)
    return json.loads(body)


def _signature(call: Call, listed: object, body: bytes) -> bytes:
    """By the token's hash, which only its bearer and the database know."""
    message = repr(listed).encode("utf-8", "surrogatepass") + b"\0" + body
    return hmac.new(call.token_hash, message, hashlib.sha256).digest()[:_SIGNED]


def _invalid(cursor: str) -> Refusal:
    return Refusal.of_field(
        "query.cursor",
        cursor,
        "cursor-invalid",
        "this is not a cursor of this list, with this filter and this token.",
        "Take `next` from the answer before, and change nothing else of the request.",
    )
