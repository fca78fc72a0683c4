"""NetSuite over SuiteTalk REST: sales orders, their changes and deletions.

client = connect("1234567_SB1", client_id=…, certificate_id=…, private_key_file=…)
orders = SalesOrders(client, TermFields.parse("header:startdate"), TermFields.parse("header:enddate"))
for page in orders.changed(since, until): …
"""

from connectors.netsuite.answers import QueryPage
from connectors.netsuite.client import ApiCall, Backoff, NetSuiteClient
from connectors.netsuite.codes import CODES, Explanation
from connectors.netsuite.connect import connect
from connectors.netsuite.fields import DEFAULT_END, DEFAULT_START, TermField, TermFields
from connectors.netsuite.governor import GovernanceLimits, Governor
from connectors.netsuite.orders import Cursor, Deletion, IdRange, OrderPage, OrderRow, RejectedRow
from connectors.netsuite.sales_orders import SalesOrders
from connectors.netsuite.transport import Timeouts

__all__ = [
    "CODES",
    "DEFAULT_END",
    "DEFAULT_START",
    "ApiCall",
    "Backoff",
    "Cursor",
    "Deletion",
    "Explanation",
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
]
