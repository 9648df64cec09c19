"""Pauses: one of a clinic and one of all may stand, whoever asks and however often."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from idexx_sync.clinics import pause_store
from idexx_sync.core.errors import InvalidInput, NotFound
from idexx_sync.database.connection import Conn
from idexx_sync.database.migrations import migrations_in
from idexx_sync.operations.pause_models import PauseAnswer
from idexx_sync.operations.pausing import pause, resume
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query
from tests.kit.races import at_once
from tests.kit.records import MORNING

Whose = Callable[[UUID], UUID | None]
WHOSE = pytest.mark.parametrize(
    "whose", [lambda clinic_id: clinic_id, lambda _: None], ids=["one", "all"]
)


@pytest.fixture
def clinic(conn: Conn) -> UUID:
    set_business_time(conn, MORNING)
    return add_clinic(conn)


@WHOSE
def test_a_pause_stands_until_somebody_resumes_and_who_and_when_are_kept(
    conn: Conn, clinic: UUID, whose: Whose
) -> None:
    paused = pause(conn, whose(clinic), by="Kim", reason=" the  clinic\tmoves ")
    set_business_time(conn, MORNING + timedelta(hours=3))
    again = pause(conn, whose(clinic), by="Lee", reason="not needed")
    resumed = resume(conn, whose(clinic), by="Lee", reason="moved")
    nothing = resume(conn, whose(clinic), by="Kim", reason=None)

    assert paused.pause is not None
    assert (paused.pause.paused_at, paused.pause.paused_by) == (MORNING, "Kim")
    assert (paused.changed, paused.pause.reason) == (True, "the clinic moves")
    assert (paused.standing, again.standing) == ((paused.pause,), (paused.pause,))
    assert (again.changed, again.pause) == (False, paused.pause)
    assert resumed.pause is not None
    assert (resumed.changed, resumed.standing) == (True, ())
    assert resumed.pause.model_dump() == {
        **paused.pause.model_dump(),
        "resumed_at": MORNING + timedelta(hours=3),
        "resumed_by": "Lee",
        "resume_reason": "moved",
    }
    assert (nothing.changed, nothing.pause, nothing.standing) == (False, None, ())
    assert pause(conn, whose(clinic), by="Kim", reason="once more").changed
    assert len(query(conn, "SELECT id FROM idexx_sync.pauses")) == 2


def test_each_pause_ends_by_itself(conn: Conn, clinic: UUID) -> None:
    other = add_clinic(conn)
    pause(conn, clinic, by="Kim", reason="moving")
    pause(conn, None, by="Kim", reason="Neo is down")
    assert whose_stand(pause(conn, other, by="Kim", reason="rooms")) == [None, other]

    assert whose_stand(resume(conn, other, by="Kim", reason=None)) == [None]
    went_on = resume(conn, None, by="Kim", reason=None)

    assert went_on.changed
    assert whose_stand(went_on) == [clinic]
    assert whose_stand(resume(conn, other, by="Kim", reason=None)) == []
    assert pause_store.standing(conn, other) == []


def whose_stand(answer: PauseAnswer) -> list[UUID | None]:
    return [one.clinic_id for one in answer.standing]


@WHOSE
def test_people_who_pause_at_once_make_one_pause_and_see_the_same(
    conn: Conn, database: str, clinic: UUID, whose: Whose
) -> None:
    def racer(number: int) -> PauseAnswer:
        with psycopg.connect(as_role(database, "api"), autocommit=True) as own:
            return pause(own, whose(clinic), by=f"person {number}", reason=f"reason {number}")

    answers = at_once(6, racer)

    assert sum(answer.changed for answer in answers) == 1
    assert len({answer.pause for answer in answers}) == 1
    assert len(query(conn, "SELECT id FROM idexx_sync.pauses")) == 1


def test_people_who_resume_at_once_end_it_once(conn: Conn, database: str, clinic: UUID) -> None:
    pause(conn, clinic, by="Kim", reason="moving")

    def racer(number: int) -> PauseAnswer:
        with psycopg.connect(as_role(database, "api"), autocommit=True) as own:
            return resume(own, clinic, by=f"person {number}", reason=None)

    assert sum(answer.changed for answer in at_once(6, racer)) == 1


@pytest.mark.parametrize("reason", [None, "", " \t\n", "\u200b\u2060\x00", "x" * 501])
def test_a_reason_has_to_be_said_in_visible_characters(
    conn: Conn, clinic: UUID, reason: str | None
) -> None:
    with pytest.raises(InvalidInput, match="reason: "):
        pause(conn, clinic, by="Kim", reason=reason)

    assert query(conn, "SELECT id FROM idexx_sync.pauses") == []
    kept = pause(conn, clinic, by="Kim", reason="x" * 499 + "\u200b\x00y")
    assert kept.pause is not None
    assert kept.pause.reason == "x" * 499 + "y"


def test_a_clinic_that_odis_lacks_is_not_paused(conn: Conn) -> None:
    for act in (pause, resume):
        with pytest.raises(NotFound):
            act(conn, uuid4(), by="Kim", reason="moving")


def test_a_clinic_that_is_deleted_takes_its_pauses_along(conn: Conn, clinic: UUID) -> None:
    pause(conn, clinic, by="Kim", reason="moving")
    pause(conn, None, by="Kim", reason="Neo is down")
    with conn.transaction(force_rollback=True):
        conn.execute("DELETE FROM public.clinics WHERE id = %s", (clinic,))
        assert [one.clinic_id for one in pause_store.all_standing(conn)] == [None]


def test_what_was_paused_before_stands_on(conn: Conn) -> None:
    """By the columns of the release before, which keeps reading them."""
    (migration,) = [one for one in migrations_in() if one.name == "028_pauses"]
    paused, killed, both, free = (add_clinic(conn) for _ in range(4))
    set_business_time(conn, MORNING)

    with conn.transaction(force_rollback=True):
        conn.execute("DROP TABLE idexx_sync.pauses")
        for clinic_id, change in {
            paused: "paused_at = idexx_sync.clock() - interval '1 day', paused_reason = 'moving', "
            "paused_by = 'Kim'",
            killed: "killed = true",
            both: "paused_at = idexx_sync.clock(), killed = true, paused_by = ' ', "
            "paused_reason = repeat('x', 600)",
            free: "paused_reason = 'once', paused_by = 'Kim'",
        }.items():
            conn.execute(
                f"UPDATE idexx_sync.clinic_settings SET {change} WHERE clinic_id = %s", (clinic_id,)
            )
        conn.execute(migration.sql)
        found = {
            one["clinic_id"]: (one["paused_at"], one["paused_by"], one["reason"])
            for one in query(conn, "SELECT * FROM idexx_sync.pauses WHERE resumed_at IS NULL")
        }

    assert found == {
        paused: (MORNING - timedelta(days=1), "Kim", "moving"),
        killed: (MORNING, "unknown", "stopped by the kill switch"),
        both: (MORNING, "unknown", "x" * 500),
    }
