"""The migrations make exactly the schema that the models describe, and take it back."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, make_url, text

from models import migrate
from models.login import END_SESSIONS_SQL
from models.status import STATUS_AT_SQL
from models.tables import Base

# What PostgreSQL itself says about a schema, one line a thing.
DESCRIBE = {
    "columns": """
        select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || case when a.attnotnull then ' not null' else '' end || ' identity:' || a.attidentity::text
            || ' default:' || coalesce(pg_get_expr(d.adbin, d.adrelid), '-')
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid and c.relkind = 'r'
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
    """,
    "constraints": """
        select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'public'::regnamespace
    """,
    "indexes": "select indexdef from pg_indexes where schemaname = 'public'",
    "storage": """
        select relname || ' ' || reloptions::text from pg_class
        where relnamespace = 'public'::regnamespace and reloptions is not null
    """,
    "functions": "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace",
}


@pytest.fixture
def empty_url(database: Engine) -> Iterator[str]:
    """A database without any schema."""
    name = f"empty_{uuid4().hex}"
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"create database {name} template template0"))
        yield database.url.set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"drop database {name} with (force)"))


def described(url: str, without: str = "alembic_version") -> dict[str, list[str]]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        found = {
            what: sorted(line for line in connection.execute(text(query)).scalars() if without not in line)
            for what, query in DESCRIBE.items()
        }
    engine.dispose()
    return found


def test_up_and_down_and_up_again(empty_url: str) -> None:
    nothing = described(empty_url)
    assert not any(nothing.values())
    migrate.upgrade(empty_url)
    whole = described(empty_url)
    assert all(whole.values())
    migrate.downgrade(empty_url, "base")
    assert described(empty_url) == nothing
    migrate.upgrade(empty_url)
    assert described(empty_url) == whole


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    whole = described(empty_url)
    migrate.upgrade(empty_url)
    assert described(empty_url) == whole


def test_migrated_schema_is_what_the_models_say(database_url: str, empty_url: str) -> None:
    engine = create_engine(make_url(empty_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text(STATUS_AT_SQL))
        Base.metadata.create_all(connection)
        connection.execute(text(END_SESSIONS_SQL))
    engine.dispose()
    assert described(database_url) == described(empty_url)


def test_nothing_is_left_to_migrate(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert migrate.current(connection) == migrate.head()


def test_a_database_without_schema_has_no_revision(empty_url: str) -> None:
    engine = create_engine(make_url(empty_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert migrate.current(connection) is None
    engine.dispose()
