"""`idexx-sync sync reconciliation` and `idexx-sync reconciliation …`, over the database."""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.reconciliation.causes import CAUSES
from tests.kit.clinic import add_clinic, add_user
from tests.kit.command_line import Answer, CommandLine
from tests.kit.database import as_role, query, update
from tests.kit.lending import Lending
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import patient_visit
from tests.kit.rows import add_discrepancy, add_job


@pytest.fixture
def bench(conn: Conn, database: str, lending: Lending) -> Iterator[ReconciliationBench]:
    """Two visits that are stored, of which Neo has deleted the first by now; it is the night."""
    clinic_id = add_clinic(
        conn, acting_user_id=add_user(conn), live_from=date(2026, 1, 1), sync_horizon_days=7
    )
    with lending.database(as_role(database, "worker")) as lent:
        made = ReconciliationBench(conn, database, clinic_id, lent=lent)
        made.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
        made.synced()
        made.night()
        made.pims.delete("600101")
        yield made


def run(idexx_sync: CommandLine, line: str, *words: object, width: int = 300) -> Answer:
    """A command line about the clinic."""
    clinic_id = str(idexx_sync.bench.clinic_id)
    return idexx_sync(*line.replace("CLINIC", clinic_id).split(), *words, width=width)


# -- the run itself ---------------------------------------------------------------------------


