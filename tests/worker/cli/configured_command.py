"""`termsync` against a database of the test's own, with and without a mock NetSuite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Termsync

from connectors.mock_netsuite import Mock, MockConfig, serve

ORDERS = 120


@pytest.fixture(scope="session")
def account() -> Iterator[Mock]:
    """One account for all tests of a process; whoever changes it puts it back, or uses orders of its own."""
    with serve(MockConfig(orders=ORDERS, customers=6)) as mock:
        yield mock


@pytest.fixture
def termsync(tmp_path: Path, database_url: str, redis_url: str, account: Mock) -> Termsync:
    """The command, fully configured."""
    config = account.config
    return Termsync(
        tmp_path,
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "NETSUITE_ACCOUNT": config.account,
            "NETSUITE_BASE_URL": account.base_url,
            "NETSUITE_CONSUMER_KEY": config.consumer_key,
            "NETSUITE_CONSUMER_SECRET": config.consumer_secret.get_secret_value(),
            "NETSUITE_TOKEN_ID": config.token_id,
            "NETSUITE_TOKEN_SECRET": config.token_secret.get_secret_value(),
        },
    )


@pytest.fixture
def unconfigured(tmp_path: Path) -> Termsync:
    """The command with no setting at all."""
    return Termsync(tmp_path, {})


@pytest.fixture
def own_account() -> Iterator[Mock]:
    """An account for one test that changes it."""
    with serve(MockConfig(orders=ORDERS, customers=6)) as mock:
        yield mock


@pytest.fixture
def own(termsync: Termsync, own_account: Mock) -> Termsync:
    """The command, with `own_account`."""
    return Termsync(termsync.folder, {**termsync.variables, "NETSUITE_BASE_URL": own_account.base_url})
