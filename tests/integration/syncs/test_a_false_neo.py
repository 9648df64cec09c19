"""Rules R8 and R13: whatever a Neo shows that is not the clinic's calendar, no sync changes a row
by it or calls itself fresh, and it is told once. Over real HTTP."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from neo_simulator.client import Company, Simulator
from tests.kit.database import query
from tests.kit.neo_cases_bench import NeoCasesBench

RUNS: Final[Mapping[SyncName, Callable[[NeoCasesBench], Job]]] = {
    "inbound": lambda clinic: clinic.run(),
    "cases": lambda clinic: clinic.cases(),
    "reconciliation": lambda clinic: clinic.reconcile(),
}
"""A run of each sync over its own days, which all have today in common."""
TABLES: Final = (
    "public.schedule_appointments",
    "public.schedule_syncs",
    "public.cases",
    "public.patients",
)
VISITS: Final = 20


@pytest.fixture
def other(simulator: Simulator) -> Iterator[Company]:
    """Another company, none of whose ids is the clinic's."""
    made = simulator.create_company(generate=False, id_base=880_000)
    made.book_many([_booked(n, room=4) for n in range(VISITS)])
    yield made
    made.remove()


@pytest.fixture
def clinic(conn: Conn, database: str, simulator: Simulator) -> Iterator[NeoCasesBench]:
    """A clinic of twenty visits today, of which every sync has read and written all."""
    made = NeoCasesBench(conn, database, simulator)
    made.neo.book_many([_booked(n) for n in range(VISITS)])
    for run in RUNS.values():
        assert is_fresh(run(made))
    made.later()
    yield made
    made.close()


def _booked(n: int, room: int = 3) -> dict[str, Any]:
    start = f"2026-05-04 {8 + n // 2:02}:{n % 2 * 30:02}:00"
    return {"start": start, "patient": f"PET {n}", "room": room}


def emptied(clinic: NeoCasesBench, other: Company) -> None:
    clinic.neo.set_knob("calendar_subset", "empty")


def halved(clinic: NeoCasesBench, other: Company) -> None:
    clinic.neo.set_knob("calendar_subset", {"drop_fraction": 0.5})


def halved_for_good(clinic: NeoCasesBench, other: Company) -> None:
    """Nothing that is gone is found by its id either."""
    clinic.neo.set_knob("deleted_visits", "unknown")
    for visit in _visits(clinic)[::2]:
        clinic.neo.delete(visit)


def shifted(clinic: NeoCasesBench, other: Company) -> None:
    for visit in clinic.neo.state()["visits"]:
        later = datetime.fromisoformat(visit["start"]) + timedelta(minutes=90)
        clinic.neo.move(visit["id"], str(later))


def foreign(clinic: NeoCasesBench, other: Company) -> None:
    clinic.neo.set_knob("calendar_subset", {"company": other.company_id})


def of_another_company(clinic: NeoCasesBench, other: Company) -> None:
    clinic.neo.expire_sessions()
    clinic.neo.set_knob("session_of_company", other.company_id)


def expired(clinic: NeoCasesBench, other: Company) -> None:
    clinic.neo.expire_sessions()
    clinic.neo.set_password("changed since")


def _visits(clinic: NeoCasesBench) -> list[str]:
    return [visit["id"] for visit in clinic.neo.state()["visits"]]


def is_fresh(job: Job) -> bool:
    return bool(job.result and job.result["fresh"])


def rows(clinic: NeoCasesBench) -> list[list[dict[str, Any]]]:
    """Every row of ODIS's, whole, but for slots."""
    return [
        query(clinic.conn, f"SELECT to_jsonb(t) AS row FROM {table} t ORDER BY to_jsonb(t)::text")
        for table in TABLES
    ]


def open_alerts(clinic: NeoCasesBench) -> list[tuple[str, int]]:
    """Kind, and how often it was told, of the clinic's open alerts."""
    found = query(
        clinic.conn,
        "SELECT kind, times FROM idexx_sync.alerts WHERE clinic_id = %s AND closed_at IS NULL",
        (clinic.clinic_id,),
    )
    return [(alert["kind"], alert["times"]) for alert in found]


@pytest.mark.parametrize("sync", RUNS)
@pytest.mark.parametrize(
    ("falsify", "kind"),
    [
        (emptied, "held"),
        (halved, "held"),
        (halved_for_good, "held"),
        (shifted, "held"),
        (foreign, "held"),
        (of_another_company, "implausible_data"),
        (expired, "credentials_rejected"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_r08_a_false_neo_changes_no_row_is_never_fresh_and_is_told_once(
    clinic: NeoCasesBench,
    other: Company,
    sync: SyncName,
    falsify: Callable[[NeoCasesBench, Company], None],
    kind: str,
) -> None:
    before, left = rows(clinic), clinic.left()
    falsify(clinic, other)

    for _ in range(3):
        job = RUNS[sync](clinic)
        assert job.status == ("held" if kind == "held" else "failed")
        assert job.error_kind in (None, kind)
        assert not is_fresh(job)
        assert rows(clinic) == before
        assert clinic.left().keys() == left.keys()
        assert all(now <= left[slot] for slot, now in clinic.left().items())
        clinic.later()
    assert open_alerts(clinic) == [(kind, 3)]