def test_without_fix_differences_are_only_told(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    answer = run(idexx_sync, "sync reconciliation --clinic CLINIC")

    assert answer.code == 0, answer.out + answer.err
    assert "only compared: 2 differences: 2 reported (checked 1)" in answer.out
    fix = f"idexx-sync sync reconciliation --clinic {bench.clinic_id} --lookback-days 7 --fix"
    assert f"Put right what is safe: {fix}" in answer.out.splitlines()
    assert "  deleted in Neo: 2 reported" in answer.out.splitlines()
    (job,) = query(bench.conn, "SELECT id FROM idexx_sync.jobs WHERE sync = 'reconciliation'")
    assert f"Each of them: idexx-sync reconciliation show {job['id']}" in answer.out.splitlines()
    assert bench.keys() == ["600101", "600102"]


def test_a_clinic_in_shadow_is_told_so_though_it_was_to_be_fixed(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    settings = {"clinic_id": bench.clinic_id}
    update(bench.conn, "idexx_sync.clinic_settings", {"stage": "shadow"}, **settings)

    answer = run(idexx_sync, "sync reconciliation --clinic CLINIC --fix")

    assert "shadow: 2 differences: 2 reported (checked 1)" in answer.out
    assert bench.keys() == ["600101", "600102"]


def test_with_fix_they_are_put_right(bench: ReconciliationBench, idexx_sync: CommandLine) -> None:
    answer = run(idexx_sync, "sync reconciliation --clinic CLINIC --fix --lookback-days 3 --json")

    job = answer.json["job"]
    assert (answer.code, job["manner"]) == (0, "apply")
    assert job["summary"] == "2 differences: 2 fixed (checked 1)"
    assert job["discrepancies"] == {"deleted_in_neo": {"fixed": 2}}
    assert job["window"] == ["2026-05-02", "2026-05-05"]
    assert bench.keys() == ["600102"]


def test_a_dry_run_keeps_nothing(bench: ReconciliationBench, idexx_sync: CommandLine) -> None:
    answer = run(idexx_sync, "sync reconciliation --clinic CLINIC --fix --dry-run")

    assert answer.code == 0
    assert "dry run: 2 differences: 2 reported" in answer.out
    assert "reconciliation show" not in answer.out
    assert bench.discrepancies(ended=True) == []


def test_where_nothing_differs_that_is_said(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))

    answer = run(idexx_sync, "sync reconciliation --clinic CLINIC --fix")

    assert answer.out.startswith("succeeded  no difference (checked 2)\n")
    assert "Differences" not in answer.out


@pytest.mark.parametrize("days", ["0", "91", "x"])
def test_how_far_back_is_bounded(idexx_sync: CommandLine, days: str) -> None:
    answer = run(idexx_sync, f"sync reconciliation --clinic CLINIC --lookback-days {days}")

    assert (answer.code, answer.out) == (2, "")
    assert "'--lookback-days'" in answer.err
    assert "from 1 to 90" in answer.err


# -- show -------------------------------------------------------------------------------------


def test_each_difference_is_told_with_what_became_of_it(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    job = bench.reconcile()

    shown = run(idexx_sync, f"reconciliation show {str(job.id)[:8]}").out.splitlines()
    cases = run(idexx_sync, f"reconciliation show {job.id} --kind case --json").json

    row = shown.index("600101  2026-05-04  deleted in Neo: fixed")
    assert shown[row + 2] == "pims-appt-idexx-neo-600101  2026-05-04  deleted in Neo: fixed"
    assert shown[row + 1].startswith("    calendar row, on 1 night")
    assert "(R6)" in shown[row + 1]
    policy = f"idexx-sync reconciliation policy show --clinic {bench.clinic_id}"
    assert shown[-2] == f"What is done about a cause, and why: {policy}"
    assert shown[-1].startswith("Why: idexx-sync explain appointment ")
    (case,) = cases["discrepancies"]
    assert (case["kind"], case["outcome"], cases["more"]) == ("case", "fixed", False)


def test_what_would_be_put_right_is_told(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    job = bench.reconcile(fix=False)

    answer = run(idexx_sync, f"reconciliation show {job.id} --limit 1")

    assert "deleted in Neo: reported, would be put right" in answer.out
    assert "--limit" in answer.out


def test_where_there_is_nothing_to_show_it_says_why(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    job, preview = bench.reconcile(), bench.reconcile(manner="preview")
    (other, *_) = query(bench.conn, "SELECT id FROM idexx_sync.jobs WHERE sync = 'inbound'")

    def said(line: str) -> str:
        return run(idexx_sync, f"reconciliation show {line}").out

    assert said(f"{other['id']}").startswith("A job of the sync inbound compares nothing")
    assert said(f"{job.id} --cause moved") == "It found no such difference.\n"
    assert f"jobs show {preview.id}" in said(str(preview.id))


# -- trend ------------------------------------------------------------------------------------


def night(bench: ReconciliationBench, days_ago: int, **causes: int) -> str:
    result = {"discrepancies": {cause: {"reported": n} for cause, n in causes.items()}}
    at = bench.now - timedelta(days=days_ago)
    return str(add_job(bench.conn, bench.clinic_id, at, sync="reconciliation", result=result))


def test_the_trend_is_drawn_night_by_night(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    night(bench, 3, moved=2, contact_differs=1)
    night(bench, 2)
    newest = night(bench, 0, moved=1)

    shown = run(idexx_sync, "reconciliation trend --clinic CLINIC", width=80).out.splitlines()

    bars = {line[:10]: line[11:-1] for line in shown if line[10:11] == "┤"}
    assert list(bars) == ["2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05"]
    assert [bars[day].strip() == "" for day in bars] == [False, True, True, False]
    assert set(bars["2026-05-02"]) == {"a", "b"}
    assert bars["2026-05-02"].count("a") > bars["2026-05-02"].count("b") > 10
    assert set(bars["2026-05-05"].strip()) == {"a"}
    assert all(len(line) <= 80 for line in shown if "┤" in line)
    legend = [line.split() for line in shown if line[:4] in ("a   ", "b   ")]
    assert legend[0] == ["a", "moved", "in", "Neo", "3", "1"]
    assert shown[shown.index("Nights without a run") + 1] == "2026-05-04"
    assert shown[-1] == f"The last night: idexx-sync reconciliation show {newest}"


def test_of_a_night_the_newest_run_counts_and_no_dry_run_does(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    night(bench, 1, moved=9)
    later = {"discrepancies": {"moved": {"fixed": 2, "left": 1}}}
    at = bench.now - timedelta(hours=23)
    told = {"sync": "reconciliation", "result": later}
    add_job(bench.conn, bench.clinic_id, at, **told)  # type: ignore[arg-type]
    preview = {**told, "manner": "preview", "result": {"discrepancies": {"moved": {"reported": 7}}}}
    add_job(bench.conn, bench.clinic_id, at + timedelta(hours=1), **preview)  # type: ignore[arg-type]
    night(bench, 40, moved=1)

    data = run(idexx_sync, "reconciliation trend --clinic CLINIC --json").json

    assert [(one["night"], one["causes"]) for one in data["nights"]] == [
        ("2026-05-04", {"moved": 3})
    ]
    more = run(idexx_sync, "reconciliation trend --clinic CLINIC --days 41 --json").json["nights"]
    assert [one["differences"] for one in more] == [1, 3]


def test_a_run_over_fewer_days_does_not_stand_for_its_night(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    for minutes, first, moved in ((3, "2026-04-28", 5), (2, "2026-04-28", 4), (1, "2026-05-04", 1)):
        result = {
            "discrepancies": {"moved": {"reported": moved}},
            "window": [first, "2026-05-05"],
        }
        at = bench.now - timedelta(minutes=minutes)
        add_job(bench.conn, bench.clinic_id, at, sync="reconciliation", result=result)

    data = run(idexx_sync, "reconciliation trend --clinic CLINIC --json").json

    assert [one["differences"] for one in data["nights"]] == [4]


def test_a_clinic_without_a_night_is_told_how_to_have_one(idexx_sync: CommandLine) -> None:
    answer = run(idexx_sync, "reconciliation trend --clinic CLINIC")

    assert answer.code == 0
    assert "Compare now: idexx-sync sync reconciliation --clinic" in answer.out


def test_the_trend_is_written_as_a_picture(
    bench: ReconciliationBench, idexx_sync: CommandLine, tmp_path: Path
) -> None:
    night(bench, 0, moved=1)
    file = tmp_path / "trend.png"

    answer = run(idexx_sync, "reconciliation trend --clinic CLINIC --json --png", file)

    assert (answer.code, answer.json["nights"][0]["differences"]) == (0, 1)
    assert file.read_bytes().startswith(b"\x89PNG")
    nowhere = run(idexx_sync, "reconciliation trend --clinic CLINIC --png", tmp_path / "no" / "x")
    assert nowhere.code == 1
    assert "can't be written: No such file or directory" in nowhere.err


def test_without_matplotlib_it_says_what_to_install(
    bench: ReconciliationBench,
    idexx_sync: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    night(bench, 0, moved=1)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    answer = run(idexx_sync, "reconciliation trend --clinic CLINIC --png", tmp_path / "x.png")

    assert (answer.code, answer.out) == (1, "")
    assert "pip install matplotlib" in answer.err


# -- policies ---------------------------------------------------------------------------------


def policy(idexx_sync: CommandLine, cause: str) -> dict[str, object]:
    shown = run(idexx_sync, "reconciliation policy show --clinic CLINIC --json").json["policies"]
    (found,) = (one for one in shown if one["cause"] == cause)
    assert isinstance(found, dict)
    return found


def test_every_cause_is_shown_with_what_is_done_about_it_and_why(idexx_sync: CommandLine) -> None:
    shown = run(idexx_sync, "reconciliation policy show --clinic CLINIC").out

    for cause in CAUSES:
        assert f"\n{cause} " in shown
    assert "a person's edit stays (R15)" in shown
    assert policy(idexx_sync, "moved")["case"] == "fix"


def test_a_policy_is_followed_until_it_is_cleared(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    line = "reconciliation policy set --clinic CLINIC deleted_in_neo report --by Kim"
    answer = run(idexx_sync, line)

    assert answer.code == 0, answer.err
    assert '"deleted in Neo" is only reported.' in answer.err
    assert "set by Kim at 2026-05-05" in answer.out
    assert set(bench.found().values()) | {bench.reconcile().status} == {"succeeded"}
    assert set(bench.found().values()) == {"reported"}
    cleared = run(idexx_sync, "reconciliation policy clear --clinic CLINIC deleted_in_neo")
    assert 'Cleared: "deleted in Neo" is put right, as everywhere.' in cleared.err
    again = run(idexx_sync, "reconciliation policy clear --clinic CLINIC deleted_in_neo")
    assert again.err.startswith("Nothing changed")
    bench.reconcile()
    assert set(bench.found().values()) == {"fixed"}


def test_what_is_ignored_is_so_until_its_last_day(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    line = "reconciliation policy set --clinic CLINIC moved ignore --until 2026-05-05"
    assert run(idexx_sync, line).code == 0
    assert policy(idexx_sync, "moved")["appointment"] == "ignore"

    bench.night(2)

    assert policy(idexx_sync, "moved")["appointment"] == "fix"
    assert "which is over" in run(idexx_sync, "reconciliation policy show --clinic CLINIC").out


def test_what_can_be_put_right_in_the_calendar_only_is_told(idexx_sync: CommandLine) -> None:
    answer = run(idexx_sync, "reconciliation policy set --clinic CLINIC status_differs fix")

    assert "Only in the calendar" in answer.err
    assert "put right in the calendar, of a case only reported" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("contact_differs fix", "What can be put right: cancelled_in_neo, deleted_in_neo, moved"),
        ("edited_in_odis hold", "a person's edit stays (R15)"),
        ("moved ignore", "name the last day of it"),
        ("moved ignore --until 2026-05-04", "2026-05-04 is past; at the clinic it is 2026-05-05"),
        ("moved fix --until 2026-06-01", "only what is ignored ends by itself"),
        ("sorrow fix", "'cancelled_in_neo'"),
        ("moved destroy", "'ignore'"),
        ("moved ignore --until tomorrow", "'tomorrow' is not a day of the calendar"),
    ],
)
def test_what_no_policy_can_be_is_refused_with_what_can(
    bench: ReconciliationBench, idexx_sync: CommandLine, words: str, said: str
) -> None:
    answer = run(idexx_sync, f"reconciliation policy set --clinic CLINIC {words}")

    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert query(bench.conn, "SELECT 1 FROM idexx_sync.policies") == []


def test_a_policy_of_another_clinic_is_no_policy_here(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    other = add_clinic(bench.conn)
    run(idexx_sync, f"reconciliation policy set --clinic {other} moved report")

    assert policy(idexx_sync, "moved")["own"] is None
    run(idexx_sync, "reconciliation policy clear --clinic CLINIC moved")
    assert len(query(bench.conn, "SELECT 1 FROM idexx_sync.policies")) == 1


def test_a_hold_by_policy_says_what_differs(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    run(idexx_sync, "reconciliation policy set --clinic CLINIC deleted_in_neo hold")
    job = bench.reconcile()
    assert job.status == "held"
    (hold,) = bench.holds()

    shown = run(idexx_sync, f"holds show {hold['id']}").out

    assert "this clinic's policy leaves the cause to a person" in shown
    assert "visit of 2026-05-04" in shown
    assert "deleted in Neo" in shown


# -- what is told elsewhere -------------------------------------------------------------------


def test_a_job_tells_what_it_left_and_where_each_difference_is_told(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    result = {
        "discrepancies": {"moved": {"fixed": 2, "left": 1}, "unheard_of": {"mended": 1}},
        "days_left": ["2026-04-20", "2026-04-26"],
    }
    told = {"sync": "reconciliation", "result": result}
    job_id = add_job(bench.conn, bench.clinic_id, bench.now, **told)  # type: ignore[arg-type]
    add_discrepancy(bench.conn, bench.clinic_id, job_id)

    shown = run(idexx_sync, f"jobs show {job_id}").out.splitlines()

    assert "  moved in Neo: 2 fixed, 1 left as it is" in shown
    assert "  unheard of: 1 mended" in shown
    assert "  left for the next run: 2026-04-20 to 2026-04-26" in shown
    assert f"Each of them: idexx-sync reconciliation show {job_id}" in shown


def test_explain_tells_what_a_reconciliation_did_to_row_and_case(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    job = bench.reconcile()

    data = run(idexx_sync, "explain appointment 600101 --clinic CLINIC --json").json["appointment"]
    shown = run(idexx_sync, "explain appointment 600101 --clinic CLINIC").out

    touched = [(one["job_id"], one["sync"], one["external_id"]) for one in data["jobs"]]
    assert (str(job.id), "reconciliation", "600101") in touched
    assert (str(job.id), "reconciliation", "pims-appt-idexx-neo-600101") in touched
    assert "removed by the reconciliation: reviewed, until it comes back" in shown
    assert "no reconciliation run" not in shown


def test_a_clinics_status_tells_how_fresh_its_reconciliation_is(
    bench: ReconciliationBench, idexx_sync: CommandLine
) -> None:
    entries = Jsonb([{"type": "reconciliation", "cron": "0 1 * * *", "enabled": True}])
    bench.conn.execute("UPDATE clinic_schedule_configs SET sync_schedules = %s", (entries,))

    def told() -> str:
        shown = run(idexx_sync, "clinics show CLINIC").out.splitlines()
        return next(line for line in shown if line.startswith(" reconciliation"))

    assert "last success never" in told()
    bench.reconcile(fix=False)
    assert "last success never" in told()
    bench.reconcile()
    assert "last success 2026-05-05 02:00 PDT" in told()
    assert "next run 2026-05-06 01:00 PDT" in told()
