"""Dead letters that somebody has forged, and one beside a run that waits."""

from datetime import timedelta
from uuid import UUID

import pytest

from idexx_sync.database.connection import Conn
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import tick_order
from idexx_sync.upkeep.dead_letters import take_in
from tests.kit.business_time import set_business_time
from tests.kit.database import query
from tests.kit.letters import DUE, message, of_schedule, record, tick_event


def test_a_letter_of_a_tick_that_is_not_due_yet_keeps_its_run_from_nothing(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    """Whoever can send to the queue would end the ticks of the next hour before they come."""
    soon = DUE + timedelta(minutes=50)
    take_in(upkeep, message(tick_event(clinic_id, scheduled_time=soon.isoformat())))
    set_business_time(conn, soon)
    order = tick_order(clinic_id, "inbound", "schedule", soon)

    assert job_store.begin(conn, order, 45).lease is not None


@pytest.mark.parametrize(
    "body",
    [
        tick_event(UUID(int=1), fluffy_of=None),
        tick_event(UUID(int=1), born_at="1983-05-04"),
        record(tick_event(UUID(int=1)), condition="FluffyException"),
    ],
    ids=["key", "birthday", "condition"],
)
def test_no_word_of_somebody_else_is_kept(
    conn: Conn, upkeep: Conn, clinic_id: UUID, body: dict[str, object]
) -> None:
    take_in(upkeep, message(body))

    (kept,) = query(conn, "SELECT d::text AS told FROM idexx_sync.dead_letters d")
    assert not any(word in kept["told"].lower() for word in ("fluffy", "1983"))


def test_a_letter_of_a_tick_whose_run_waits_for_another_one_does_not_end_it(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    """A schedule delivers at least once: one delivery failed, another one waits for the lease."""
    order = tick_order(clinic_id, "inbound", "schedule", DUE)
    conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, gen_random_uuid(), 'cases', 7, "
        "gen_random_uuid(), clock_timestamp() + interval '1 hour')",
        (clinic_id,),
    )
    job_store.begin(conn, order, 45)
    set_business_time(conn, DUE + timedelta(seconds=40))

    taken = take_in(upkeep, of_schedule(tick_event(clinic_id)))

    assert taken.outcome == "superseded"
