"""Loaded by a worker process, this has its watchdog look often and wait for little."""

from worker.queue import watchdog

watchdog.LOOK_SECONDS, watchdog.GRACE_SECONDS, watchdog.SILENT_SECONDS = 0.1, 0.2, 0.5
