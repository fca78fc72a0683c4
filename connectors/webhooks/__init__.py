"""Calling the receivers of webhooks, and nobody else on our networks."""

from connectors.webhooks.addresses import Network, check_host, origin, target, without_address
from connectors.webhooks.sender import Answer, Sender

__all__ = ["Answer", "Network", "Sender", "check_host", "origin", "target", "without_address"]
