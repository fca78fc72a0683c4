"""A mock account and a database that holds its orders, kept for all benchmarks that look at them."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from .account import FIRST_CUSTOMER, Account, account
from .bench import SEED, Bench, Database
from .workers import Run, worker

TENANTS = "insert into tenant (key, name) select 't' || i, 'Tenant ' || i from generate_series(1, %s) i"
CUSTOMERS = """
insert into customer (id, name, tenant_id, mapped_at, mapped_by)
select %(first)s + i, 'Customer ' || i, 1 + i %% %(tenants)s, now(), 'bench'
from generate_series(0, %(customers)s - 1) i
"""


@dataclass
class World:
    """An account of so many orders, and the database into which a worker has pulled it."""

    size: int
    account: Account
    database: Database
    redis_url: str


class Worlds:
    """Worlds by size, made when first asked for, gone when the stack closes."""

    def __init__(self, bench: Bench, stack: ExitStack) -> None:
        self._bench = bench
        self._stack = stack
        self._accounts: dict[int, Account] = {}
        self._worlds: dict[int, World] = {}

    def account(self, size: int) -> Account:
        if size not in self._accounts:
            self._bench.say(f"mock account with {size:,} orders")
            made = account(size, self._bench.sizes.customers)
            self._accounts[size] = self._stack.enter_context(made)
        return self._accounts[size]

    def loaded(self, size: int) -> World:
        """A world whose orders have all been pulled and accepted."""
        if size not in self._worlds:
            database = self._stack.enter_context(mapped(self._bench))
            world = World(size, self.account(size), database, self._bench.redis_url())
            self._bench.say(f"pulling {size:,} orders")
            with worker(database, world.redis_url, world.account) as started:
                check_loaded(world, started.pull("full"))
            with database.connect() as connection:
                connection.execute("vacuum analyze")
            self._worlds[size] = world
        return self._worlds[size]


@contextmanager
def mapped(bench: Bench) -> Iterator[Database]:
    """A database without orders whose tenants and mapped customers are in place."""
    sizes = bench.sizes
    with bench.database() as database:
        with database.connect() as connection:
            connection.execute(TENANTS, [sizes.tenants])
            parameters = {"first": FIRST_CUSTOMER, "tenants": sizes.tenants, "customers": sizes.customers}
            connection.execute(CUSTOMERS, parameters)
            connection.execute("vacuum analyze tenant, customer")
        yield database


def check_loaded(world: World, run: Run) -> None:
    """Every order of the account is landed and accepted, and the run says so."""
    landed = world.database.scalar("select count(*) from landing_order where reject_code is null")
    accepted = world.database.scalar("select count(*) from sales_order")
    assert landed == accepted == world.size, (landed, accepted, world.size, run)
    assert run.outcome == "ok", run
    assert run.counts["landed_new"] == run.counts["accepted_new"] == world.size, run


def some_orders(world: World, amount: int, round_number: int) -> list[int]:
    """Ids of so many accepted orders, drawn evenly over the whole account; others in each round."""
    with world.database.connect() as connection:
        ids = [int(str(row[0])) for row in connection.execute("select id from sales_order order by id").fetchall()]
    return sorted(random.Random(SEED + round_number).sample(ids, amount))
