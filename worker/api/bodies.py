"""Bodies of requests are read only as far as they may go."""

from fastapi import HTTPException, Request
from starlette.types import Message, Receive


def up_to(most: int, request: Request) -> Receive:
    """What reads the body. Raises HTTPException 413 when it is, or says it is, longer than `most` bytes."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > most:
        raise HTTPException(413)
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413)
        return message

    return receive
