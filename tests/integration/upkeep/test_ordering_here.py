"""A dead letter that a command orders again in its own process."""

from uuid import UUID, uuid4

import pytest

from idexx_sync.core.errors import Conflict
from idexx_sync.database.connection import Conn
from idexx_sync.operations.dead_letters import find_letter, letter_again, order_here
from tests.kit.database import query
from tests.kit.rows import add_letter


def jobs(conn: Conn) -> list[UUID]:
    return [one["id"] for one in query(conn, "SELECT id FROM idexx_sync.jobs")]


def test_of_two_commands_at_once_one_orders_the_run(conn: Conn, clinic_id: UUID) -> None:
    """Both have read the letter before either has written."""
    letter = find_letter(conn, add_letter(conn, clinic_id))
    request = letter_again(conn, letter)

    order = order_here(conn, letter, request, "Kim")
    with pytest.raises(Conflict) as refused:
        order_here(conn, letter, request, "Jo")

    assert refused.value.code == "letter_ended"
    assert str(order.job_id) in refused.value.message
    assert jobs(conn) == [order.job_id]
    stored = find_letter(conn, letter.id)
    assert (stored.status, stored.retry_job_id, stored.ended_by) == (
        "retried",
        order.job_id,
        "Kim",
    )


def test_a_letter_of_a_clinic_that_is_gone_orders_nothing(conn: Conn, clinic_id: UUID) -> None:
    event = {"v": 1, "clinic_id": str(uuid4()), "sync": "inbound"}
    letter = find_letter(conn, add_letter(conn, None, "inbound", event=event))

    with pytest.raises(Conflict, match="its clinic is not in ODIS"):
        order_here(conn, letter, letter_again(conn, letter), "Kim")

    assert jobs(conn) == []
    assert find_letter(conn, letter.id).status == "parked"
