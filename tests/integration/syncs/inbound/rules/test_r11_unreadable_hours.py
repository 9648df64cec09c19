"""Rule R11: hours that cannot be read cost slots only, and somebody is told."""

from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.clinics.needs import Need
from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.database.connection import Conn
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts
from tests.kit.records import MONDAY, visit
from tests.kit.rows import add_credentials

CONFIG = "clinic_schedule_configs"
OPEN = {"open": "09:00", "close": "17:00"}
SUNDAY = MONDAY + timedelta(days=6)


def slots(bench: Bench) -> list[dict[str, Any]]:
    return query(
        bench.conn,
        "SELECT * FROM public.schedule_slots WHERE clinic_id = %s ORDER BY id",
        (bench.clinic_id,),
    )


def needs(bench: Bench) -> list[Need]:
    found = read_clinic_status(bench.conn, bench.clinic_id).needs
    return [need for need in found if need.blocks]


def without_checks(conn: Conn) -> None:
    """ODIS's own database has no CHECK that is known of."""
    found = query(
        conn,
        "SELECT conname FROM pg_constraint "
        "WHERE conrelid = 'public.clinic_schedule_configs'::regclass AND contype = 'c'",
    )
    for row in found:
        conn.execute(f"ALTER TABLE public.{CONFIG} DROP CONSTRAINT {row['conname']}")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (CONFIG, "daily_hours", {}),
        (CONFIG, "daily_hours", {str(number): {} for number in range(7)}),
        (CONFIG, "daily_hours", {"1": {"enabled": False}}),
        (CONFIG, "daily_hours", {"1": {**OPEN, "enabled": "no"}}),
        (CONFIG, "days_of_week", []),
        (CONFIG, "days_of_week", [8]),
        (CONFIG, "open_time", "18:00"),
        ("clinics", "business_hours", {}),
        ("clinics", "business_hours", {"monday": {"closed": True}}),
        ("clinics", "business_hours", {"monday": {**OPEN, "closed": "yes"}}),
        ("clinics", "business_hours", {"monday": {**OPEN, "lunch_start": "12:00"}}),
        ("clinics", "business_hours", {"monday": {"open": "09:00", "close": "09:20"}}),
        (CONFIG, "daily_hours", {"7": {"enabled": True, "open": "09:00", "close": "10:00"}}),
        (CONFIG, "daily_hours", {"monday": {"open": "09:00", "close": "10:00"}}),
        (CONFIG, "daily_hours", {"1": {"enabled": True, "open": "9 am", "close": "10:00"}}),
        (CONFIG, "daily_hours", {"1": ["09:00", "10:00"]}),
        ("clinics", "business_hours", {"mon": {"open": "09:00", "close": "10:00"}}),
        ("clinics", "business_hours", {"monday": "09:00-10:00"}),
        ("clinics", "business_hours", {"monday": {"open": "25:00", "close": "26:00"}}),
        ("clinics", "business_hours", {"monday": {"open": 9, "close": 17}}),
        ("clinics", "business_hours", {"monday": {"open": "10:00", "close": "10:00"}}),
        ("clinics", "business_hours", {"monday": {"open": "09:00+02:00", "close": "17:00+02:00"}}),
        ("clinics", "business_hours", {"monday": {"open": "09:00", "close": "17:00Z"}}),
        (
            "clinics",
            "business_hours",
            {
                "monday": {
                    "open": "09:00",
                    "close": "17:00",
                    "lunch_start": "noon",
                    "lunch_end": "13:00",
                }
            },
        ),
    ],
)
def test_r11_unreadable_hours_leave_the_slots_untouched(
    bench: Bench, table: str, column: str, value: Any
) -> None:
    without_checks(bench.conn)
    bench.pims.records = [visit("1")]
    bench.sync()
    before = slots(bench)
    bench.configure(table, **{column: value})
    bench.later(45)

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert column in (job.error_message or "") or "single slot" in (job.error_message or "")
    assert slots(bench) == before
    assert [need.what for need in needs(bench) if "credentials" not in need.what] == [
        job.error_message,
        f"last inbound job failed, configuration invalid: {job.error_message}",
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("slot_duration_minutes", 0),
        ("slot_duration_minutes", -30),
        ("slot_duration_minutes", 1441),
        ("default_capacity", 0),
        ("default_capacity", -1),
    ],
)
def test_r11_no_slots_of_an_impossible_length_or_capacity(
    bench: Bench, column: str, value: int
) -> None:
    without_checks(bench.conn)
    bench.sync()
    before = slots(bench)
    bench.configure(CONFIG, **{column: value})
    bench.pims.records = [
        visit("1", f"{MONDAY} 09:00:00"),
        visit("2", f"{MONDAY} 12:00:00", end=""),
    ]
    bench.later()

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert column in (job.error_message or "")
    assert bench.keys() == ["1", "2"]
    assert bench.slots()["09:00"] == 1
    assert [bench.slots()[start] for start in ("12:00", "13:30", "14:00")] == [
        1,
        int(column[0] == "s"),
        0,
    ]
    assert [{**slot, "booked_count": 0, "updated_at": 0} for slot in slots(bench)] == [
        {**slot, "booked_count": 0, "updated_at": 0} for slot in before
    ]


