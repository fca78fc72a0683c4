"""Alembic's entry: runs migrations on the connection `models.migrate` hands over, or on DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from models.base import Base
from models.migrate import sqlalchemy_url
from models.tables import Tenant

assert Tenant.metadata is Base.metadata  # importing the tables fills the metadata


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()


handed_over: Connection | None = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    with create_engine(sqlalchemy_url(os.environ["DATABASE_URL"])).connect() as own:
        run(own)
