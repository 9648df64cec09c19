"""The exposition of known worlds, over a real Postgres."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg import Cursor

from idexx_sync.core.errors import NotFound
from idexx_sync.database.connection import Conn
from idexx_sync.metrics.exposition import exposition
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.records import MORNING
from tests.kit.rows import (
    DRY,
    add_alert,
    add_credentials,
    add_discrepancy,
    add_hold,
    add_job,
    add_login,
    before,
    pause,
)

Values = dict[tuple[str, ...], float]
SYNCS = ("inbound", "cases", "reconciliation")
OUTCOMES = ("ran", "waiting", "missed", "skipped", "paused", "cancelled")
FRESHNESS = ("new", "on_time", "late", "stale", "action_required", "paused")
EVERY_15_MINUTES = {"inbound": "0-59/15 * * * *"}


@pytest.fixture(autouse=True)
def _in_the_morning(conn: Conn) -> None:
    set_business_time(conn, MORNING)


def world(conn: Conn) -> UUID:
    """A healthy clinic with some history, which is returned, and others that stand worse."""
    healthy = add_clinic(conn, sync_schedules=EVERY_15_MINUTES)
    add_job(conn, healthy, before(minutes=10), seconds=10, scheduled_time=before(minutes=11))
    add_job(conn, healthy, before(minutes=1), result=DRY, manner="preview", seconds=20)
    add_job(conn, healthy, before(hours=1), "dead", manner="preview", error_kind="internal")
    slow: dict[str, Any] = {"error_kind": "pims_slow", "scheduled_time": before(hours=3)}
    add_job(conn, healthy, before(hours=2), "failed", seconds=30, **slow)
    add_job(conn, healthy, before(hours=23), "held", seconds=40)
    add_job(conn, healthy, before(hours=25), seconds=999, scheduled_time=before(hours=26))
    unrun: dict[str, Any] = {
        "started_at": None,
        "scheduled_time": before(hours=2),
        "made_up_by": uuid4(),
    }
    add_job(conn, healthy, before(hours=1), "skipped_overlap", **unrun)
    unrun = {"started_at": None, "scheduled_time": before(hours=1)}
    add_job(conn, healthy, before(minutes=50), "missed", **unrun)
    add_job(conn, healthy, before(hours=3), sync="cases", seconds=600)
    runs: dict[str, Any] = {"queued_at": before(minutes=2), "scheduled_time": before(minutes=3)}
    add_job(conn, healthy, status="running", **runs)
    for minutes in (3, 30):
        add_job(conn, healthy, status="queued", queued_at=before(minutes=minutes))
    add_hold(conn, healthy, "times_shifted")
    add_hold(conn, healthy, "empty_calendar", "approved")
    add_discrepancy(conn, healthy, missed_by="inbound")
    add_discrepancy(conn, healthy, cause="duplicate_case", kind="case")
    add_discrepancy(conn, healthy, ended_at=MORNING)
    add_login(conn, healthy, before(hours=23), "ok")
    add_login(conn, healthy, before(hours=22), None)
    add_login(conn, healthy, before(hours=25), "account_locked")
    add_login(conn, healthy, before(hours=1), "ok")
    add_login(conn, healthy, before(hours=1), "unavailable", submitted=False)
    failed = {"status": "failed", "error_kind": "internal", "trigger": "cli"}
    add_job(conn, healthy, before(hours=1), seconds=50, **failed)

    failing = add_clinic(conn, sync_schedules=EVERY_15_MINUTES, stage="canary")
    add_job(conn, failing, before(days=2))
    unrun = {"started_at": None, "scheduled_time": before(hours=5)}
    dead = add_job(conn, failing, before(hours=4), "dead", error_kind="internal", **unrun)
    again: dict[str, Any] = {"retry_of": dead, "scheduled_time": before(hours=4)}
    add_job(conn, failing, before(hours=3), "dead", error_kind="pims_slow", **again)
    add_job(conn, failing, status="queued", queued_at=before(minutes=45))
    add_hold(conn, failing, "times_shifted")
    add_discrepancy(conn, failing, missed_by="inbound")
    many = add_alert(conn, None, "internal")
    for clinic_id in (healthy, failing):
        add_alert(conn, clinic_id, "internal", incident_id=many)
    add_alert(conn, failing, "account_locked", who_acts="clinic")
    add_alert(conn, healthy, "held", closed_at=before(hours=1), opened_at=before(hours=2))
    add_login(conn, failing, before(hours=1), "unavailable")

    paused = add_clinic(conn, sync_schedules=EVERY_15_MINUTES)
    add_job(conn, paused, before(days=9))
    pause(conn, paused, "moving")

    shadow = add_clinic(conn, sync_schedules=None, stage="shadow")
    observed = {"manner": "observe", "result": DRY}
    add_job(conn, shadow, before(hours=1), "succeeded_with_warnings", seconds=5, **observed)

    add_clinic(conn, sync_schedules=None, stage="off")
    add_clinic(conn, sync_schedules=None, is_active=False)
    stranger = add_clinic(conn)
    conn.execute("DELETE FROM idexx_sync.clinic_settings WHERE clinic_id = %s", (stranger,))
    for clinic_id in (healthy, failing, shadow):
        add_credentials(conn, clinic_id)
    return healthy


def read(text: bytes) -> dict[str, Values]:
    """Name of each sample without our prefix -> values of its labels, in alphabetical order."""
    found: dict[str, Values] = {}
    for family in text_string_to_metric_families(text.decode()):
        found.setdefault(family.name.removeprefix("idexx_sync_"), {})
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            values = found.setdefault(sample.name.removeprefix("idexx_sync_"), {})
            assert labels not in values
            values[labels] = sample.value
    return found


def by_freshness(**counts: int) -> Values:
    """All zero, but `inbound_late=1`."""
    empty: Values = {(word, sync): 0.0 for sync in SYNCS for word in FRESHNESS}
    given = {tuple(reversed(name.split("_", 1))): float(n) for name, n in counts.items()}
    assert given.keys() <= empty.keys()
    return {**empty, **given}


def durations(*quantiles: float, sync: str = "inbound") -> Values:
    names = ("0.5", "0.95", "0.99")
    return {(name, sync): value for name, value in zip(names, quantiles, strict=True)}


FLEET: dict[str, Values] = {
    "last_success_timestamp_seconds": {
        ("inbound",): before(days=2).timestamp(),
        ("cases",): before(hours=3).timestamp(),
    },
    "last_success_age_seconds": {("inbound",): 2 * 86400, ("cases",): 3 * 3600},
    "clinics": {("off",): 1, ("shadow",): 1, ("canary",): 1, ("live",): 3},
    "clinics_by_freshness": by_freshness(
        inbound_on_time=1, inbound_stale=1, inbound_paused=1, inbound_new=1, cases_stale=1
    ),
    "jobs_last_24h": {
        ("none", "succeeded", "inbound"): 1,
        ("none", "succeeded_with_warnings", "inbound"): 1,
        ("pims_slow", "failed", "inbound"): 1,
        ("none", "held", "inbound"): 1,
        ("none", "skipped_overlap", "inbound"): 1,
        ("none", "missed", "inbound"): 1,
        ("none", "running", "inbound"): 1,
        ("none", "queued", "inbound"): 3,
        ("internal", "dead", "inbound"): 1,
        ("pims_slow", "dead", "inbound"): 1,
        ("none", "succeeded", "cases"): 1,
    },
    "ticks_last_24h": {
        **dict.fromkeys([(word, sync) for word in OUTCOMES for sync in SYNCS], 0),
        ("ran", "inbound"): 3,
        ("missed", "inbound"): 2,
        ("skipped", "inbound"): 1,
        ("waiting", "inbound"): 1,
    },
    "ticks_missed_last_24h": {("inbound",): 3, ("cases",): 0, ("reconciliation",): 0},
    "ticks_made_up_last_24h": {("inbound",): 1, ("cases",): 0, ("reconciliation",): 0},
    "ticks_ran_ratio_last_24h": {("inbound",): 0.5},
    "job_duration_seconds": {
        **durations(20, 38.5, 39.7),
        **durations(600, 600, 600, sync="cases"),
    },
    "job_duration_seconds_count": {("inbound",): 4, ("cases",): 1},
    "job_duration_seconds_sum": {("inbound",): 85, ("cases",): 600},
    "queue_jobs": {("queued",): 3, ("running",): 1},
    "queue_oldest_age_seconds": {(): 45 * 60},
    "jobs_dead": {("inbound",): 1, ("cases",): 0, ("reconciliation",): 0},
    "dead_letters_parked": {(): 0},
    "holds_open": {("times_shifted",): 2},
    "discrepancies_open": {("moved", "inbound"): 2, ("duplicate_case", "none"): 1},
    "alerts_open": {("internal", "odis"): 2, ("account_locked", "clinic"): 1},
    "incidents_open": {("internal",): 1},
    "messages_unsent": {(): 0},
    "messages_unsent_oldest_age_seconds": {(): 0},
    "logins_last_24h": {("ok",): 2, ("unknown",): 1, ("unavailable",): 1},
}
ONE_CLINIC: dict[str, Values] = {
    **FLEET,
    "last_success_timestamp_seconds": {
        ("inbound",): before(minutes=10).timestamp(),
        ("cases",): before(hours=3).timestamp(),
    },
    "last_success_age_seconds": {("inbound",): 600, ("cases",): 3 * 3600},
    "clinics": {("off",): 0, ("shadow",): 0, ("canary",): 0, ("live",): 1},
    "clinics_by_freshness": by_freshness(inbound_on_time=1, cases_stale=1),
    "jobs_last_24h": {
        labels: count
        for labels, count in FLEET["jobs_last_24h"].items()
        if "dead" not in labels and "succeeded_with_warnings" not in labels
    }
    | {("none", "queued", "inbound"): 2},
    "ticks_last_24h": {
        **FLEET["ticks_last_24h"],
        ("ran", "inbound"): 2,
        ("missed", "inbound"): 1,
    },
    "ticks_missed_last_24h": {("inbound",): 2, ("cases",): 0, ("reconciliation",): 0},
    "job_duration_seconds": {
        **durations(30, 39, 39.8),
        **durations(600, 600, 600, sync="cases"),
    },
    "job_duration_seconds_count": {("inbound",): 3, ("cases",): 1},
    "job_duration_seconds_sum": {("inbound",): 80, ("cases",): 600},
    "queue_jobs": {("queued",): 2, ("running",): 1},
    "queue_oldest_age_seconds": {(): 30 * 60},
    "jobs_dead": dict.fromkeys([(sync,) for sync in SYNCS], 0),
    "dead_letters_parked": {(): 0},
    "holds_open": {("times_shifted",): 1},
    "discrepancies_open": {("moved", "inbound"): 1, ("duplicate_case", "none"): 1},
    "alerts_open": {("internal", "odis"): 1},
    "incidents_open": {},
    "messages_unsent": {(): 0},
    "messages_unsent_oldest_age_seconds": {(): 0},
    "logins_last_24h": {("ok",): 2, ("unknown",): 1},
}
NOTHING: dict[str, Values] = {
    **{name: {} for name in FLEET if not name.endswith(("_count", "_sum"))},
    "clinics": {("off",): 0, ("shadow",): 0, ("canary",): 0, ("live",): 0},
    "clinics_by_freshness": by_freshness(),
    "queue_jobs": {("queued",): 0, ("running",): 0},
    "queue_oldest_age_seconds": {(): 0},
    "jobs_dead": dict.fromkeys([(sync,) for sync in SYNCS], 0),
    "dead_letters_parked": {(): 0},
    "messages_unsent": {(): 0},
    "messages_unsent_oldest_age_seconds": {(): 0},
    "ticks_last_24h": dict.fromkeys([(word, sync) for word in OUTCOMES for sync in SYNCS], 0),
    "ticks_missed_last_24h": dict.fromkeys([(sync,) for sync in SYNCS], 0),
    "ticks_made_up_last_24h": dict.fromkeys([(sync,) for sync in SYNCS], 0),
}


def approximately(values: dict[str, Values]) -> dict[str, Any]:
    return {name: pytest.approx(found) for name, found in values.items()}


def test_the_fleet_is_counted_over_all_clinics(conn: Conn) -> None:
    world(conn)

    assert read(exposition(conn)) == approximately(FLEET)


def test_one_clinics_exposition_counts_no_row_of_another(conn: Conn) -> None:
    healthy = world(conn)

    assert read(exposition(conn, healthy)) == approximately(ONE_CLINIC)


def test_an_empty_database_has_an_exposition_too(conn: Conn) -> None:
    assert read(exposition(conn)) == NOTHING


def test_an_unknown_clinic_is_refused(conn: Conn) -> None:
    world(conn)

    with pytest.raises(NotFound, match="there is no clinic") as refusal:
        exposition(conn, uuid4())
    assert refusal.value.field == "clinic_id"


class Counting(Cursor[Any]):
    """A cursor that notes what it is given to execute."""

    statements: ClassVar[list[str]] = []

    def execute(self, query: Any, *more: Any, **named: Any) -> Any:
        self.statements.append(str(query))
        return super().execute(query, *more, **named)


@pytest.fixture
def statements(database: str) -> Iterator[tuple[Conn, list[str]]]:
    """A connection, and the statements that went over it."""
    Counting.statements.clear()
    with psycopg.connect(database, autocommit=True, cursor_factory=Counting) as conn:
        yield conn, Counting.statements


@pytest.mark.parametrize("of_one", [False, True])
def test_one_query_is_all_that_is_asked(
    statements: tuple[Conn, list[str]], conn: Conn, *, of_one: bool
) -> None:
    healthy = world(conn)
    counted, found = statements

    exposition(counted, healthy if of_one else None)

    assert len(found) == 1


def test_every_metric_is_named_explained_and_without_a_clinic(conn: Conn) -> None:
    healthy = world(conn)
    text = exposition(conn).decode() + exposition(conn, healthy).decode()

    for family in text_string_to_metric_families(text):
        assert family.name.startswith("idexx_sync_")
        assert family.documentation.endswith(".")
        assert family.type == ("summary" if "duration" in family.name else "gauge")
    assert "clinic_id" not in text
    assert str(healthy) not in text


def test_a_clinic_with_broken_settings_breaks_nothing(conn: Conn) -> None:
    for column, value in (("timezone", "America"), ("business_hours", "[1]")):
        clinic_id = add_clinic(conn, sync_schedules=EVERY_15_MINUTES)
        conn.execute(f"UPDATE clinics SET {column} = %s WHERE id = %s", (value, clinic_id))
    conn.execute("""UPDATE clinic_schedule_configs SET sync_schedules = '[7, {"cron": "x"}]'""")

    found = read(exposition(conn))

    assert found["clinics_by_freshness"] == by_freshness(inbound_action_required=2)
