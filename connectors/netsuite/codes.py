"""Every error code of the NetSuite connector: what it means and what to do.

`termsync explain CODE` and the documentation print this table; errors take their remedy from it.
"""

from typing import NamedTuple, TypeVar

from connectors.errors import ConnectorError


class Explanation(NamedTuple):
    meaning: str
    remedy: str


Kind = TypeVar("Kind", bound=ConnectorError)

CODES: dict[str, Explanation] = {
    # Settings
    "netsuite-account-invalid": Explanation(
        "NETSUITE_ACCOUNT is not an account id.",
        "Use the id from Setup > Company > Company Information, letters, digits and underscores: 1234567_SB1.",
    ),
    "netsuite-base-url-invalid": Explanation(
        "NETSUITE_BASE_URL is not an http(s) address of a host.",
        "Leave NETSUITE_BASE_URL unset for the real NetSuite, or give scheme, host and port only.",
    ),
    "netsuite-login-missing": Explanation(
        "No NetSuite login is configured.",
        "Set NETSUITE_CLIENT_ID, NETSUITE_CERTIFICATE_ID and NETSUITE_PRIVATE_KEY_FILE (OAuth 2.0), or the "
        "four NETSUITE_CONSUMER_* and NETSUITE_TOKEN_* settings (token-based).",
    ),
    "netsuite-login-incomplete": Explanation(
        "Some settings of the chosen NetSuite login are missing.",
        "Set the settings named in the message, or unset the others of that login.",
    ),
    "netsuite-login-ambiguous": Explanation(
        "Both NetSuite logins are configured, and only one may be.",
        "Unset either NETSUITE_CONSUMER_* and NETSUITE_TOKEN_*, or the OAuth 2.0 settings.",
    ),
    "netsuite-key-unreadable": Explanation(
        "The file named by NETSUITE_PRIVATE_KEY_FILE is not a private key we can use.",
        "Give a PEM file without a pass phrase, RSA 3072 or 4096 or EC P-256, P-384 or P-521, whose "
        "certificate was uploaded to NetSuite.",
    ),
    "netsuite-key-exposed": Explanation(
        "Every user of this machine can read or change the private key.",
        "Run chmod 600 on the key file; if others use this machine, make a new key and certificate.",
    ),
    "term-fields-invalid": Explanation(
        "A term field mapping cannot be read.",
        "Write header:FIELD or line:FIELD, separated by commas, such as "
        "header:custbody_swe_contract_end_date, line:custcol_end_date, header:enddate.",
    ),
    # Login and permission
    "netsuite-login-refused": Explanation(
        "NetSuite refused the login, and refused it again when nothing else was in flight.",
        "Look at Setup > Users/Roles > View Login Audit Trail in NetSuite, then correct the login settings, or "
        "give the integration a new token or certificate, and restart the worker (it tries again by itself after "
        "10 minutes). Five refusals lock a token for 30 minutes.",
    ),
    "clock-skew": Explanation(
        "This machine's clock and NetSuite's differ by more than a signed request may.",
        "Synchronise the clock of this machine (NTP); a running worker tries again within 10 minutes.",
    ),
    "netsuite-permission-missing": Explanation(
        "The integration's role may not do this.",
        "Give the role REST Web Services, Log in using Access Tokens (or OAuth 2.0), SuiteAnalytics Workbook "
        "and Sales Order (view) in NetSuite.",
    ),
    "netsuite-record-not-readable": Explanation(
        "The role cannot see a table, or the feature it belongs to is off in the account.",
        "Give the role the view permission of the record named in the message.",
    ),
    "netsuite-deletions-not-readable": Explanation(
        "The role cannot read NetSuite's list of deleted records.",
        "Give the role the Deleted Records permission; until then deletions are found by the full pull only.",
    ),
    "netsuite-customers-not-readable": Explanation(
        "The role can read neither customer records nor the customer an order shows. Nothing depends on it.",
        "Give the role the Customers (view) permission; until then pages show customers by their NetSuite ids.",
    ),
    "netsuite-unknown-field": Explanation(
        "The account, or the role, has no such field, or it holds no dates.",
        "Correct the field in the setting named in the message, or let the role see it. Field ids are on the "
        "form's customisation page.",
    ),
    "netsuite-query-refused": Explanation(
        "NetSuite does not accept a query of ours.",
        "Run termsync doctor; if it finds nothing, report the message with the account's NetSuite version.",
    ),
    "netsuite-request-refused": Explanation(
        "NetSuite does not accept the request.",
        "Check NETSUITE_ACCOUNT and NETSUITE_BASE_URL, then report the message.",
    ),
    "netsuite-redirected": Explanation(
        "The address answered with a redirect, and login data are never sent on to another host.",
        "Check NETSUITE_ACCOUNT: a sandbox needs its suffix, as in 1234567_SB1.",
    ),
    "netsuite-tls-refused": Explanation(
        "The certificate of the NetSuite address could not be verified.",
        "Check NETSUITE_BASE_URL and the proxy; a proxy that opens TLS needs REQUESTS_CA_BUNDLE.",
    ),
    "netsuite-answer-too-large": Explanation(
        "An answer was larger than this program takes into memory.",
        "Lower TERMSYNC_PAGE_SIZE.",
    ),
    "netsuite-not-found": Explanation(
        "NetSuite has no such record or address, or the role cannot see it.",
        "Check the id or number; if every call says so, check NETSUITE_ACCOUNT and NETSUITE_BASE_URL.",
    ),
    "text-not-queryable": Explanation(
        "The text has control characters or is too long to be put in a query.",
        "Check the number for hidden characters.",
    ),
    # Passing
    "netsuite-busy": Explanation(
        "The account's concurrent requests are used up.",
        "Wait; it is tried again. If it stays, lower TERMSYNC_SLOTS or give the integration its own limit.",
    ),
    "netsuite-unavailable": Explanation(
        "NetSuite is down or under maintenance.",
        "Wait; it is tried again. status.netsuite.com tells how long.",
    ),
    "netsuite-unexpected-error": Explanation(
        "NetSuite answered with its internal error, more than once.",
        "Wait; it is tried again. If it stays, run termsync doctor: an invalid term field can cause it.",
    ),
    "netsuite-answer-broken": Explanation(
        "An answer was cut short, was not JSON, or contradicted itself.",
        "Wait; it is tried again. If it stays, look for a proxy that rewrites answers.",
    ),
    "netsuite-timeout": Explanation(
        "NetSuite did not answer in time.",
        "Wait; it is tried again. If it stays, raise TERMSYNC_READ_TIMEOUT or lower TERMSYNC_PAGE_SIZE.",
    ),
    "netsuite-unreachable": Explanation(
        "No connection to NetSuite, or it was cut.",
        "Check the network, DNS, proxy and firewall towards *.suitetalk.api.netsuite.com, port 443.",
    ),
    "slots-taken": Explanation(
        "No request slot came free in time.",
        "Wait; it is tried again. Other runs hold all of TERMSYNC_SLOTS.",
    ),
    "slots-unreachable": Explanation(
        "Redis, which keeps count of the requests in flight, does not answer.",
        "Check REDIS_URL and the Redis server.",
    ),
    "stopped": Explanation(
        "The worker is stopping and gave up waiting.",
        "Nothing to do; the run goes on when a worker is up.",
    ),
    # Rows
    "row-not-an-object": Explanation(
        "A row of an answer is not a JSON object that can be read.",
        "Look at the stored payload; open the order in NetSuite and save it again.",
    ),
    "row-too-large": Explanation(
        "A row is larger than 64 kB, far beyond what the asked columns can hold.",
        "Look for a mapped field that holds long text.",
    ),
    "text-not-storable": Explanation(
        "The order's number or status holds a character no database text can (NUL, half a pair).",
        "Type the number anew in NetSuite.",
    ),
    "order-id-missing": Explanation(
        "The row has no usable internal id.",
        "Report the stored payload; NetSuite gives every order an id.",
    ),
    "number-missing": Explanation(
        "The order has no number.",
        "Give the order a number (Order #) in NetSuite.",
    ),
    "number-too-long": Explanation(
        "The order's number is longer than 300 characters.",
        "Correct the number (Order #) in NetSuite.",
    ),
    "customer-missing": Explanation(
        "The order has no customer.",
        "Choose the customer on the order in NetSuite, or let the role see customers.",
    ),
    "status-unreadable": Explanation(
        "The order's status is not a single letter.",
        "Open the order in NetSuite and save it again; then report the stored payload.",
    ),
    "modified-unreadable": Explanation(
        "The time the order was last modified cannot be read.",
        "Report the stored payload.",
    ),
    "date-unreadable": Explanation(
        "A term date is ambiguous or impossible; dates are never guessed.",
        "Correct the date on the order in NetSuite. A text field must hold YYYY-MM-DD; a date field is better.",
    ),
    "date-out-of-range": Explanation(
        "A term date lies before 2000 or after 2100.",
        "Correct the date on the order in NetSuite.",
    ),
    "term-end-before-start": Explanation(
        "The term ends before it starts.",
        "Correct the term dates on the order in NetSuite.",
    ),
}


def error(kind: type[Kind], code: str, message: str) -> Kind:
    """An error of that kind, with the remedy of its code."""
    return kind(code, message, CODES[code].remedy)
