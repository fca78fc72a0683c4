"""Loaded by a worker process, this kills it where dramatiq has copied a delayed message to its queue but not yet
acknowledged it."""

import os
import signal

from dramatiq import Broker
from dramatiq.broker import MessageProxy
from dramatiq.common import dq_name
from dramatiq.middleware import Middleware

from worker.queue.broker import broker


class DiesBeforeAck(Middleware):
    def before_ack(self, broker: Broker, message: MessageProxy) -> None:
        if message.queue_name == dq_name(message.queue_name):
            os.kill(os.getpid(), signal.SIGKILL)


broker.add_middleware(DiesBeforeAck())
