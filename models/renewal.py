"""Renewals: the later orders that the people of an order can be moved to."""


def assignable(order: str) -> str:
    """The condition on an alias of `sales_order` that people can be put on it, whenever its term ends."""
    return f"{order}.flag is null and {order}.status not in ('A', 'C')"


# Of the order `o`: the one of its tenant that outlasts it; of several that of the same customer, then the longest.
RENEWAL = f"""
select n.id, n.number, n.term_start, n.term_end from sales_order n
where n.tenant_id = o.tenant_id and {assignable("n")} and coalesce(n.term_end, 'infinity') > o.term_end
order by n.customer_id = o.customer_id desc, n.term_end desc nulls first, n.id limit 1
"""
