"""Two clinics share every id, and neither changes what becomes of the other.

`./run mutants --clinic` lets each statement of the stores forget whose row it is about; here that
has to be seen.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from idexx_sync.clinics.overview import clinic_overview
from idexx_sync.clinics.store import clinic_by_id, clinic_names, require_acting_user
from idexx_sync.core import personal
from idexx_sync.core.errors import InvalidInput
from idexx_sync.database.connection import Conn
from idexx_sync.explain.day_store import stored_day
from idexx_sync.explain.store import reads_of, stored_appointment
from idexx_sync.jobs.coming_store import is_ended_or_coming
from idexx_sync.jobs.store import jobs_newest_first
from idexx_sync.jobs.submission_store import stage, unfinished
from idexx_sync.keys.store import keys_listed
from idexx_sync.metrics.counts import read_counts
from idexx_sync.operations.clinic_views import clinic_page
from idexx_sync.operations.wanted import WantedClinics
from idexx_sync.pims.access_store import StoredSessionOnly, login_attempts, newest_attempts
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.audit_store import changes_of
from idexx_sync.syncs.cases.calendar_store import makes_way_for, starts_remembered
from idexx_sync.syncs.cases.death_store import deaths_of_patients
from idexx_sync.syncs.hold_store import holds_newest_first
from idexx_sync.syncs.inbound.slot_store import slots_of
from tests.integration.two_clinics.life import KEYS, Life
from tests.kit.business_time import set_business_time
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user, identity_guard
from tests.kit.lending import Lending
from tests.kit.neighbour import Mood, Neighbour, rows_of
from tests.kit.records import MONDAY, MORNING
from tests.kit.shelf import Shelf

CLINIC = UUID("7d1c0a52-0000-4000-8000-000000000001")
STRANGER = UUID("7d1c0a52-0000-4000-8000-000000000002")
WEEK = Window(MONDAY, MONDAY + timedelta(days=7))
PATIENTS = ("40021", "40022", "40023", "40055")
NOT_COMPARED = {
    *("created_at", "updated_at", "granted_at", "dispatched_at", "expires_at"),  # machines' time
    *("id", "sealed", "duration_ms", "xmin"),
}

FOREIGN = """
    SELECT a.neo_appointment_id
      FROM public.schedule_appointments a JOIN public.schedule_slots s ON s.id = a.slot_id
     WHERE a.clinic_id = %(clinic)s AND s.clinic_id <> a.clinic_id
     UNION ALL
    SELECT k.external_id FROM idexx_sync.case_keys k JOIN public.cases c ON c.id = k.case_id
     WHERE k.clinic_id = %(clinic)s AND c.clinic_id <> k.clinic_id
"""
"""Rows that name another clinic's."""


@contextmanager
def bench_in(conn: Conn, url: str, lending: Lending) -> Iterator[CasesBench]:
    set_business_time(conn, MORNING)
    user_id = add_user(conn)
    add_clinic(conn, clinic_id=CLINIC, acting_user_id=user_id, live_from=date(2026, 1, 1))
    conn.execute(
        "INSERT INTO public.user_clinic_access (user_id, clinic_id) VALUES (%s, %s)",
        (user_id, CLINIC),
    )
    for table in ("auth.users", "public.users"):
        conn.execute(f"INSERT INTO {table} (id) VALUES (%s)", (STRANGER,))
    with lending.database(url) as lent:
        yield CasesBench(conn, url, CLINIC, lent=lent)


def shown_whole(said: object) -> str:
    """With what is personal, which is compared too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(personal, "personal_fields", lambda _model: frozenset())
        return repr(said)


def masked(said: object) -> str:
    """Without what two lives never share: random ids, and seconds."""
    text = said if isinstance(said, str) else shown_whole(said)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>", text)
    text = re.sub(r"version='\d+'", "", text)
    text = re.sub(
        r"datetime\((\d+, \d+, \d+, \d+)(, \d+)?(, \d+)?(, \d+)?,", r"datetime(\1\2,", text
    )
    return re.sub(r"(T\d\d:\d\d):\d\d(\.\d+)?", r"\1", text)


def all_of(bench: CasesBench) -> dict[str, Any]:
    """What stands in the clinic's rows, and what is answered to whoever asks about it."""
    rows = rows_of(bench.conn, bench.clinic_id, with_versions=False)
    kept = {
        table: sorted(
            masked(json.dumps({k: v for k, v in row.items() if k not in NOT_COMPARED}))
            for row in found
        )
        for table, found in rows.items()
    }
    foreign = bench.conn.execute(FOREIGN, {"clinic": bench.clinic_id}).fetchall()
    kept["foreign"] = [key for (key,) in foreign]
    return kept | {name: masked(said) for name, said in answers(bench.conn, bench).items()}


