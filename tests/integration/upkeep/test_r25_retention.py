"""Rule R25: how long the rows of each table of ours are kept."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from idexx_sync.clinics.overview import clinic_overview
from idexx_sync.database.connection import Conn
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.upkeep.retention import RESTS, delete_what_is_old
from idexx_sync.upkeep.retention_store import RULES
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import insert, query, update
from tests.kit.letters import DUE
from tests.kit.rows import (
    add_credentials,
    add_discrepancy,
    add_hold,
    add_job,
    add_letter,
    add_login,
)

NEVER = -1
CASE = uuid4()


def forever() -> float:
    return math.inf


def rows(conn: Conn, table: str) -> int:
    return int(query(conn, f"SELECT count(*) AS n FROM {table}")[0]["n"])


def swept(conn: Conn, upkeep: Conn, moment: datetime) -> dict[str, int]:
    """What goes at that moment, in as many passes as it takes."""
    set_business_time(conn, moment)
    conn.execute("UPDATE idexx_sync.places SET at = '2020-01-01'")
    gone: dict[str, int] = {}
    is_complete = False
    while not is_complete:
        counts, is_complete = delete_what_is_old(upkeep, forever)
        for name, number in counts.items():
            gone[name] = gone.get(name, 0) + number
    return gone


def add_change(conn: Conn, clinic_id: UUID, job_id: UUID | None = None, at: datetime = DUE) -> UUID:
    job_id = job_id or uuid4()
    insert(
        conn,
        "idexx_sync.changes",
        {
            "job_id": job_id,
            "clinic_id": clinic_id,
            "sync": "inbound",
            "kind": "appointment",
            "external_id": str(uuid4()),
            "action": "create",
            "outcome": "written",
            "reasons": ["new"],
            "at": at,
        },
    )
    return job_id


def add_record(conn: Conn, clinic_id: UUID, kind: str = "visit", **columns: Any) -> str:
    key = str(columns.pop("external_id", uuid4()))
    source = columns.pop("source", {"start": "2026-05-04 09:00:00", "end": "2026-05-04 09:30:00"})
    stored = None if source is None else psycopg.types.json.Jsonb(source)
    values = {"clinic_id": clinic_id, "kind": kind, "external_id": key, "read_at": DUE, **columns}
    insert(conn, "idexx_sync.records", {**values, "source": stored})
    return key


def add_case(conn: Conn, clinic_id: UUID, visit: str, status: str) -> None:
    case_id = uuid4()
    insert(conn, "public.cases", {"id": case_id, "clinic_id": clinic_id, "status": status})
    insert(
        conn,
        "idexx_sync.case_keys",
        {"clinic_id": clinic_id, "external_id": PREFIX + visit, "case_id": case_id},
    )


def newer_success(conn: Conn, clinic_id: UUID) -> None:
    """A job that is the clinic's newest success and outcome, so that no other one is."""
    add_job(conn, clinic_id, DUE + timedelta(days=2000))


# -- every table ------------------------------------------------------------------------------


def test_r25_every_table_of_ours_has_a_rule_and_every_rule_its_table(conn: Conn) -> None:
    tables = query(
        conn,
        """
        SELECT format('%%s.%%s', c.relnamespace::regnamespace, c.relname) AS name FROM pg_class c
         WHERE c.relkind IN ('r', 'p') AND %s
           AND (c.relnamespace = 'idexx_sync'::regnamespace
                OR c.oid IN ('public.clinic_api_keys'::regclass,
                             'public.case_sync_audits'::regclass))
        """,
        (True,),
    )

    assert {table["name"] for table in tables} == {rule.table for rule in RULES}
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.because for rule in RULES)


def test_r25_what_is_not_ours_to_delete_has_no_rule_that_deletes() -> None:
    kept = {rule.table for rule in RULES if rule.goes is None}

    assert {
        *("public.clinic_api_keys", "public.case_sync_audits", "idexx_sync.case_keys"),
        *("idexx_sync.leases", "idexx_sync.unknown_words", "idexx_sync.clinic_settings"),
    } <= kept


def job(status: str = "succeeded", **columns: Any) -> Callable[[Conn, UUID], None]:
    def made(conn: Conn, clinic_id: UUID) -> None:
        newer_success(conn, clinic_id)
        add_job(conn, clinic_id, DUE, status, **columns)

    return made


