"""The record API: sales orders and customers, read, listed, made, changed and deleted one at a time."""
