"""A database as whoever looks after it sees it."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from idexx_sync.database.connection import Conn
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.letters import DUE


@pytest.fixture
def upkeep(database: str, lending: Lending) -> Iterator[Conn]:
    """A connection with the rights of upkeep and no others."""
    with lending.connection(as_role(database, "upkeep")) as conn:
        yield conn


@pytest.fixture
def clinic_id(conn: Conn) -> UUID:
    """A clinic that syncs its calendar every quarter of an hour and its cases once a night."""
    set_business_time(conn, DUE)
    made = add_clinic(conn)
    conn.execute(
        """
        UPDATE public.clinic_schedule_configs
           SET sync_schedules = '{"inbound": "0-59/15 * * * *", "cases": "0 2 * * *"}'
         WHERE clinic_id = %s
        """,
        (made,),
    )
    return made
