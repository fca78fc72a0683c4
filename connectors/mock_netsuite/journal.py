"""What has been asked lately, and how often. Headers are never kept, so no secret is."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any


class Journal:
    """The last thousand requests and counts of all. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=1000)
        self._by_endpoint: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()

    def add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._entries.append(entry)
            self._by_endpoint[entry["endpoint"]] += 1
            self._by_status[str(entry["status"])] += 1
            self._seconds[entry["endpoint"]] += entry["seconds"]

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._entries)

    def counts(self) -> dict[str, Any]:
        with self._lock:
            return {
                "requests": self._by_endpoint.total(),
                "by_endpoint": dict(self._by_endpoint),
                "by_status": dict(self._by_status),
                "seconds": {name: round(seconds, 6) for name, seconds in self._seconds.items()},
            }

    def clear(self) -> None:
        with self._lock:
            for collection in (self._entries, self._by_endpoint, self._by_status, self._seconds):
                collection.clear()