def changed_job(conn: Conn, clinic_id: UUID) -> None:
    newer_success(conn, clinic_id)
    add_change(conn, clinic_id, add_job(conn, clinic_id, DUE), DUE + timedelta(days=2000))


def made(add: Callable[..., Any], *arguments: Any, **columns: Any) -> Callable[[Conn, UUID], None]:
    return lambda conn, clinic_id: add(conn, clinic_id, *arguments, **columns)


def ended_hold(conn: Conn, clinic_id: UUID) -> None:
    hold_id = add_hold(conn, clinic_id, "times_shifted", "closed")
    conn.execute("UPDATE idexx_sync.holds SET ended_at = %s", (DUE,))
    event = {"clinic_id": clinic_id, "hold_id": hold_id, "event": "found", "at": DUE}
    insert(conn, "idexx_sync.hold_events", event)


def closed_alert(conn: Conn, clinic_id: UUID, **columns: Any) -> None:
    values = {"clinic_id": clinic_id, "kind": "internal", "who_acts": "odis"}
    closed = {"opened_at": DUE, "closed_at": DUE, "closed_because": "succeeded"}
    insert(conn, "idexx_sync.alerts", {**values, **closed, **columns})


def superseded_credentials(conn: Conn, clinic_id: UUID) -> None:
    add_credentials(conn, clinic_id, 1)
    add_credentials(conn, clinic_id, 2)
    conn.execute("UPDATE idexx_sync.credentials SET created_at = %s", (DUE,))


def idempotency_key(conn: Conn, clinic_id: UUID) -> None:
    key = {"id": uuid4(), "clinic_id": clinic_id, "api_key": "a" * 64, "scopes": []}
    insert(conn, "public.clinic_api_keys", key)
    job_id = add_job(conn, clinic_id, DUE + timedelta(days=1))
    values = {"api_key_id": key["id"], "route": "r", "idempotency_key": "k", "request_hash": "h"}
    insert(conn, "idexx_sync.idempotency_keys", {**values, "job_id": job_id, "created_at": DUE})


def session(conn: Conn, clinic_id: UUID) -> None:
    values = {"clinic_id": clinic_id, "credential_version": 1, "sealed": b"x", "stored_at": DUE}
    insert(conn, "idexx_sync.sessions", values)


def death(conn: Conn, clinic_id: UUID) -> None:
    values = {"clinic_id": clinic_id, "patient_id": "p1", "visit_id": "v1", "category": "death"}
    more = {"in_doubt": False, "told_at": DUE, "marked": True}
    insert(conn, "idexx_sync.deaths", {**values, **more})


def standing_pause(conn: Conn, clinic_id: UUID) -> None:
    values = {"clinic_id": clinic_id, "paused_at": DUE, "paused_by": "kim", "reason": "moving"}
    insert(conn, "idexx_sync.pauses", values)


def ended_pause(conn: Conn, clinic_id: UUID) -> None:
    standing_pause(conn, clinic_id)
    update(conn, "idexx_sync.pauses", {"resumed_at": DUE, "resumed_by": "kim"}, clinic_id=clinic_id)


def ended_discrepancy(conn: Conn, clinic_id: UUID) -> None:
    job_id = add_job(conn, clinic_id, DUE, sync="reconciliation")
    add_discrepancy(conn, clinic_id, job_id, ended_at=DUE)


def policy(conn: Conn, clinic_id: UUID) -> None:
    values = {"clinic_id": clinic_id, "cause": "moved", "treatment": "ignore", "until": DUE.date()}
    insert(conn, "idexx_sync.policies", {**values, "set_by": "kim", "set_at": DUE})


def old_login(conn: Conn, clinic_id: UUID) -> None:
    add_credentials(conn, clinic_id, 2)
    add_login(conn, clinic_id, DUE, "ok", 1)


