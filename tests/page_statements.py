"""How many statements a page makes, whatever is in the database."""

import httpx
from order_world import counted
from sqlalchemy.orm import Session

# The health strip is read every few seconds, by whichever page comes next.
OF_HEALTH = ("sync_state", "sync_run", "worker_process", "due_boundary", "from account", "freshness")


def statements(session: Session, client: httpx.Client, address: str) -> int:
    """Statements of a site on the engine of `session` for one page, the least of three visits.

    Once in a while a page also notes that its person is still at work, or reads the health strip for all pages.
    """
    return min(_statements(session, client, address) for _ in range(3))


def _statements(session: Session, client: httpx.Client, address: str) -> int:
    with counted(session) as made:
        assert client.get(address).status_code == 200
    return sum(not any(word in statement for word in OF_HEALTH) for statement in made)
