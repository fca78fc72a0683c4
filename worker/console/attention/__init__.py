"""What waits for a person: customers without a tenant, rejected rows, holds, flagged orders, orders that end."""
