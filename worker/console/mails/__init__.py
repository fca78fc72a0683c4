"""Mails: what became of each and why, and trying parked ones again."""
