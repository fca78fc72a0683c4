"""The floor of Q15: uvicorn and nothing behind it. The port is the first argument."""

import sys
from typing import Any

import uvicorn

BODY = b'{"allowed":true,"status":"E","boundary":"2027-01-01T05:00:00Z"}'
HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}


async def constant(scope: Any, receive: Any, send: Any) -> None:
    """Answers every request alike."""
    await send(HEAD)
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    uvicorn.run(constant, port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")
