"""A NetSuite account on localhost: SuiteQL, the record API, both logins, governance, and faults on demand.

    with serve(MockConfig(orders=1000)) as mock:
        requests.get(f"{mock.base_url}/services/rest/system/v1/serverTime", ...)

Written to the protocol, so that any client of SuiteTalk REST runs against it. What it guesses is listed in
`assumptions.py` and at GET /_mock/assumptions.
"""

from connectors.mock_netsuite.chaos import Fault
from connectors.mock_netsuite.config import CustomField, MockConfig
from connectors.mock_netsuite.oddities import Oddity
from connectors.mock_netsuite.server import Mock, run, serve

__all__ = ["CustomField", "Fault", "Mock", "MockConfig", "Oddity", "run", "serve"]
