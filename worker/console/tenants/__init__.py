"""Tenants: how they stand, and their zone, grace, guard, customers and pauses."""