def answers(conn: Conn, bench: CasesBench) -> dict[str, object]:
    clinic_id = bench.clinic_id
    jobs = jobs_newest_first(conn, clinic_id=clinic_id, limit=5)
    reading = read_counts(conn, clinic_id)
    seen, counts = list(reading.states), reading.counts
    ran = counts.durations
    session = StoredSessionOnly(conn, KEYS, clinic_id, identity_guard(conn, clinic_id)).session()
    return {
        "clinic": clinic_by_id(conn, clinic_id),
        "named": clinic_names(conn, clinic_id),
        "clinics": clinic_page(conn, WantedClinics(ids=frozenset([clinic_id])), limit=5).clinics,
        "written": [changes_of(conn, clinic_id, job.id, limit=50) for job in jobs],
        "overview": clinic_overview(conn, clinic_id),
        "counts": [counts.model_copy(update={"durations": [(d.sync, d.count) for d in ran]}), seen],
        "explained": [stored_appointment(conn, clinic_id, key) for key in ("600102", "600200")],
        "explained_day": [stored_day(conn, clinic_id, day, bench.now) for day in WEEK.days[:2]],
        "read_last": reads_of(conn, clinic_id, MONDAY),
        "jobs": jobs,
        "coming": [is_ended_or_coming(conn, job.id) for job in jobs],
        "unfinished": unfinished(conn, clinic_id, "inbound", not_begun_by=None),
        "makes_way": makes_way_for(conn, clinic_id),
        "stage": stage(conn, clinic_id),
        "holds": holds_newest_first(conn, clinic_id=clinic_id),
        "keys": keys_listed(conn, clinic_id=clinic_id),
        "logins": login_attempts(conn, clinic_id, 5),
        "stranger": refusal(conn, STRANGER),
        "nobody": refusal(conn, UUID(int=0)),
        "starts": sorted(starts_remembered(conn, clinic_id, WEEK).fetchall()),
        "deaths": sorted(deaths_of_patients(conn, clinic_id, PATIENTS, [], lambda: None).items()),
        "slots": sorted(map(masked, slots_of(conn, clinic_id, WEEK, MONDAY).fetchall())),
        "attempts": newest_attempts(conn, clinic_id, 1),
        "session": session and session.logged_in_at,
    }


def refusal(conn: Conn, user_id: UUID) -> str | None:
    """Why cases of the clinic may not be the user's."""
    try:
        require_acting_user(conn, CLINIC, user_id)
    except InvalidInput as error:
        return str(error)
    return None


def lived(bench: CasesBench, step: Callable[[], object], moods: Sequence[Mood]) -> dict[str, Any]:
    """What a step of the life leads to, among neighbours that are new."""
    with ExitStack() as stack:
        there = [stack.enter_context(Neighbour(bench.conn, CLINIC, mood)) for mood in moods]
        before = [left(neighbour, step.__name__) for neighbour in there]
        bench.now = bench.now  # minutes are compared, however slow this machine is
        returned = step()
        bench.now = bench.now
        found = all_of(bench) | {"returned": masked(returned)}
        assert [left(one, step.__name__) for one in there] == before, step.__name__
    return found


def left(neighbour: Neighbour, step: str) -> dict[str, list[Any]]:
    """The neighbour's rows. Where slots are deleted, Postgres itself clears what names them."""
    rows = neighbour.rows()
    if step == "opens_for_half_the_day":
        for row in rows["public.schedule_appointments"] + rows.get("public.vapi_bookings", []):
            row |= {"slot_id": None, "updated_at": None, "xmin": None, "xmax": None}
    return {table: sorted(found, key=str) for table, found in rows.items()}


@pytest.fixture(scope="session")
def alone(shelf: Shelf, lending: Lending) -> list[dict[str, Any]]:
    """The steps of a clinic that has the database for itself."""
    name = shelf.take()
    url = shelf.postgres.dsn(name)
    with lending.connection(url) as conn, bench_in(conn, url, lending) as bench:
        steps = [lived(bench, step, ()) for step in Life(bench).steps()]
    shelf.give_back(name)
    return steps


def test_clinics_with_the_same_ids_change_nothing_and_stay_as_they_are(
    alone: list[dict[str, Any]], database: str, conn: Conn, lending: Lending
) -> None:
    with bench_in(conn, database, lending) as bench:
        for step, expected in zip(Life(bench).steps(), alone, strict=True):
            found = lived(bench, step, ("full", "empty"))
            other = [name for name in expected if found.get(name) != expected[name]]
            told = {name: (found.get(name), expected[name]) for name in other}
            assert (step.__name__, told) == (step.__name__, {})
            assert found.keys() == expected.keys()
