"""Databases of a test's own on the servers that all tests share."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url


@contextmanager
def fresh_database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a copy of the database `template`, gone when the block ends."""
    name = f"test_{uuid4().hex}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with administrator(server_url) as connection:
        connection.execute(create)
        yield with_database(server_url, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def fresh_redis(server_url: str) -> Iterator[str]:
    """The URL of an empty Redis database, emptied again when the block ends."""
    base = server_url.removesuffix("?db=0")
    with redis.Redis.from_url(server_url, socket_timeout=5) as counter:
        url = f"{base}?db={1 + counter.incr('databases') % 1000}"
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        client.flushdb()
        yield url
        client.flushdb()


def administrator(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the server that may make and drop databases."""
    return psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True)


def with_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)
