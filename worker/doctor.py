"""Every dependency and setting, examined one after the other; each finding names the fix."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import redis
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from connectors import smtp
from connectors.errors import ConnectorError
from connectors.netsuite import NetSuiteClient, SalesOrders, connect, order_reader
from connectors.netsuite.account import Account
from models.overview import Overview, overview
from models.tenant import Account as BoundAccount
from models.tenant import Tenant
from worker import certificate, clock, database, explain, status
from worker.embedded import Addresses, servers
from worker.errors import TermsyncError
from worker.pipeline import digest, mail
from worker.queue.broker import connect_redis
from worker.settings import Settings

State = Literal["ok", "wrong", "warning", "skipped"]

MOST_SKEW = timedelta(seconds=30)
CERTIFICATE_WARNING = timedelta(days=30)
OLDEST_POSTGRESQL = 150_000  # 15, as the server counts


class Finding(NamedTuple):
    """One thing examined. `code` and `remedy` where something is wrong."""

    what: str
    state: State
    detail: str
    remedy: str = ""
    code: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, as they come; nothing is written to any server."""
    yield from _files(settings)
    with ExitStack() as stack:
        try:
            addresses = stack.enter_context(servers(settings))
        except TermsyncError as error:
            yield _wrong("embedded servers", error)
        else:
            yield from _database(settings, addresses)
            yield from _redis(settings, addresses)
    yield from _netsuite(settings)
    yield _mail(settings)


def _wrong(what: str, error: ConnectorError | TermsyncError) -> Finding:
    return Finding(what, "wrong", error.message, error.remedy, error.code)


def _coded(what: str, code: str, detail: str) -> Finding:
    known = explain.find(code)
    return Finding(what, "wrong", detail, known.remedy if known else "", code)


# files


