"""The declarative base and the column types every table shares."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

# Named constraints: an error message and a down-migration can both point at one.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Text is unbounded, integers are 64 bits and instants are aware, unless a column says otherwise."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  (declarative reads it off the class)
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
    }


Id = Annotated[int, mapped_column(Identity(always=True), primary_key=True)]