def test_r11_while_hours_are_unreadable_rows_are_written_and_counted(bench: Bench) -> None:
    bench.pims.records = [visit("1", f"{MONDAY} 09:00:00"), visit("2", f"{MONDAY} 10:00:00")]
    bench.sync()
    bench.configure(CONFIG, daily_hours=Jsonb({}))
    bench.pims.replace("1", start=f"{MONDAY} 11:00:00", end=f"{MONDAY} 11:30:00")
    bench.pims.delete("2")
    bench.pims.records.append(visit("3", f"{MONDAY} 13:00:00"))
    bench.later(45)

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert job.result is not None
    assert job.result["fresh"] is False
    assert {"created": 1, "updated": 1, "removed": 1}.items() <= counts(job).items()
    taken = {start: count for start, count in bench.slots().items() if count}
    assert taken == {"11:00": 1, "13:00": 1}
    assert len(bench.schedule_syncs()) == 1
    assert {slot["last_synced_at"] for slot in slots(bench)} != {bench.now}
    assert bench.row("3")["last_synced_at"] == bench.now


def test_r11_while_hours_are_unreadable_a_full_slot_may_be_off_the_grid(bench: Bench) -> None:
    bench.pims.records = [visit("1", f"{MONDAY} 08:00:00")]
    bench.sync()
    bench.configure(CONFIG, open_time="09:00")
    bench.later()
    bench.sync()
    assert bench.slots()["08:00"] == 2
    bench.configure(CONFIG, daily_hours=Jsonb({}))
    bench.pims.delete("1")
    bench.later()

    bench.sync()

    assert bench.keys() == []
    assert bench.slots()["08:00"] == 2
    bench.configure(CONFIG, daily_hours=None)
    bench.later()
    bench.sync()
    assert "08:00" not in bench.slots()


def test_r11_a_clinic_that_is_closed_on_all_days_has_no_slots(bench: Bench) -> None:
    bench.sync()
    closed = {str(number): {"enabled": False} for number in range(7)}
    bench.configure(CONFIG, daily_hours=Jsonb(closed))
    bench.later()

    job = bench.sync()

    assert (job.status, slots(bench)) == ("succeeded", [])
    assert len(bench.schedule_syncs()) == 2


@pytest.mark.parametrize("healed_by", ["a run", "settings"])
def test_r11_a_status_of_unreadable_hours_heals(bench: Bench, healed_by: str) -> None:
    add_credentials(bench.conn, bench.clinic_id)
    bench.sync()
    success = bench.now
    bench.configure(CONFIG, daily_hours=Jsonb({}))
    bench.later()
    assert bench.sync().status == "failed"
    status = read_clinic_status(bench.conn, bench.clinic_id)
    assert status.syncs[0].freshness == "action_required"
    failed = next(need for need in status.needs if need.what.startswith("last inbound job"))
    assert failed.who == "odis"
    assert failed.since is not None
    assert failed.since.replace(microsecond=0) == success
    bench.configure(CONFIG, daily_hours=None)
    bench.later()

    if healed_by == "a run":
        assert bench.sync().status == "succeeded"
    else:
        bench.stage("live")
        bench.conn.execute("UPDATE idexx_sync.clinic_settings SET updated_at = idexx_sync.clock()")

    assert needs(bench) == []
    assert read_clinic_status(bench.conn, bench.clinic_id).syncs[0].freshness != "action_required"


@pytest.mark.parametrize("manner", ["preview", "observe"])
def test_r11_a_run_that_applies_nothing_tells_of_unreadable_hours_too(
    bench: Bench, manner: Any
) -> None:
    bench.configure(CONFIG, daily_hours=Jsonb({}))
    bench.pims.records = [visit("1")]
    if manner == "observe":
        bench.stage("shadow")

    job = bench.sync(manner="apply" if manner == "observe" else manner)

    assert (job.manner, job.status, job.error_kind) == (manner, "failed", "configuration_invalid")
    assert job.result is not None
    assert job.result["planned"] == 1
    assert bench.keys() == []