KEPT_FOR: dict[str, tuple[str, Callable[[Conn, UUID], None], int]] = {
    "an unchanged job": ("jobs", job(), 14),
    "an unchanged job with warnings": ("jobs", job("succeeded_with_warnings"), 14),
    "a job that held": ("jobs", job("held"), 14),
    "a skipped job": ("jobs", job("skipped_overlap"), 14),
    "a preview": ("jobs", job(manner="preview"), 14),
    "a failed job": ("jobs", job("failed", error_kind="pims_slow"), 90),
    "a dead job": ("jobs", job("dead", error_kind="internal"), 90),
    "a job that changed something": ("jobs", changed_job, 90),
    "a retry": ("jobs", job(retry_of=uuid4()), 90),
    "a job of days that somebody named": ("jobs", job(params={"from": "2026-01-01"}), 90),
    "a job that told of lost days": (
        "jobs",
        job(result={"days_lost": ["2026-01-01", "2026-01-02"], "fresh": False}),
        90,
    ),
    "a job that waits": (
        "jobs",
        made(add_job, None, "queued", queued_at=DUE),
        NEVER,
    ),
    "a change": ("changes", made(add_change), 180),
    "a visit": ("records", made(add_record), 120),
    "an appointment": ("records", made(add_record, "appointment"), 120),
    "a block of months": (
        "records",
        made(
            add_record,
            "appointment",
            source={"start": "2026-01-01 00:00:00", "end": "2026-05-04 00:00:00"},
        ),
        120,
    ),
    "a record without a day": ("records", made(add_record, source=None), 120),
    "a consultation": ("records", made(add_record, "consultation", source={"id": "1"}), 120),
    "an old login": ("logins", old_login, 90),
    "an ended hold": ("holds", ended_hold, 180),
    "what became of it": ("hold_events", ended_hold, 180),
    "a hold in force": ("holds", made(add_hold, "times_shifted", "rejected"), NEVER),
    "a closed alert": ("alerts", closed_alert, 180),
    "a muted alert": (
        "alerts",
        made(closed_alert, muted_until=DUE + timedelta(days=3000)),
        NEVER,
    ),
    "an open alert": (
        "alerts",
        made(closed_alert, closed_at=None, closed_because=None),
        NEVER,
    ),
    "a letter": ("dead_letters", made(add_letter, status="superseded", ended_at=DUE), 30),
    "a parked letter": ("dead_letters", made(add_letter), NEVER),
    "an idempotency key": ("idempotency_keys", idempotency_key, 2),
    "superseded credentials": ("credentials", superseded_credentials, 90),
    "a session": ("sessions", session, 90),
    "a death": ("deaths", death, NEVER),
    "a job that compared": ("jobs", job(result={"discrepancies": {}, "fresh": False}), 90),
    "a preview of one": (
        "jobs",
        job(result={"discrepancies": {"moved": {"reported": 1}}}, manner="preview"),
        14,
    ),
    "a discrepancy that has ended": (
        "discrepancies",
        made(add_discrepancy, ended_at=DUE, last_seen_at=DUE - timedelta(days=50)),
        180,
    ),
    "one that no run judges any more": (
        "discrepancies",
        made(add_discrepancy, last_seen_at=DUE),
        180,
    ),
    "what became of it in a job": ("sightings", ended_discrepancy, 180),
    "a policy": ("policies", policy, NEVER),
    "a pause that is over": ("pauses", ended_pause, 180),
    "a pause that stands": ("pauses", standing_pause, NEVER),
}


@pytest.mark.parametrize("name", KEPT_FOR)
def test_r25_a_row_is_kept_until_its_time_is_over_and_gone_a_day_later(
    conn: Conn, upkeep: Conn, clinic_id: UUID, name: str
) -> None:
    table, add, days = KEPT_FOR[name]
    add(conn, clinic_id)
    before = rows(conn, f"idexx_sync.{table}")

    kept_for = 1900 if days == NEVER else days
    swept(conn, upkeep, DUE + timedelta(days=kept_for))
    assert rows(conn, f"idexx_sync.{table}") == before
    swept(conn, upkeep, DUE + timedelta(days=kept_for + 1))
    assert rows(conn, f"idexx_sync.{table}") == before - (days != NEVER)


# -- what something else needs ----------------------------------------------------------------


