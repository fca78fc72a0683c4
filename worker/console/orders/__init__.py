"""Sales orders of all tenants: the list, one order, and what can be done to it."""
