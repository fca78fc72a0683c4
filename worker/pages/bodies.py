"""Bodies of requests are read only as far, and waited for only as long, as they may go."""

import asyncio
import time

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

# A body may take this long, and longer by as much as what has come of it would at the slowest rate that is borne.
SECONDS = 30.0
SLOWEST = 20_000  # bytes/s


def up_to(most: int, request: Request) -> Receive:
    """What reads the body. Raises HTTPException 413 when it is, or says it is, longer than `most` bytes.

    Raises 408 when it has not come in `SECONDS` and what a body at the rate of `SLOWEST` would take beyond.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > most:
        raise HTTPException(413)
    read, begun = 0, time.monotonic()

    async def receive() -> Message:
        nonlocal read
        left = begun + SECONDS + read / SLOWEST - time.monotonic()
        try:
            message = await asyncio.wait_for(request.receive(), max(0.0, left))
        except TimeoutError:
            raise HTTPException(408, headers={"connection": "close"}) from None
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413)
        return message

    return receive