def test_r25_the_newest_success_and_the_newest_outcome_stay_whatever_their_age(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    for sync in ("inbound", "cases"):
        for days in (0, 1):
            at = DUE + timedelta(days=days)
            add_job(conn, clinic_id, at, sync=sync)
            later = at + timedelta(hours=1)
            add_job(conn, clinic_id, later, "failed", error_kind="pims_slow", sync=sync)
    told = clinic_overview(conn, clinic_id).histories

    swept(conn, upkeep, DUE + timedelta(days=1000))

    left = query(conn, "SELECT sync, status, finished_at FROM idexx_sync.jobs ORDER BY 1, 2 DESC")
    newest = DUE + timedelta(days=1)
    assert [(one["sync"], one["status"], one["finished_at"]) for one in left] == [
        (sync, status, newest + timedelta(hours=hours))
        for sync in ("cases", "inbound")
        for status, hours in (("succeeded", 0), ("failed", 1))
    ]
    assert clinic_overview(conn, clinic_id).histories == told


@pytest.mark.parametrize("manner", ["apply", "observe", "preview"])
def test_r25_what_never_succeeded_or_told_anything_goes_too(
    conn: Conn, upkeep: Conn, clinic_id: UUID, manner: str
) -> None:
    """No run of it is the newest success, and of previews none is the newest outcome either."""
    for days in range(3):
        ended = DUE - timedelta(days=days)
        add_job(conn, clinic_id, ended, "dead", error_kind="pims_unavailable", manner=manner)

    swept(conn, upkeep, DUE + timedelta(days=100))

    assert rows(conn, "idexx_sync.jobs") == (0 if manner == "preview" else 1)


@pytest.mark.parametrize("what", ["alert", "hold", "letter"])
def test_r25_a_job_stays_while_something_that_waits_names_it(
    conn: Conn, upkeep: Conn, clinic_id: UUID, what: str
) -> None:
    newer_success(conn, clinic_id)
    job_id = add_job(conn, clinic_id, DUE, "failed", error_kind="internal")
    if what == "alert":
        closed_alert(conn, clinic_id, closed_at=None, closed_because=None, job_id=job_id)
        end = "UPDATE idexx_sync.alerts SET closed_at = opened_at, closed_because = 'succeeded'"
    elif what == "hold":
        add_hold(conn, clinic_id, "times_shifted")
        conn.execute("UPDATE idexx_sync.holds SET job_id = %s", (job_id,))
        end = "UPDATE idexx_sync.holds SET status = 'closed', ended_at = opened_at"
    else:
        add_letter(conn, clinic_id, job_id=job_id)
        end = "UPDATE idexx_sync.dead_letters SET status = 'discarded', ended_at = received_at"

    kept = swept(conn, upkeep, DUE + timedelta(days=100))
    conn.execute(end)
    gone = swept(conn, upkeep, DUE + timedelta(days=101))

    assert ("jobs" in kept, gone["jobs"]) == (False, 1)


@pytest.mark.parametrize("status", ["draft", "ongoing", "completed", "reviewed"])
def test_r25_memory_of_a_visit_stays_while_its_case_is_open(
    conn: Conn, upkeep: Conn, clinic_id: UUID, status: str
) -> None:
    key = add_record(conn, clinic_id)
    add_record(conn, clinic_id, "consultation", external_id=key, source={"id": "c"})
    add_case(conn, clinic_id, key, status)

    swept(conn, upkeep, DUE + timedelta(days=400))
    is_open = status in ("draft", "ongoing")
    assert rows(conn, "idexx_sync.records") == (2 if is_open else 0)
    assert rows(conn, "idexx_sync.case_keys") == 1


def test_r25_a_consultation_stays_as_long_as_its_visit(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    key = add_record(conn, clinic_id, source={"start": "2026-09-01 09:00:00"})
    add_record(conn, clinic_id, "consultation", external_id=key, source={"id": "c"})

    swept(conn, upkeep, DUE + timedelta(days=130))

    assert rows(conn, "idexx_sync.records") == 2


def test_r25_a_record_that_still_takes_time_stays(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    claims = [{"day": "2027-01-01", "start": "09:00:00", "end": "10:00:00"}]
    for kind, source in (("appointment", {"start": "2026-05-04 09:00:00"}), ("visit", None)):
        stored = psycopg.types.json.Jsonb(claims)
        add_record(conn, clinic_id, kind, source=source, claims=stored)

    swept(conn, upkeep, DUE + timedelta(days=300))
    assert rows(conn, "idexx_sync.records") == 2
    swept(conn, upkeep, DUE + timedelta(days=500))
    assert rows(conn, "idexx_sync.records") == 0


def test_r25_the_logins_that_the_breaker_asks_for_stay(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    add_credentials(conn, clinic_id, 1)
    add_credentials(conn, clinic_id, 2)
    for outcome in ("ok", "unavailable", "credentials_rejected"):
        add_login(conn, clinic_id, DUE, outcome, 1)
        add_login(conn, clinic_id, DUE, outcome, 2)
    add_login(conn, clinic_id, DUE, "unavailable", 2, submitted=False)
    told = clinic_overview(conn, clinic_id).attempts

    swept(conn, upkeep, DUE + timedelta(days=1000))

    left = query(conn, "SELECT credential_version AS v, outcome FROM idexx_sync.logins ORDER BY id")
    assert [(one["v"], one["outcome"]) for one in left] == [
        (2, "unavailable"),
        (2, "credentials_rejected"),
    ]
    assert clinic_overview(conn, clinic_id).attempts == told


def test_r25_credentials_in_use_stay_and_superseded_ones_for_a_quarter_after_that(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    for version, days in ((1, 0), (2, 1000), (3, 1050)):
        add_credentials(conn, clinic_id, version)
        conn.execute(
            "UPDATE idexx_sync.credentials SET created_at = %s WHERE version = %s",
            (DUE + timedelta(days=days), version),
        )

    def left(days: int) -> list[int]:
        swept(conn, upkeep, DUE + timedelta(days=days))
        found = query(conn, "SELECT version FROM idexx_sync.credentials ORDER BY 1")
        return [one["version"] for one in found]

    assert left(1090) == [1, 2, 3]
    assert left(1091) == [2, 3]
    assert left(1141) == [3]
    assert left(1900) == [3]


def test_r25_a_second_case_is_never_made_because_a_key_has_gone(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    add_case(conn, clinic_id, "600101", "reviewed")

    swept(conn, upkeep, DUE + timedelta(days=5000))

    assert rows(conn, "idexx_sync.case_keys") == 1


# -- in parts ---------------------------------------------------------------------------------


def many_jobs(conn: Conn, clinic_id: UUID, number: int, status: str) -> None:
    conn.execute(
        """
        INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, status, error_kind, queued_at,
                                     finished_at)
        SELECT gen_random_uuid(), %s, 'inbound', 'schedule', %s,
               CASE WHEN %s = 'failed' THEN 'pims_slow' END, %s, %s + n * interval '1 s'
          FROM generate_series(1, %s) n
        """,
        (clinic_id, status, status, DUE, DUE, number),
    )


@pytest.mark.parametrize("at_once", [100, 999, 1000, 1001])
def test_r25_a_pass_is_bounded_and_the_next_one_goes_on(
    conn: Conn, upkeep: Conn, clinic_id: UUID, at_once: int
) -> None:
    newer_success(conn, clinic_id)
    many_jobs(conn, clinic_id, 2000, "failed")  # looked at once, and kept
    many_jobs(conn, clinic_id, 2000, "cancelled")
    set_business_time(conn, DUE + timedelta(days=15))
    passes, left = 0, [4001]
    is_complete = False
    while not is_complete and passes < 10:
        gone, is_complete = delete_what_is_old(upkeep, forever, most=1000, at_once=at_once)
        assert sum(gone.values()) < 1000 + at_once
        left.append(rows(conn, "idexx_sync.jobs"))
        passes += 1

    assert left[-1] == 2001
    assert left == sorted(left, reverse=True)
    assert 3 <= passes <= 6


def test_r25_a_pass_without_time_does_one_part_and_the_next_goes_on_with_its_rule(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    for _ in range(3):
        add_change(conn, clinic_id)
    session(conn, clinic_id)
    set_business_time(conn, DUE + timedelta(days=200))
    passes: list[tuple[dict[str, int], bool]] = []
    while len(passes) < 30 and not (passes and passes[-1][1]):
        passes.append(delete_what_is_old(upkeep, lambda: 0, at_once=2))

    gone = [counts for counts, _ in passes if counts]
    assert gone == [{"changes": 2}, {"changes": 1}, {"sessions": 1}]


def test_r25_a_rule_rests_between_its_rounds(conn: Conn, upkeep: Conn, clinic_id: UUID) -> None:
    now = DUE + timedelta(days=200)
    set_business_time(conn, now)
    delete_what_is_old(upkeep, forever)
    add_change(conn, clinic_id)

    for passed, gone in (
        (RESTS / 2, {}),
        (RESTS + timedelta(seconds=1), {"changes": 1}),
    ):
        set_business_time(conn, now + passed)
        assert delete_what_is_old(upkeep, forever) == (gone, True)


def test_r25_a_locked_row_is_left_for_the_next_round(
    conn: Conn, upkeep: Conn, database: str, clinic_id: UUID
) -> None:
    locked, _ = add_change(conn, clinic_id), add_change(conn, clinic_id)
    with psycopg.connect(database) as somebody:
        somebody.execute("SELECT FROM idexx_sync.changes WHERE job_id = %s FOR UPDATE", (locked,))
        assert swept(conn, upkeep, DUE + timedelta(days=200)) == {"changes": 1}
    assert swept(conn, upkeep, DUE + timedelta(days=201)) == {"changes": 1}


def test_r25_a_place_that_cannot_be_read_begins_anew(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    add_change(conn, clinic_id)
    for name in ("retention", *(f"retention:{rule.name}" for rule in RULES)):
        for place in ({"rule": 7, "behind": ["x"]}, {"behind": [1, 2, 3, 4]}, [1]):
            conn.execute(
                "INSERT INTO idexx_sync.places VALUES (%s, %s) "
                "ON CONFLICT (name) DO UPDATE SET place = EXCLUDED.place",
                (name, psycopg.types.json.Jsonb(place)),
            )

    assert swept(conn, upkeep, DUE + timedelta(days=200)) == {"changes": 1}


# -- odd rows ---------------------------------------------------------------------------------


def test_r25_r26_a_row_with_an_absurd_date_stops_no_other_one(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    for table, column in (("jobs", "finished_at"), ("changes", "at"), ("records", "read_at")):
        constraint = f"{table}_{column}_readable"
        conn.execute(f"ALTER TABLE idexx_sync.{table} DROP CONSTRAINT IF EXISTS {constraint}")
    conn.execute("ALTER TABLE idexx_sync.records DROP CONSTRAINT records_claims_check")
    for absurd in ("-infinity", "infinity", "20224-01-01", "4000-01-01 BC"):
        add_job(conn, clinic_id, DUE, "failed", error_kind="internal")
        add_change(conn, clinic_id)
        add_record(conn, clinic_id, source=None)
        for table, column in (("jobs", "finished_at"), ("changes", "at"), ("records", "read_at")):
            conn.execute(
                f"UPDATE idexx_sync.{table} SET {column} = %s "
                f"WHERE ctid = (SELECT max(ctid) FROM idexx_sync.{table})",
                (absurd,),
            )
    for start in ("9999-99-99 99:99", "0000", "", "infinity", "-1", "\U0001f600", {"a": 1}, [1]):
        add_record(conn, clinic_id, source={"start": start, "end": 7})
    add_record(conn, clinic_id, claims=psycopg.types.json.Jsonb([7, "x", None, {"day": []}]))
    add_job(conn, clinic_id, DUE, "failed", error_kind="internal")
    add_job(conn, clinic_id, DUE + timedelta(days=1))
    add_change(conn, clinic_id)

    gone = swept(conn, upkeep, DUE + timedelta(days=1000))

    assert (gone["changes"], gone["records_undated"]) == (3, 2)
    assert "refused" not in gone


def test_r25_r26_a_rule_that_postgres_refuses_is_told_and_stops_no_other_one(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    add_change(conn, clinic_id)
    add_login(conn, clinic_id, DUE, "ok")
    conn.execute("REVOKE DELETE ON idexx_sync.changes FROM idexx_sync_upkeep")

    assert swept(conn, upkeep, DUE + timedelta(days=200)) == {"refused": 1, "logins": 1}


def test_r25_rows_are_found_by_an_index(conn: Conn, upkeep: Conn, clinic_id: UUID) -> None:
    """Of the tables that grow with visits and runs."""
    other = add_clinic(conn)
    conn.execute("SET enable_seqscan = off")
    for table, old in (
        ("jobs", "finished_at < idexx_sync.clock() - interval '90 days'"),
        ("changes", "at < idexx_sync.clock() - interval '180 days'"),
        ("logins", "attempted_at < idexx_sync.clock() - interval '90 days'"),
        ("holds", "ended_at < idexx_sync.clock() - interval '90 days'"),
        ("dead_letters", "ended_at < idexx_sync.clock() - interval '90 days'"),
        ("idempotency_keys", "created_at < idexx_sync.clock() - interval '2 days'"),
        (
            "records",
            "left(greatest(source ->> 'start', source ->> 'end'), 10) COLLATE \"C\" < '2026' "
            "AND source ->> 'start' IS NOT NULL",
        ),
        (
            "records",
            "read_at < idexx_sync.clock() - interval '9 days' AND source ->> 'start' IS NULL",
        ),
    ):
        plan = query(conn, f"EXPLAIN SELECT FROM idexx_sync.{table} WHERE {old}")
        assert "Index" in str(plan), (table, plan)
    conn.execute("RESET enable_seqscan")
    assert other != clinic_id
