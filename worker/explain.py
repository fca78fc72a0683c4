"""Every error code a person can meet: what it means and what to do. `termsync explain` and the docs print this."""

from connectors.netsuite import CODES as NETSUITE
from connectors.netsuite import Explanation
from worker.pipeline.api_codes import CODES as API
from worker.pipeline.edit_codes import CODES as EDITS
from worker.pipeline.mail_codes import CODES as MAILS
from worker.pipeline.operation_codes import CODES as OPERATIONS
from worker.pipeline.order_codes import CODES as ORDERS
from worker.pipeline.roster_codes import CODES as ROSTER
from worker.pipeline.webhooks_codes import CODES as WEBHOOKS

COMMANDS: dict[str, Explanation] = {
    "usage": Explanation("The command line was not understood.", "Compare it with `termsync COMMAND --help`."),
    "confirmation-needed": Explanation(
        "Something that cannot be taken back was asked for where nobody can be asked.",
        "Give --yes to go ahead without being asked.",
    ),
    "internal-error": Explanation(
        "Something went wrong that termsync did not expect.",
        "Look up the number of the error in the file the message names, and report the trace with the command.",
    ),
    "code-unknown": Explanation(
        "termsync has no error with this code.", "List all of them with `termsync explain`."
    ),
    "file-unreadable": Explanation(
        "A file named on the command line cannot be read or written.",
        "Check its path and that this user may open it.",
    ),
    "demo-running": Explanation(
        "Another demo uses the same data directory.",
        "End it first, or set TERMSYNC_DATA_DIR to another directory.",
    ),
    "demo-not-started": Explanation(
        "A process of the demo did not start, or ended before its time.",
        "Look into the log the message names, then start the demo again.",
    ),
}

SERVERS: dict[str, Explanation] = {
    "setting-invalid": Explanation(
        "A setting has a value the program cannot use.",
        "Correct it in the environment or in the env file; `termsync config` lists every setting.",
    ),
    "database-unreachable": Explanation(
        "PostgreSQL does not answer, or refuses the user or the password.",
        "Check that the server runs and that DATABASE_URL names it, its user and its password.",
    ),
    "database-busy": Explanation(
        "Another change held the same rows for longer than a command waits.",
        "Try again; `termsync run list` shows what is under way.",
    ),
    "schema-not-current": Explanation(
        "The database's tables are older or newer than this version of termsync.",
        "Run `termsync migrate` with the version that is to run.",
    ),
    "redis-unreachable": Explanation(
        "Redis or Valkey does not answer. No work is lost: it is rows in the database.",
        "Check that the server runs and that REDIS_URL names it.",
    ),
    "database-too-old": Explanation(
        "termsync needs PostgreSQL 15 or newer.", "Upgrade the server, or unset DATABASE_URL for an embedded one."
    ),
    "database-clock-differs": Explanation(
        "This machine's clock and the database server's differ. Expiry goes by the database's clock.",
        "Synchronise both clocks (NTP).",
    ),
    "redis-evicts": Explanation(
        "Redis may drop messages when it is full. No work is lost by that, but it is done later.",
        "Set maxmemory-policy to noeviction.",
    ),
    "redis-not-durable": Explanation(
        "Redis forgets waiting messages at a restart. No work is lost by that, but it is done later.",
        "Set appendonly to yes.",
    ),
    "data-dir-not-writable": Explanation(
        "The embedded servers have nowhere to keep their data.",
        "Set TERMSYNC_DATA_DIR to a directory this user may write, or set DATABASE_URL and REDIS_URL.",
    ),
    "netsuite-certificate-ends": Explanation(
        "The certificate of the OAuth 2.0 login ends within 30 days, or has ended.",
        "Make a new key and certificate, upload it in NetSuite, and set NETSUITE_CERTIFICATE_ID and the key file.",
    ),
    "netsuite-account-missing": Explanation(
        "No NetSuite account is configured: expiries are swept, nothing is pulled.",
        "Set NETSUITE_ACCOUNT and its login.",
    ),
    "slots-too-many": Explanation(
        "TERMSYNC_SLOTS is more than NetSuite leaves to this integration. Only that many are used.",
        "Lower TERMSYNC_SLOTS, or give the integration more in NetSuite's concurrency governance.",
    ),
    "embedded-server-not-started": Explanation(
        "PostgreSQL or Valkey did not start from its wheel.",
        "Read the logs in TERMSYNC_DATA_DIR, or set DATABASE_URL and REDIS_URL to servers of your own.",
    ),
    "embedded-no-socket-directory": Explanation(
        "No writable directory with a short path was found for the sockets of the embedded servers.",
        "Set XDG_RUNTIME_DIR to one, or set DATABASE_URL and REDIS_URL.",
    ),
    "embedded-foreign-socket-directory": Explanation(
        "The directory for the sockets of the embedded servers belongs to another user.",
        "Remove it, or set XDG_RUNTIME_DIR to a directory of your own.",
    ),
}

