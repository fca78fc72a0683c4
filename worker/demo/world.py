"""The clients of the demo: who they are, where, and which customers of the mock are theirs."""

from typing import NamedTuple

FIRST_CUSTOMER = 101  # the mock numbers its customers from here on
CUSTOMERS = 15


class Client(NamedTuple):
    """A tenant of the demo."""

    key: str
    name: str
    zone: str
    customers: tuple[int, ...]


# The last three customers wait under "unmatched" until somebody maps them.
CLIENTS = (
    Client("lakeside", "Lakeside Learning Trust", "America/New_York", (101, 102, 103)),
    Client("cascade", "Cascade Health", "America/Los_Angeles", (104, 105)),
    Client("spree", "Spree Akademie", "Europe/Berlin", (106, 107, 108)),
    Client("hanami", "Hanami Schools", "Asia/Tokyo", (109, 110)),
    Client("southern", "Southern Cross Training", "Australia/Sydney", (111, 112)),
)
UNMATCHED = (113, 114, 115)

COURSES = (
    ("safety", "2026", "Workplace Safety", ("Welcome", "Hazards", "First aid", "Fire", "Final assessment")),
    ("data", "3", "Working with Data", ("Questions", "Tables", "Charts", "Final assessment")),
    (
        "leading",
        "1",
        "Leading a Team",
        ("Listening", "Goals", "Feedback", "Conflict", "Final assessment"),
    ),
)
GROUPS = ("North", "South", "Evening")
FIRST_NAMES = (
    *("Ada", "Bilal", "Carmen", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ivo", "Jun", "Kofi", "Lena"),
    *("Mateo", "Noor", "Olga", "Priya", "Quentin", "Rosa", "Sami", "Tove", "Uma", "Viktor", "Wanda", "Yusuf"),
)
LAST_NAMES = (
    *("Abara", "Berg", "Castillo", "Dumont", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Kim"),
    *("Lopez", "Moreau", "Nakamura", "Okafor", "Petrov", "Quist", "Rossi", "Santos", "Tanaka", "Ueda", "Vogel"),
)