def _files(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is None or settings.redis_url is None:
        yield _data_dir(settings.data_dir.resolve())
    if settings.netsuite_private_key_file is not None:
        yield _key_file(settings.netsuite_private_key_file)


def _data_dir(path: Path) -> Finding:
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if os.access(existing, os.W_OK):
        return Finding("data directory", "ok", str(path))
    return _coded("data directory", "data-dir-not-writable", f"TERMSYNC_DATA_DIR: {path} cannot be written.")


def _key_file(path: Path) -> Finding:
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        return _coded("private key", "netsuite-key-unreadable", f"{path}: {error.strerror}")
    if mode & 0o027:
        return _coded("private key", "netsuite-key-exposed", f"{path} has mode {mode:04o}")
    ends = certificate.ends(path)
    if ends is not None and ends < datetime.now(UTC) + CERTIFICATE_WARNING:
        return _warning("private key", "netsuite-certificate-ends", f"Its certificate ends on {ends:%Y-%m-%d}.")
    return Finding(
        "private key", "ok", f"{path}, mode {mode:04o}{'' if ends is None else f', until {ends:%Y-%m-%d}'}"
    )


# database


def _database(settings: Settings, addresses: Addresses) -> Iterator[Finding]:
    try:
        database.check(addresses.database_url)
    except TermsyncError as error:
        yield _wrong("database", error)
        return
    except ArgumentError:
        yield _coded("database", "setting-invalid", "DATABASE_URL cannot be read as an address.")
        return
    engine = database.make_engine(addresses.database_url, application_name="termsync doctor", pool_size=1)
    try:
        yield from _examine_database(engine, settings)
    except SQLAlchemyError as error:
        yield _coded("database", "database-unreachable", str(error).splitlines()[0])
    finally:
        engine.dispose()


def _examine_database(engine: Engine, settings: Settings) -> Iterator[Finding]:
    with engine.connect() as connection:
        version = int(connection.execute(text("show server_version_num")).scalar_one())
        name = connection.execute(text("show server_version")).scalar_one()
        if version < OLDEST_POSTGRESQL:
            yield _coded("database", "database-too-old", f"PostgreSQL {name}.")
        else:
            yield Finding("database", "ok", f"PostgreSQL {name}, schema current")
        skew = abs(datetime.now(UTC) - clock.now(connection))
        yield _skew("clock of this machine and the database", skew, "database-clock-differs")
        bound = connection.execute(select(BoundAccount.netsuite_account)).scalar_one_or_none()
        unknown = _unknown_readers(connection, settings)
        facts = overview(Session(connection), clock.now(connection))
    yield _binding(bound, settings)
    if unknown:
        detail = f"TERMSYNC_DIGEST_TO: there is no tenant {unknown[0]!r}."
        yield _coded("readers of the weekly list", "digest-recipient-invalid", detail)
    yield from _webhooks(facts, settings)


def _unknown_readers(connection: Connection, settings: Settings) -> list[str]:
    """Tenants that TERMSYNC_DIGEST_TO names and that are not there."""
    named = {reader.tenant for reader in digest.readers(settings.digest_to) if reader.tenant is not None}
    known = connection.execute(select(Tenant.key).where(Tenant.key.in_(named))).scalars()
    return sorted(named - set(known))


def _skew(what: str, skew: timedelta, code: str) -> Finding:
    seconds = skew.total_seconds()
    if skew > MOST_SKEW:
        return _coded(what, code, f"They differ by {seconds:.0f} s.")
    return Finding(what, "ok", f"{seconds:.1f} s apart")


def _binding(bound: str | None, settings: Settings) -> Finding:
    what = "account of the database"
    if bound is None or settings.netsuite_account is None:
        return Finding(what, "ok", f"belongs to {bound}" if bound else "not bound yet; the first pull binds it")
    try:
        configured = Account.of(settings.netsuite_account, settings.netsuite_base_url).realm
    except ConnectorError as error:
        return _wrong(what, error)
    if bound != configured:
        detail = f"The database belongs to {bound}, the settings name {configured}."
        return _coded(what, "account-differs", detail)
    return Finding(what, "ok", bound)


# What is wrong with webhooks, by what it is about.
WEBHOOKS: dict[status.About, str] = {
    "webhooks": "webhook-disabled",
    "calls": "webhook-failing",
    "engine": "calls-without-worker",
}


def _webhooks(facts: Overview, settings: Settings) -> Iterator[Finding]:
    problems = [*status.of_webhooks(facts), *status.of_callers(facts, settings)]
    for problem in problems:
        yield Finding("webhooks", "warning", problem.what, problem.action, WEBHOOKS[problem.about])
    if facts.webhooks and not problems:
        yield Finding("webhooks", "ok", f"{facts.webhooks:,} called")


# redis


def _redis(settings: Settings, addresses: Addresses) -> Iterator[Finding]:
    try:
        with connect_redis(addresses.redis_url) as client:
            client.ping()
            yield Finding("redis", "ok", "answers")
            yield from _policies(client)
    except redis.RedisError as error:
        yield _coded("redis", "redis-unreachable", f"REDIS_URL: {error}")


def _policies(client: redis.Redis) -> Iterator[Finding]:
    try:
        found = client.config_get("appendonly", "maxmemory-policy")
    except redis.ResponseError:  # managed services do not tell
        yield Finding("redis settings", "skipped", "this server does not tell its settings")
        return
    assert isinstance(found, dict)
    values = {_text(name): _text(value) for name, value in found.items()}
    if values.get("maxmemory-policy", "noeviction") != "noeviction":
        detail = f"maxmemory-policy is {values['maxmemory-policy']}: a full Redis would drop messages."
        yield _warning("redis settings", "redis-evicts", detail)
    elif values.get("appendonly") == "no":
        yield _warning(
            "redis settings", "redis-not-durable", "appendonly is no: a restart drops waiting messages."
        )
    else:
        yield Finding("redis settings", "ok", "append-only file, nothing is evicted")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _warning(what: str, code: str, detail: str) -> Finding:
    return _coded(what, code, detail)._replace(state="warning")


# mail


def _mail(settings: Settings) -> Finding:
    post = mail.post_of(settings)
    if post is None:
        detail = "TERMSYNC_SMTP_HOST and TERMSYNC_MAIL_FROM are not both set: mails wait."
        return _warning("mail server", "mail-server-missing", detail)
    try:
        with smtp.Connection(post.server) as connection:
            connection.check()
    except ConnectorError as error:
        return _wrong("mail server", error)
    return Finding("mail server", "ok", f"{post.server.host}:{post.server.port}, {post.server.security}")


# netsuite


def _netsuite(settings: Settings) -> Iterator[Finding]:
    if settings.netsuite_account is None:
        yield _coded("NetSuite", "netsuite-account-missing", "NETSUITE_ACCOUNT is not set: nothing can be pulled.")
        return
    try:
        timeouts = (settings.connect_timeout, settings.read_timeout)
        client = connect(settings, slots=1, timeouts=timeouts)
        orders = order_reader(settings, client)
    except ConnectorError as error:
        yield _wrong("NetSuite settings", error)
        return
    try:
        yield from _ask(client, orders, settings)
    finally:
        client.close()


def _ask(client: NetSuiteClient, orders: SalesOrders, settings: Settings) -> Iterator[Finding]:
    login = _checked("NetSuite login", lambda: _login(client))
    yield login
    if login.state != "ok":
        return
    yield _checked("term fields", lambda: _fields(orders, settings))
    yield _checked("deletions", lambda: _deletions(orders))
    yield _checked("slots", lambda: _slots(client, settings))


def _checked(what: str, ask: Callable[[], Finding]) -> Finding:
    try:
        return ask()
    except ConnectorError as error:
        return _wrong(what, error)


def _login(client: NetSuiteClient) -> Finding:
    skew = abs(datetime.now(UTC) - client.server_time())
    if skew > MOST_SKEW:
        return _coded("NetSuite login", "clock-skew", f"NetSuite's clock differs by {skew.total_seconds():.0f} s.")
    account = client.account.realm
    return Finding("NetSuite login", "ok", f"{account}, clocks {skew.total_seconds():.0f} s apart")


def _fields(orders: SalesOrders, settings: Settings) -> Finding:
    orders.check_fields()
    return Finding("term fields", "ok", f"{settings.netsuite_term_start} to {settings.netsuite_term_end}")


def _deletions(orders: SalesOrders) -> Finding:
    try:
        next(orders.deleted(datetime.now(UTC) - timedelta(days=1)), None)
    except ConnectorError as error:
        if error.code != "netsuite-deletions-not-readable":
            raise
        return _wrong("deletions", error)._replace(state="warning")
    return Finding("deletions", "ok", "readable")


def _slots(client: NetSuiteClient, settings: Settings) -> Finding:
    limits = client.governance_limits()
    if limits is None or limits.ours is None:
        return Finding(
            "slots", "skipped", "the role may not read governanceLimits; TERMSYNC_SLOTS is used as it is"
        )
    if limits.ours < settings.slots:
        detail = f"TERMSYNC_SLOTS is {settings.slots}, NetSuite leaves us {limits.ours}; that many are used."
        return _warning("slots", "slots-too-many", detail)
    return Finding("slots", "ok", f"{settings.slots} of {limits.ours} that NetSuite leaves us")
