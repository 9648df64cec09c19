"""Every check of an invariant can fail: an outcome is spoilt, and the check says so."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg
import pytest

from oracle.offers import Read, left
from oracle.reading import Reading
from tests.faults import alert_checks, checks
from tests.faults.clinic import FaultClinic
from tests.faults.converge import MINUTES_APART, Watch
from tests.faults.leftovers import leftovers, settled
from tests.faults.observation import observe
from tests.faults.offers import Offers
from tests.faults.operations import DAMAGE
from tests.faults.results import Outcome, Violation, failures, figures, table
from tests.faults.rig import Rig
from tests.faults.world import World
from tests.kit.database import query

LIVE = "SELECT id, neo_appointment_id AS key, status FROM public.schedule_appointments"


def some_row(clinic: FaultClinic) -> tuple[UUID, str]:
    """A live visit to come that Neo has too: its row's id, and its key."""
    row = query(
        clinic.conn,
        f"{LIVE} WHERE clinic_id = %s AND deleted_at IS NULL AND status = 'scheduled' "
        "AND appointment_type <> 'block' AND date > %s ORDER BY neo_appointment_id LIMIT 1",
        (clinic.clinic_id, clinic.question().first_day),
    )[0]
    return row["id"], row["key"]


def remove(clinic: FaultClinic, row_id: UUID) -> None:
    clinic.conn.execute(
        "UPDATE public.schedule_appointments SET deleted_at = idexx_sync.clock() WHERE id = %s",
        (row_id,),
    )


def rules(violations: list[Violation]) -> set[str]:
    return {violation.rule for violation in violations}


def test_a_good_run_violates_nothing(clinic: FaultClinic) -> None:
    watch = Watch(clinic, Outcome("a group", "a name"))

    watch.converge()

    assert watch.outcome.violations == []


def test_v1_a_row_that_neo_has_and_we_lack(clinic: FaultClinic) -> None:
    row_id, key = some_row(clinic)
    remove(clinic, row_id)

    found = checks.rows_lacking(clinic.conn, clinic.question(), clinic.neo.state())

    assert rules(found) == {"V1"}
    assert found[0].text.startswith(key)


def test_v2_a_record_with_two_live_rows_and_an_audit_written_twice(clinic: FaultClinic) -> None:
    row_id, _ = some_row(clinic)
    with clinic.conn.transaction(force_rollback=True):
        clinic.conn.execute("DROP INDEX public.idx_schedule_appointments_neo_unique")
        clinic.conn.execute(
            "INSERT INTO public.schedule_appointments "
            "(clinic_id, neo_appointment_id, date, start_time, end_time, status) "
            "SELECT clinic_id, neo_appointment_id, date, start_time, end_time, status "
            "FROM public.schedule_appointments WHERE id = %s",
            (row_id,),
        )
        found = checks.duplicates(clinic.conn, clinic.clinic_id)

    assert rules(found) == {"V2"}
    assert checks.duplicates(clinic.conn, clinic.clinic_id) == []


def test_v3_a_removed_row_that_neo_shows_as_alive(clinic: FaultClinic) -> None:
    row_id, key = some_row(clinic)
    before = observe(clinic.conn, clinic.clinic_id)
    remove(clinic, row_id)
    after = observe(clinic.conn, clinic.clinic_id)

    def found() -> list[Violation]:
        state = clinic.neo.state()
        return checks.removed_but_alive(before, after, state, clinic.question())

    assert [one.text for one in found()] == [f"{key} was removed and is alive in Neo"]
    clinic.neo.delete(key)
    assert found() == []


def test_v3_a_row_that_vanished_altogether(clinic: FaultClinic) -> None:
    row_id, _ = some_row(clinic)
    before = observe(clinic.conn, clinic.clinic_id)
    clinic.conn.execute("DELETE FROM public.schedule_appointments WHERE id = %s", (row_id,))
    after = observe(clinic.conn, clinic.clinic_id)

    found = checks.removed_but_alive(before, after, clinic.neo.state(), clinic.question())

    assert rules(found) == {"V3"}


