"""Tokens of the JSON API in the console."""
