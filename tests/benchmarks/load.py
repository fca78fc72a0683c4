"""A load generator: GETs over connections that are kept, in a process of its own. JSON on stdin and stdout.

Without a rate each connection asks again as soon as it is answered. With a rate every request has its time, and
its latency counts from then on: an answer that is late makes those behind it late too.
"""

import asyncio
import json
import sys
import time
from typing import Any


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """One request; returns the status of the answer, read to its end."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.find(b"content-length:")
    if at >= 0:
        await reader.readexactly(int(head[at + 15 : head.find(b"\r\n", at)]))
    return int(head[9:12])


class Load:
    """What is asked of one address, and how it was answered."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        head = f"host: bench\r\n{order['header']}\r\n\r\n"
        self._requests = [f"GET {path} HTTP/1.1\r\n{head}".encode() for path in order["paths"]]
        self._latencies: list[float] = []
        self._statuses: dict[int, int] = {}

    async def run(self) -> dict[str, Any]:
        connections, rate = self._order["connections"], self._order["rate"]
        start = time.perf_counter() + 0.2
        await asyncio.gather(*(self._connection(number, start, rate) for number in range(connections)))
        ordered = sorted(self._latencies)
        return {
            "rate": len(ordered) / self._order["seconds"],
            "p50": ordered[len(ordered) // 2],
            "p99": ordered[len(ordered) * 99 // 100],
            "statuses": self._statuses,
        }

    async def _connection(self, number: int, start: float, rate: float | None) -> None:
        connections = self._order["connections"]
        reader, writer = await asyncio.open_connection(self._order["host"], self._order["port"])
        turn = number
        await asyncio.sleep(start - time.perf_counter())
        while True:
            due = time.perf_counter() if rate is None else start + turn / rate
            if due >= start + self._order["seconds"]:
                break
            await asyncio.sleep(max(0, due - time.perf_counter()) if rate is not None else 0)
            status = await _get(reader, writer, self._requests[turn % len(self._requests)])
            self._latencies.append(time.perf_counter() - due)
            self._statuses[status] = self._statuses.get(status, 0) + 1
            turn += connections
        writer.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Load(json.load(sys.stdin)).run())))