RUNS: dict[str, Explanation] = {
    "account-differs": Explanation(
        "The database belongs to another NetSuite account than the settings name. Nothing was read or changed.",
        "Point DATABASE_URL at the database of that account, or NETSUITE_ACCOUNT back to the one it belongs to.",
    ),
    "netsuite-answer-empty": Explanation(
        "NetSuite answered a full read with no sales order at all, as after a lost permission. Nothing changed.",
        "Check that the integration's role may still see sales orders of every subsidiary.",
    ),
    "order-unknown": Explanation(
        "NetSuite has no sales order with this number.",
        "Check the number as it is printed in NetSuite; letters and leading zeros count.",
    ),
    "scope-invalid": Explanation(
        "What is to be synced was not understood.",
        "Use incremental, full, since:2026-01-31T00:00:00Z, tenant:KEY, customer:ID or order:NUMBER.",
    ),
    "instant-invalid": Explanation(
        "A date or an instant cannot be read, or is not between 2000 and 2100.",
        "Write 2026-01-31 or 2026-01-31T12:00:00Z.",
    ),
    "run-unknown": Explanation("There is no run with this number.", "List them with `termsync run list`."),
    "run-ended": Explanation(
        "The run has ended already.", "Nothing is left to stop; `termsync run list` shows what is under way."
    ),
    "run-not-ended": Explanation(
        "The run is still under way or waits for a worker.",
        "Wait for its end, or stop it with `termsync run stop N`.",
    ),
    "run-kind-unknown": Explanation(
        "The run was asked for by a newer version of termsync.",
        "Update the workers to the version that asked for the run.",
    ),
    "run-quarantined": Explanation(
        "The run lost its worker three times without a page of progress and was set aside.",
        "Read the workers' logs for why they died, then ask again with `termsync run retry N`.",
    ),
}

TENANTS: dict[str, Explanation] = {
    "tenant-unknown": Explanation(
        "There is no tenant with this key.", "See `termsync tenant list`, or add it with `termsync tenant add`."
    ),
    "tenant-key-invalid": Explanation(
        "A tenant's key has only letters, digits, dots, dashes and underscores; the first is a letter or digit.",
        "Choose another key, of at most 100 characters.",
    ),
    "time-zone-unknown": Explanation(
        "The tz database has no zone of this name.",
        "Use a name like America/New_York or Europe/Berlin.",
    ),
    "grace-out-of-range": Explanation(
        "Grace is counted in days from 0 to 366.", "Give a number of days in that range."
    ),
    "tenant-without-customers": Explanation(
        "No NetSuite customer is mapped to the tenant, so it has no orders.",
        "See `termsync tenant unmatched`, then map one with `termsync tenant map-customer`.",
    ),
    "customer-mapped-elsewhere": Explanation(
        "A NetSuite customer belongs to at most one tenant, and this one has another already.",
        "Take it from there first with `termsync tenant unmap-customer`.",
    ),
    "customer-not-mapped": Explanation(
        "The customer is not one of this tenant's.", "See the mapped customers with `termsync tenant list`."
    ),
    "pause-until-past": Explanation(
        "A pause cannot end before it begins.", "Give --until an instant in the future, or leave it out."
    ),
    "hold-unknown": Explanation(
        "There is no hold with this number.", "List the open ones with `termsync hold list`."
    ),
    "hold-decided": Explanation(
        "Somebody has decided this hold, or newer data replaced it.",
        "Nothing is left to do for it; `termsync hold list` shows the open ones.",
    ),
    "staff-last-admin": Explanation(
        "Nobody would be admin any more.",
        "Make somebody else an admin first: `termsync staff add EMAIL --role admin`.",
    ),
    "user-unknown": Explanation(
        "The tenant has no user with this key.",
        "Users come with `termsync roster import` or the API; check the key.",
    ),
    "person-inactive": Explanation("The person is not active and may not sign in.", "Reactivate them first."),
    "staff-email-invalid": Explanation("This is not an e-mail address.", "Write it as name@example.com."),
    "staff-role-unknown": Explanation(
        "There are three roles: admin, enrollment and ops.", "Give one of them with --role."
    ),
}

