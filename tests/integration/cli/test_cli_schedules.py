"""A clinic's schedules by command: shown with what they come to, set, switched, removed."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.core.catalog import CATALOG, SYNCS
from idexx_sync.schedules.forecast import FEWEST_MEASURED
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import CommandLine
from tests.kit.database import insert, query

ARRAY = [
    {"type": "inbound", "cron": "0-59/15 8-18 * * *", "enabled": True},
    {"type": "enrich", "cron": "30 2 * * *", "enabled": False},
    {"type": "reconciliation", "cron": "0 4 * * *", "enabled": True},
    {"type": "fax", "cron": "0 0 * * *", "enabled": True},
]


def stored(bench: Bench) -> Any:
    statement = "SELECT sync_schedules FROM clinic_schedule_configs WHERE clinic_id = %s"
    return query(bench.conn, statement, (bench.clinic_id,))[0]["sync_schedules"]


@pytest.fixture(autouse=True)
def schedules(bench: Bench) -> None:
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb(ARRAY))


def test_show_says_when_each_is_due_what_goes_out_and_what_clocks_do_to_it(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    shown = idexx_sync("schedules", "show", bench.clinic_id)
    found = {one["sync"]: one for one in shown_json(idexx_sync, bench)["schedules"]}

    assert shown.code == 0
    assert "cases: 30 2 * * * (switched off)" in shown.out
    assert shown.out.count("none while it is off") == 1, "of the one that is switched off"
    assert "cron(30 2 * * ? *) in America/Los_Angeles" in shown.out
    assert "on Sunday 2027-03-14 clocks go from 02:00 to 03:00: the run at 02:30" in shown.out
    assert (
        "Not read: sync_schedules[3].type: one of inbound, cases, reconciliation, enrich"
        in shown.out
    )
    assert set(found) == set(SYNCS)
    assert found["cases"]["enabled"] is False
    assert len(found["inbound"]["due"]["next_runs"]) == 10


def shown_json(idexx_sync: CommandLine, bench: Bench) -> Any:
    return idexx_sync("schedules", "show", bench.clinic_id, "--json").json


def test_what_odis_has_by_default_is_shown_as_it_is_spread(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    crons = {row.name: row.default_cron for row in CATALOG.values()}
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb(crons))

    found = {one["sync"]: one for one in shown_json(idexx_sync, bench)["schedules"]}

    assert {sync: one["cron"] for sync, one in found.items()} == crons
    shown = idexx_sync("schedules", "show", bench.clinic_id).out
    assert f"spread to    {found['inbound']['due']['cron']}" in shown
    minutes = {one["due"]["cron"].split()[0].partition("-")[0] for one in found.values()}
    assert len(minutes) == len(SYNCS), "at different minutes"


def test_set_writes_the_array_and_shows_the_next_ten_runs(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb({"inbound": "*/15 * * * *"}))

    done = idexx_sync("schedules", "set", bench.clinic_id, "inbound", "0  7-18/2 * * 1-5")

    assert done.code == 0
    assert stored(bench) == [{"type": "inbound", "cron": "0 7-18/2 * * 1-5", "enabled": True}]
    assert done.out.count("07:00") >= 1
    assert "cron(0 7/2 ? * MON-FRI *)" not in done.out, "18 is the last hour, not the day's end"
    assert "It goes out within five minutes; until then runs come as before." in done.err


def test_a_sync_may_have_several_and_one_of_them_is_named(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    added = idexx_sync("schedules", "set", bench.clinic_id, "inbound", "0 20 * * *", "--add")
    assert added.code == 0
    assert "inbound 2: 0 20 * * *" in added.out
    assert stored(bench) == [
        *ARRAY,
        {"type": "inbound", "cron": "0 20 * * *", "enabled": True},
    ]

    unclear = idexx_sync("schedules", "set", bench.clinic_id, "inbound", "0 21 * * *")
    assert unclear.code == 2
    assert "'--entry'" in unclear.err
    assert "inbound has 2 schedules: say which, 1 to 2" in unclear.err

    named = idexx_sync(
        *("schedules", "set", bench.clinic_id, "inbound", "0 21 * * *", "--entry", "2")
    )
    assert named.code == 0
    assert stored(bench)[-1]["cron"] == "0 21 * * *"
    assert idexx_sync("schedules", "remove", bench.clinic_id, "inbound", "--entry", "2").code == 0
    assert stored(bench) == ARRAY


def test_pause_and_resume_switch_one_sync_and_nothing_else(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    paused = idexx_sync("schedules", "pause", bench.clinic_id, "inbound")
    assert paused.code == 0
    assert "(switched off)" in paused.out
    assert stored(bench) == [{**ARRAY[0], "enabled": False}, *ARRAY[1:]]

    assert idexx_sync("schedules", "resume", bench.clinic_id, "inbound").code == 0
    assert stored(bench) == ARRAY
    assert idexx_sync("schedules", "resume", bench.clinic_id, "cases").code == 0
    assert stored(bench)[1] == {**ARRAY[1], "enabled": True}


REFUSED = [
    (("set", "inbound", "at noon"), "'CRON'", "has 2 fields, a unix cron has 5"),
    (("set", "inbound", "0 0 31 2 *"), "'CRON'", "no month that it names has that day"),
    (("set", "inbound", "0 0 L * *"), "'CRON'", "1 to 31 is expected"),
    (("set", "inbound", "1 1 * * *", "--entry", "3"), "'--entry'", "none is number 3"),
    (("set", "inbound", "1 1 * * *", "--entry", "1", "--add"), "'--entry'", "no number yet"),
    (("set", "fax", "1 1 * * *"), "SYNC", "inbound"),
    (("set",), "'SYNC'", "Choose from: inbound, cases, reconciliation; see"),
    (("set", "inbound", "1", "1", *"***"), "(1 * * *)", "has blanks goes in quotes"),
    (("remove", "inbound", "--entry", "0"), "'--entry'", "from 1 to 10"),
]


@pytest.mark.parametrize(("words", "where", "said"), REFUSED)
def test_what_cannot_be_done_is_a_usage_error_and_changes_nothing(
    bench: Bench, idexx_sync: CommandLine, words: tuple[str, ...], where: str, said: str
) -> None:
    refused = idexx_sync("schedules", words[0], bench.clinic_id, *words[1:])

    assert refused.code == 2
    assert where in refused.err
    assert said in refused.err
    assert stored(bench) == ARRAY


def test_a_broken_cron_is_named_and_cannot_be_switched_on(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    broken: list[Any] = [{"type": "cases", "cron": "0 99 * * *", "enabled": False}]
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb(broken))

    shown = idexx_sync("schedules", "show", bench.clinic_id).out
    assert "It can't be carried out" in shown
    assert f"idexx-sync schedules set {bench.clinic_id} cases CRON" in shown
    refused = idexx_sync("schedules", "resume", bench.clinic_id, "cases")

    assert refused.code == 2
    assert "cases 1 can't be switched on" in refused.err
    assert "hour '99': 0 to 23 is expected" in refused.err
    assert "'CRON'" not in refused.err, "none was given"
    assert stored(bench) == broken


def test_a_broken_cron_keeps_no_other_one_of_its_sync_from_being_switched_on(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    broken: Any = {"type": "cases", "cron": "0 99 * * *", "enabled": True}
    paused: Any = {"type": "cases", "cron": "5 5 * * *", "enabled": False}
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb([broken, paused]))

    done = idexx_sync("schedules", "resume", bench.clinic_id, "cases", "--entry", "2")

    assert done.code == 0
    assert stored(bench) == [broken, {**paused, "enabled": True}]
    assert f"schedules set {bench.clinic_id} cases CRON --entry 1" in done.out


def test_a_clinic_without_settings_in_odis_is_told_what_is_missing(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    bench.conn.execute(
        "DELETE FROM clinic_schedule_configs WHERE clinic_id = %s", (bench.clinic_id,)
    )

    refused = idexx_sync("schedules", "set", bench.clinic_id, "inbound", "1 1 * * *")

    assert refused.code != 0
    assert "ODIS has no schedule settings of this clinic" in refused.err
    assert "Nothing is scheduled" in idexx_sync("schedules", "show", bench.clinic_id).out


def test_of_a_clinic_that_is_stopped_it_is_said_that_nothing_runs(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    assert shown_json(idexx_sync, bench)["runs"] is True
    bench.configure("clinics", is_active=False)

    shown = idexx_sync("schedules", "show", bench.clinic_id).out
    assert "The clinic is not active in ODIS" in shown
    assert shown.count("none while it is off") == len(SYNCS), "none of the runs will come"
    assert shown_json(idexx_sync, bench)["runs"] is False


def test_the_list_has_every_clinic_and_what_keeps_it_from_running(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    broken = [{"type": "cases", "cron": "0 99 * * *"}, {"type": "inbound", "cron": "5 9 * * *"}]
    other = add_clinic(bench.conn, sync_schedules=Jsonb(broken), stage="off")

    found = idexx_sync("schedules", "list", "--json").json
    shown = idexx_sync("schedules", "list")
    only = idexx_sync("schedules", "list", "--problems", "--json").json["schedules"]

    by_clinic = {
        str(clinic_id): [one for one in found["schedules"] if one["clinic_id"] == str(clinic_id)]
        for clinic_id in (bench.clinic_id, other)
    }
    assert [one["next_run"] is None for one in by_clinic[str(bench.clinic_id)]] == [
        *(False, True, False),
    ], "the second one is switched off"
    assert all(one["next_run"] is None for one in by_clinic[str(other)])
    assert [(one["clinic_id"], one["cron"]) for one in only] == [(str(other), "0 99 * * *")]
    assert found["problems"][0]["clinic_id"] == str(bench.clinic_id)
    assert shown.code == 0
    assert "hour '99'" in shown.out
    assert f"nothing of this clinic runs: idexx-sync clinics show {other}" in shown.out
    assert idexx_sync("schedules", "list", "--limit", "1", "--json").json["more"] is True


def test_the_forecast_counts_clinics_that_run_and_measures_what_runs_took(
    bench: Bench, idexx_sync: CommandLine, tmp_path: Path
) -> None:
    crons = Jsonb({"inbound": "7 * * * *"})
    bench.configure("clinic_schedule_configs", sync_schedules=crons)
    add_clinic(bench.conn, sync_schedules=crons, stage="off")
    for n in range(FEWEST_MEASURED):
        began = bench.now - timedelta(hours=n, seconds=6)
        insert(
            bench.conn,
            "idexx_sync.jobs",
            {
                "id": uuid4(),
                "clinic_id": bench.clinic_id,
                "sync": "inbound",
                "trigger": "schedule",
                "scheduled_time": began,
                "status": "succeeded",
                "attempt": 1,
                "queued_at": began,
                "started_at": began,
                "finished_at": began + timedelta(seconds=6),
            },
        )

    picture = tmp_path / "day.png"
    shown = idexx_sync("schedules", "forecast", "--png", picture)
    found = idexx_sync("schedules", "forecast", "--json").json

    assert shown.code == 0
    assert "1 clinic" in shown.out
    assert "A run of inbound takes 6.0 s on average, measured of 20 runs." in shown.out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (found["clinics"], found["total"]["runs_a_day"]) == (1, 24)
    assert found["syncs"]["inbound"]["measured_runs"] == FEWEST_MEASURED


def test_in_a_zone_that_is_none_nothing_is_due_and_that_is_said(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    bench.configure("clinics", timezone="Mars/Olympus")

    for words in (("show", bench.clinic_id), ("list",)):
        told = idexx_sync("schedules", *words).out
        assert "clinics.timezone 'Mars/Olympus', is none" in told
        assert "next " not in told
    assert idexx_sync("schedules", "forecast", "--json").json["total"]["runs_a_day"] == 0


UNREAD = {"type": "inbound", "cron": "5 9 * * *", "enabled": "yes"}
BROKEN = {"type": "inbound", "cron": "0 99 * * *", "enabled": False}
DOUBTFUL = [
    ("set", "6 9 * * *", "--entry", "1"),
    ("resume", "--entry", "2"),
    ("resume",),
]


@pytest.mark.parametrize("words", DOUBTFUL)
def test_what_would_never_be_due_is_not_taken_for_done(
    bench: Bench, idexx_sync: CommandLine, words: tuple[str, ...]
) -> None:
    """Of two schedules the first can't be read, and the second has a cron that can't be."""
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb([UNREAD, BROKEN]))

    refused = idexx_sync("schedules", words[0], bench.clinic_id, "inbound", *words[1:])

    assert refused.code == 2
    assert "'--entry'" in refused.err
    assert stored(bench) == [UNREAD, BROKEN]


def test_an_entry_that_can_not_be_read_is_put_right_by_switching_it(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb([UNREAD]))

    assert idexx_sync("schedules", "pause", bench.clinic_id, "inbound").code == 0
    assert stored(bench) == [{**UNREAD, "enabled": False}]
    (shown,) = shown_json(idexx_sync, bench)["schedules"]
    assert shown["due"]["next_runs"] == [], "none comes of what is switched off"
