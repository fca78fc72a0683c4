"""NetSuite over SuiteTalk REST: sales orders, their changes and deletions.

client = connect(settings)
for page in order_reader(settings, client).changed(since, until):
    ...
"""

from connectors.netsuite.answers import QueryPage
from connectors.netsuite.client import ApiCall, Backoff, NetSuiteClient
from connectors.netsuite.codes import CODES, Explanation
from connectors.netsuite.customers import CustomerNames
from connectors.netsuite.factory import connect, order_reader
from connectors.netsuite.fields import DEFAULT_END, DEFAULT_START, TermField, TermFields
from connectors.netsuite.governor import GovernanceLimits, Governor
from connectors.netsuite.orders import Cursor, Deletion, IdRange, OrderPage, OrderRow, RejectedRow
from connectors.netsuite.sales_orders import FieldFinding, SalesOrders
from connectors.netsuite.transport import Timeouts

__all__ = [
    "CODES",
    "DEFAULT_END",
    "DEFAULT_START",
    "ApiCall",
    "Backoff",
    "Cursor",
    "CustomerNames",
    "Deletion",
    "Explanation",
    "FieldFinding",
    "GovernanceLimits",
    "Governor",
    "IdRange",
    "NetSuiteClient",
    "OrderPage",
    "OrderRow",
    "QueryPage",
    "RejectedRow",
    "SalesOrders",
    "TermField",
    "TermFields",
    "Timeouts",
    "connect",
    "order_reader",
]