@pytest.mark.parametrize("spoilt", ["changed without an audit", "has an audit and did not change"])
def test_v4_changes_and_audits_that_do_not_match(clinic: FaultClinic, spoilt: str) -> None:
    row_id, key = some_row(clinic)
    job_id = uuid4()
    before = observe(clinic.conn, clinic.clinic_id)
    if spoilt.startswith("changed"):
        clinic.conn.execute(
            "UPDATE public.schedule_appointments SET room_id = '77' WHERE id = %s", (row_id,)
        )
    else:
        clinic.conn.execute(
            "INSERT INTO public.case_sync_audits "
            "(clinic_id, job_id, external_id, sync_type, status) "
            "VALUES (%s, %s, %s, 'update', 'success')",
            (clinic.clinic_id, job_id, key),
        )

    found = checks.audits_match(
        clinic.conn, [job_id], before, observe(clinic.conn, clinic.clinic_id)
    )

    assert [one.text for one in found] == [f"{key} {spoilt}"]


def test_v5_any_table_written_by_somebody_whose_lease_is_over(clinic: FaultClinic) -> None:
    other = uuid4()
    before = checks.everything(clinic.conn, clinic.clinic_id, other)
    clinic.conn.execute(
        "UPDATE idexx_sync.records SET read_at = idexx_sync.clock() WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )
    clinic.conn.execute(
        "UPDATE idexx_sync.jobs SET attempt = 7 WHERE clinic_id = %s", (clinic.clinic_id,)
    )

    found = checks.stale_writes(before, checks.everything(clinic.conn, clinic.clinic_id, other))

    assert [one.text.partition(" ")[0] for one in found] == [
        "idexx_sync.records",
        "idexx_sync.jobs",
    ]


def test_v5_leaves_out_the_job_that_gives_itself_back(clinic: FaultClinic) -> None:
    job = query(
        clinic.conn, "SELECT id FROM idexx_sync.jobs WHERE clinic_id = %s", (clinic.clinic_id,)
    )[0]["id"]
    before = checks.everything(clinic.conn, clinic.clinic_id, job)
    clinic.conn.execute("UPDATE idexx_sync.jobs SET attempt = 7 WHERE id = %s", (job,))

    assert before == checks.everything(clinic.conn, clinic.clinic_id, job)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_v6_a_job_that_nobody_will_touch_again(clinic: FaultClinic, status: str) -> None:
    assert checks.stuck_jobs(clinic.conn, clinic.clinic_id) == []
    clinic.conn.execute(
        "UPDATE idexx_sync.jobs SET status = %s WHERE id = "
        "(SELECT id FROM idexx_sync.jobs WHERE clinic_id = %s LIMIT 1)",
        (status, clinic.clinic_id),
    )

    assert rules(checks.stuck_jobs(clinic.conn, clinic.clinic_id)) == {"V6"}


SPOILT_ALERTS = {
    "one is missing": "DELETE FROM idexx_sync.alerts WHERE clinic_id = %s",
    "one is closed too early": "UPDATE idexx_sync.alerts SET closed_at = opened_at, "
    "closed_because = 'succeeded' WHERE clinic_id = %s",
    "one is told twice": "INSERT INTO idexx_sync.alerts (clinic_id, kind, syncs, who_acts, "
    "closed_at, closed_because) SELECT clinic_id, kind, syncs, who_acts, opened_at, 'succeeded' "
    "FROM idexx_sync.alerts WHERE clinic_id = %s",
}


@pytest.mark.parametrize("spoil", SPOILT_ALERTS.values(), ids=SPOILT_ALERTS)
def test_v7_alerts_that_are_not_one_per_incident(clinic: FaultClinic, spoil: str) -> None:
    clinic.neo.set_password("Another-Password-1")
    clinic.neo.expire_sessions()
    assert clinic.invoke(clinic.order()).word == "failed credentials_rejected"
    assert alert_checks.alerts_match(clinic.conn, clinic.clinic_id) == []

    clinic.conn.execute(spoil, (clinic.clinic_id,))

    assert rules(alert_checks.alerts_match(clinic.conn, clinic.clinic_id)) == {"V7"}


def test_v7_an_alert_that_stays_open_although_all_went_well(clinic: FaultClinic) -> None:
    clinic.neo.set_password("Another-Password-1")
    clinic.neo.expire_sessions()
    clinic.invoke(clinic.order())
    clinic.later(MINUTES_APART)
    clinic.set_credentials("Another-Password-1")
    assert clinic.invoke(clinic.order()).word == "succeeded"
    assert alert_checks.alerts_match(clinic.conn, clinic.clinic_id) == []

    clinic.conn.execute(
        "UPDATE idexx_sync.alerts SET closed_at = NULL, closed_because = NULL WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )

    assert rules(alert_checks.alerts_match(clinic.conn, clinic.clinic_id)) == {"V7"}


def test_v7_what_a_later_run_did_not_say_anew_is_open(clinic: FaultClinic) -> None:
    assert clinic.invoke(clinic.order()).word == "succeeded"
    clinic.conn.execute(
        "INSERT INTO idexx_sync.alerts (clinic_id, kind, syncs, who_acts, job_id) "
        "SELECT clinic_id, 'discrepancy_stays', ARRAY[sync], 'odis', id FROM idexx_sync.jobs "
        "WHERE clinic_id = %s ORDER BY finished_at DESC LIMIT 1",
        (clinic.clinic_id,),
    )
    assert alert_checks.alerts_match(clinic.conn, clinic.clinic_id) == []
    clinic.later(MINUTES_APART)
    assert clinic.invoke(clinic.order()).word == "succeeded"
    assert alert_checks.alerts_match(clinic.conn, clinic.clinic_id) == []

    clinic.conn.execute(
        "UPDATE idexx_sync.alerts SET closed_at = NULL, closed_because = NULL WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )

    assert rules(alert_checks.alerts_match(clinic.conn, clinic.clinic_id)) == {"V7"}


def test_v9_more_refused_logins_than_allowed_for_one_version_of_the_secret(
    clinic: FaultClinic,
) -> None:
    clinic.neo.set_password("Another-Password-1")
    clinic.neo.expire_sessions()
    assert clinic.invoke(clinic.order()).word == "failed credentials_rejected"
    assert clinic.wrong_logins() == 1
    clinic.set_credentials("Wrong-Password-2")
    assert clinic.invoke(clinic.order()).word == "failed credentials_rejected"

    assert clinic.wrong_logins() == 1  # one each
    assert checks.too_many_wrong_logins(1) == []
    assert rules(checks.too_many_wrong_logins(2)) == {"V9"}
    assert checks.too_many_wrong_logins(2, most=2) == []


def free_slot(clinic: FaultClinic, key: str) -> None:
    """Somebody gives the time of a visit away."""
    clinic.conn.execute(
        "UPDATE public.schedule_slots s SET booked_count = 0 FROM public.schedule_appointments a "
        "WHERE a.neo_appointment_id = %s AND s.clinic_id = a.clinic_id AND s.date = a.date "
        "AND s.start_time < a.end_time AND s.end_time > a.start_time",
        (key,),
    )


def test_v11_a_slot_that_is_offered_although_the_last_read_covers_it(clinic: FaultClinic) -> None:
    offers, key = Offers(clinic), some_row(clinic)[1]
    offers.before_run()
    order = clinic.order()
    clinic.deliver(order)
    assert offers.after_run([order.job_id]) == []

    free_slot(clinic, key)

    found = offers.after_run([])  # a run that finished no read leaves the last one in force
    assert rules(found) == {"V11"}
    assert all(key in one.text for one in found)
    clinic.later(61)
    assert offers.after_run([]) == []  # nobody trusts what is so old
    clinic.conn.execute("UPDATE public.schedule_slots SET last_synced_at = now()")
    assert rules(offers.after_run([])) == {"V11"}  # but by each slot's own stamp


def test_v11_judges_whatever_a_broken_record_still_names(clinic: FaultClinic) -> None:
    offers, key = Offers(clinic), some_row(clinic)[1]
    clinic.neo.set_knob("malformed_records", {"ids": [key], "kinds": ["start_date_only"]})
    offers.before_run()
    order = clinic.order()
    clinic.deliver(order)
    clinic.conn.execute("UPDATE public.schedule_slots SET booked_count = 0")

    found = offers.after_run([order.job_id])

    start = clinic.neo.visit(key)["start"][:10]
    covered = {one.text[5:21] for one in found if key in one.text}
    assert {text[:10] for text in covered} == {start}
    assert len(covered) > 20  # the day


@pytest.mark.parametrize(
    ("knob", "value"),
    [("calendar_subset", "another company's"), ("envelope", "bare_array")],
)
def test_v11_a_calendar_of_somebody_else_and_no_calendar_are_no_read(
    clinic: FaultClinic, knob: str, value: str
) -> None:
    world, offers = World(clinic), Offers(clinic)
    number = next(n for n, one in enumerate(DAMAGE) if one == (knob, value))
    world.damage(number)
    offers.before_run()
    order = clinic.order()
    clinic.deliver(order)
    clinic.conn.execute("UPDATE public.schedule_slots SET booked_count = 0")

    assert offers.after_run([order.job_id]) == []
    world.close()


def test_v11_a_slot_that_has_become_freer_although_a_record_has_no_day(
    clinic: FaultClinic,
) -> None:
    asked, before = clinic.question(), left(clinic.conn, clinic.clinic_id)

    def found(reading: Reading) -> list[Violation]:
        read = Read(clinic.clinic_id, asked.first_day, asked.last_day, reading, before)
        return checks.covered_but_offered(clinic.conn, read, clinic.now)

    assert found(Reading(undated=1)) == []
    free_slot(clinic, some_row(clinic)[1])
    assert rules(found(Reading(undated=1))) == {"V11"}
    assert found(Reading()) == []
    clinic.conn.execute("UPDATE public.schedule_slots SET capacity = capacity + 1")
    assert len(found(Reading(undated=1))) > 100


def a_process(rig: Rig) -> Callable[[], None]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    def end() -> None:
        process.communicate(b"\n")

    return end


def a_descriptor(rig: Rig) -> Callable[[], None]:
    number = os.open("/dev/null", os.O_RDONLY)
    return lambda: os.close(number)


def a_thread(rig: Rig) -> Callable[[], None]:
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="neo-login")
    thread.start()

    def end() -> None:
        over.set()
        thread.join()

    return end


def a_file(rig: Rig) -> Callable[[], None]:
    path = rig.folder / "forgotten"
    path.touch()
    return path.unlink


def a_transaction(rig: Rig) -> Callable[[], None]:
    conn = psycopg.connect(rig.url, application_name="idexx-sync")
    conn.execute("SELECT 1")
    return conn.close


@pytest.mark.parametrize(
    ("leave", "what"),
    [
        (a_process, "child process"),
        (a_descriptor, "file descriptor"),
        (a_thread, "thread"),
        (a_file, "file"),
        (a_transaction, "open transaction"),
    ],
)
def test_v10_whatever_is_left_behind(
    rig: Rig, leave: Callable[[Rig], Callable[[], None]], what: str
) -> None:
    before = leftovers(rig)
    end = leave(rig)

    found = checks.left_behind(before, leftovers(rig))

    end()
    assert what in {one.text.partition(":")[0] for one in found}
    assert rules(found) == {"V10"}
    after = settled(lambda: leftovers(rig), before)  # Postgres takes its time to see an end
    assert checks.left_behind(before, after) == []


def test_keys_one_that_is_refused_once_the_pepper_is_new(clinic: FaultClinic) -> None:
    caller = clinic.caller
    for _ in range(2):
        caller.replace_pepper(clinic.now)
    assert caller.refused == []
    clinic.conn.execute(
        "UPDATE public.clinic_api_keys SET api_key = repeat('0', 64) WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )

    caller.replace_pepper(clinic.now)

    assert rules(caller.refused) == {"keys"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE public.schedule_appointments SET start_time = '06:00' WHERE id = %s",
        "UPDATE public.schedule_appointments SET status = 'no_show' WHERE id = %s",
        "UPDATE public.schedule_appointments SET patient_name = 'X' WHERE id = %s",
        "UPDATE public.schedule_appointments SET deleted_at = idexx_sync.clock() WHERE id = %s",
        "UPDATE public.schedule_slots SET booked_count = 7 "
        "WHERE id = (SELECT slot_id FROM public.schedule_appointments WHERE id = %s)",
    ],
)
def test_converges_a_row_or_slot_that_differs(clinic: FaultClinic, change: str) -> None:
    assert clinic.differences() == []
    last = query(
        clinic.conn,
        f"{LIVE} WHERE clinic_id = %s AND deleted_at IS NULL AND date <= %s "
        "AND slot_id IS NOT NULL ORDER BY date DESC, start_time LIMIT 1",
        (clinic.clinic_id, clinic.question().last_day),
    )[0]
    clinic.conn.execute(change, (last["id"],))

    assert rules(checks.unequal(clinic.differences())) == {"converges"}


def test_a_violation_a_trouble_and_a_success_are_told_apart() -> None:
    good = Outcome("a group", "good")
    bad = Outcome("a group", "bad", [Violation("V3", "600101 was removed and is alive in Neo")])
    broken = Outcome("another", "broken", trouble="no answer")

    assert "bad" in failures([good, bad, broken])
    assert "broken" in failures([good, bad, broken])
    assert "good" not in failures([good, bad, broken])
    assert figures([good, bad, broken], 1.0)["passed"] == 1
    assert figures([good, bad, broken], 1.0)["violations"]["V3"] == 1
    assert len(table([good, bad, broken]).splitlines()) == 3