PAGES: dict[str, Explanation] = {
    "list-too-deep": Explanation(
        "Lists are paged through up to 10,000 rows.", "Narrow the search, or take the export, which has more."
    ),
    "export-unknown": Explanation("There is no such export.", "Use the buttons above the list."),
    "oidc-refused": Explanation(
        "The provider of single sign-on did not prove who somebody is.",
        "Begin again; if it stays, compare the TERMSYNC_OIDC_ settings with the client at the provider.",
    ),
    "oidc-nobody": Explanation(
        "The address that the provider vouches for belongs to no active account here.",
        "Add the person with `termsync staff add` or in the roster; signing in makes no accounts.",
    ),
    "oidc-unreachable": Explanation(
        "The provider of single sign-on does not answer.", "Check TERMSYNC_OIDC_ISSUER and the provider."
    ),
    "oidc-not-configured": Explanation(
        "Single sign-on is not set up.", "Set TERMSYNC_OIDC_ISSUER, TERMSYNC_OIDC_CLIENT_ID and its secret."
    ),
    "password-too-short": Explanation("A password has at least 12 characters.", "Take a longer one."),
    "password-too-long": Explanation("A password has at most 200 characters.", "Take a shorter one."),
    "password-too-plain": Explanation(
        "The password repeats a few characters, or holds the e-mail address.", "Take one that is hard to guess."
    ),
    "password-not-repeated": Explanation("The new password was typed differently.", "Type the same one twice."),
    "password-locked": Explanation(
        "Too many wrong passwords were given for the address.",
        "Wait as long as it says, or have staff give a new first password: `termsync staff password EMAIL`.",
    ),
    "password-wrong": Explanation("That is not the present password.", "Type the present password again."),
    "password-not-new": Explanation("The new password is the present one.", "Take another one."),
}

REGISTRY: dict[str, dict[str, Explanation]] = {
    "The command line": COMMANDS,
    "Settings and servers": SERVERS,
    "Runs": RUNS,
    "Tenants, holds and staff": TENANTS,
    "Pages and signing in": PAGES,
    "Undo and changes of tenants": OPERATIONS,
    "Orders and what waits for people": ORDERS,
    "NetSuite": NETSUITE,
    "Lines of a roster file": ROSTER,
    "Edits of enrollments": EDITS,
    "JSON API and its tokens": API,
    "Webhooks": WEBHOOKS,
    "Mails": MAILS,
}


def find(code: str) -> Explanation | None:
    """What a code means and what to do; None for a code termsync does not have."""
    return next((codes[code] for codes in REGISTRY.values() if code in codes), None)


def page() -> str:
    """The page of all codes in the documentation, as Markdown."""
    lines = [
        "# Error codes",
        "",
        "What `termsync explain CODE` says, for every code. Written from the program: do not edit.",
    ]
    for title, codes in REGISTRY.items():
        lines += ["", f"## {title}"]
        for code, (meaning, remedy) in sorted(codes.items()):
            lines += ["", f"### {code}", "", f"{meaning} **What to do:** {remedy}"]
    return "\n".join(lines) + "\n"
