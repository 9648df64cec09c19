"""EventBridge Scheduler becomes what the clinics' rows say."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from idexx_sync.clinics import pause_store
from idexx_sync.core.errors import ConfigurationInvalid, DeadlineExceeded
from idexx_sync.schedules.mirror import mirror_store
from idexx_sync.schedules.mirror.one_pass import LISTING_TRIES
from tests.kit.database import query
from tests.kit.mirror import THREE, MirroredWorld
from tests.kit.strict_scheduler import Fault, Killed

OTHERS: Final = "others"


def remembered(world: MirroredWorld) -> dict[str, str]:
    rows = query(world.conn, "SELECT name, digest FROM idexx_sync.schedule_mirror")
    return {row["name"]: row["digest"] for row in rows}


def test_r30_a_clinics_schedules_are_made_and_then_left_alone(world: MirroredWorld) -> None:
    world.add()
    world.add()

    first, second, third = world.made(), world.made(), world.made()

    assert world.is_right()
    assert first == {"ListSchedules": 1, "CreateSchedule": 6}
    assert second == third == {"ListSchedules": 1}
    assert world.run().counts == {"unchanged": 6}
    assert remembered(world).keys() == world.wanted().keys()


def test_r30_a_changed_cron_or_zone_is_one_update_each(world: MirroredWorld) -> None:
    clinic_id = world.add({"cases": "0 2 * * *", "reconciliation": "0 4 * * *"})
    world.run()

    world.set(clinic_id, {"cases": "30 2 * * *", "reconciliation": "0 4 * * *"})
    assert world.made() == {"ListSchedules": 1, "UpdateSchedule": 1}
    world.change(clinic_id, timezone="America/Denver")
    assert world.made() == {"ListSchedules": 1, "UpdateSchedule": 2}

    assert world.is_right()
    told = world.told(clinic_id)
    assert told["ScheduleExpression"] == "cron(30 2 * * ? *)"
    assert told["ScheduleExpressionTimezone"] == "America/Denver"


def test_r30_a_renamed_clinic_keeps_its_schedules(world: MirroredWorld) -> None:
    clinic_id = world.add()
    world.run()

    world.change(clinic_id, name="Another name", slug="another-name")

    assert world.made() == {"ListSchedules": 1}


Stop = Callable[[MirroredWorld, UUID], Any]


def pause_all(world: MirroredWorld, _clinic: UUID) -> None:
    pause_store.start(world.conn, None, "somebody", "made up")


def resume_all(world: MirroredWorld, _clinic: UUID) -> None:
    pause_store.end(world.conn, None, "somebody", None)


def settings(stage: str) -> Stop:
    return lambda world, clinic: world.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET stage = %s WHERE clinic_id = %s", (stage, clinic)
    )


@pytest.mark.parametrize(
    ("stop", "goes_on"),
    [
        (
            lambda world, clinic: world.change(clinic, is_active=False),
            lambda world, clinic: world.change(clinic, is_active=True),
        ),
        (
            lambda world, clinic: pause_store.start(world.conn, clinic, "somebody", "made up"),
            lambda world, clinic: pause_store.end(world.conn, clinic, "somebody", None),
        ),
        (pause_all, resume_all),
        (settings("off"), settings("canary")),
    ],
    ids=["inactive", "paused", "all paused", "off"],
)
def test_r30_what_is_not_to_be_synced_is_disabled_and_enabled_again(
    world: MirroredWorld, stop: Stop, goes_on: Stop
) -> None:
    clinic_id = world.add()
    world.run()
    enabled = world.client.schedules()

    stop(world, clinic_id)
    assert world.made() == {"ListSchedules": 1, "UpdateSchedule": 3}
    assert {one["State"] for one in world.client.schedules().values()} == {"DISABLED"}
    goes_on(world, clinic_id)
    world.run()

    assert world.client.schedules() == enabled


def test_r30_a_deleted_clinics_schedules_go_and_are_forgotten(world: MirroredWorld) -> None:
    gone, *_ = [world.add() for _ in range(5)]
    world.run()

    world.conn.execute("DELETE FROM public.clinics WHERE id = %s", (gone,))
    assert world.made() == {"ListSchedules": 1, "DeleteSchedule": 3}

    assert world.is_right()
    assert len(remembered(world)) == 12


def test_r30_a_clinic_that_is_deleted_during_a_pass_stops_nothing(world: MirroredWorld) -> None:
    clinics = [world.add() for _ in range(5)]

    def delete_one(_operation: str, name: str) -> None:
        if name.startswith(str(clinics[0])):
            world.conn.execute("DELETE FROM public.clinics WHERE id = %s", (clinics[0],))

    world.client.refuses = delete_one
    assert world.made() == {"ListSchedules": 1, "CreateSchedule": 15}
    assert len(remembered(world)) == 12
    assert world.made() == {"ListSchedules": 1, "DeleteSchedule": 3}

    assert world.is_right()


def test_r30_what_somebody_changed_by_hand_is_put_right(world: MirroredWorld) -> None:
    clinic_id = world.add()
    world.run()
    name = world.told(clinic_id)["Name"]
    world.client.write_by_hand(name, ScheduleExpression="cron(0 0 1 1 ? 2199)")
    world.client.delete_by_hand(world.told(clinic_id, "inbound")["Name"])

    assert world.made() == {"ListSchedules": 1, "UpdateSchedule": 1, "CreateSchedule": 1}
    assert world.is_right()
    assert world.made() == {"ListSchedules": 1}
    world.client.write_by_hand(name, State="DISABLED")
    assert world.made() == {"ListSchedules": 1, "UpdateSchedule": 1}
    assert world.is_right()


def test_r30_other_names_and_other_groups_are_left_alone(world: MirroredWorld) -> None:
    clinic_id = world.add()
    other = f"{clinic_id}-inbound-0-0"
    world.client.write_by_hand("by-hand", State="ENABLED")
    world.client.write_by_hand(other, OTHERS, State="ENABLED")

    done = world.run()
    world.run()

    assert done.foreign == ("by-hand",)
    assert world.client.schedules()["by-hand"]["State"] == "ENABLED"
    assert world.client.schedules(OTHERS).keys() == {other}


@pytest.mark.parametrize(
    "empty",
    [
        "DELETE FROM public.clinics",
        "DELETE FROM public.clinic_schedule_configs",
        "DELETE FROM idexx_sync.clinic_settings",
        "UPDATE public.clinic_schedule_configs SET sync_schedules = NULL",
        "UPDATE public.clinic_schedule_configs SET sync_schedules = '[]'",
    ],
)
@pytest.mark.parametrize("clinics", [1, 5])
def test_r30_an_empty_table_deletes_nothing(world: MirroredWorld, empty: str, clinics: int) -> None:
    for _ in range(clinics):
        world.add()
    world.run()

    world.conn.execute(empty)
    done = [world.run() for _ in range(3)]

    assert len(world.client.schedules()) == 3 * clinics
    assert world.client.counts["DeleteSchedule"] == 0
    assert not all(one.complete for one in done) or done[0].findings


def test_r30_a_table_of_which_half_can_be_read_deletes_nothing(world: MirroredWorld) -> None:
    """A policy that hides rows makes no error."""
    clinics = [world.add() for _ in range(8)]
    world.run()
    world.conn.execute("ALTER TABLE public.clinics ENABLE ROW LEVEL SECURITY")
    world.conn.execute(
        "CREATE POLICY half ON public.clinics AS RESTRICTIVE TO idexx_sync_api, idexx_sync_upkeep "
        f"USING (id <= '{sorted(clinics)[3]}')"
    )

    done = world.run()

    assert world.client.counts["DeleteSchedule"] == 0
    assert len(done.withheld) == 12
    assert not done.complete


def test_r30_rows_that_can_not_be_read_are_reported_and_the_others_count(
    world: MirroredWorld,
) -> None:
    broken = [world.add() for _ in range(4)]
    world.add()
    world.run()
    before = world.client.schedules()

    world.change(broken[0], timezone="Mars/Base")
    world.set(broken[1], ["no entry"])
    world.set(broken[2], {**THREE, "cases": "soon"})
    world.conn.execute(
        "UPDATE public.clinic_schedule_configs SET sync_schedules = %s::jsonb WHERE clinic_id = %s",
        (f'{{"inbound": 1{"0" * 5000}}}', broken[3]),
    )
    done = world.run()

    assert world.client.schedules() == before
    assert {(one.clinic_id, one.code) for one in done.findings} == {
        (broken[0], "zone_unknown"),
        (broken[1], "entries_unreadable"),
        (broken[2], "cron_invalid"),
        (broken[3], "entries_unreadable"),
    }
    assert done.counts == {"unchanged": 5, "kept": 10}


def test_r30_too_many_that_would_go_stay_until_somebody_says_so(world: MirroredWorld) -> None:
    clinics = [world.add() for _ in range(4)]
    world.run()

    world.set(clinics[0], [])
    done = world.run()
    assert (len(done.withheld), done.complete, len(world.client.schedules())) == (3, False, 12)

    done = world.run(force=True)
    assert (done.withheld, done.complete, len(world.client.schedules())) == ((), True, 9)


def test_r30_a_dry_run_changes_and_remembers_nothing(world: MirroredWorld) -> None:
    clinic_id = world.add()

    done = world.run(dry_run=True)

    assert [one.verb for one in done.calls] == ["create"] * 3
    assert (world.client.schedules(), remembered(world)) == ({}, {})
    world.run()
    world.set(clinic_id, {})
    assert [one.verb for one in world.run(dry_run=True, force=True).calls] == ["delete"] * 3
    assert len(world.client.schedules()) == 3


def test_r30_one_clinic_is_brought_up_to_date_by_itself(world: MirroredWorld) -> None:
    clinic_id, other = world.add(), world.add()

    assert world.made(clinic_id=clinic_id) == {"ListSchedules": 1, "CreateSchedule": 3}
    assert {name[:36] for name in world.client.schedules()} == {str(clinic_id)}
    world.set(clinic_id, {**THREE, "cases": "0 5 * * *"})
    assert world.made(clinic_id=clinic_id) == {"ListSchedules": 1, "UpdateSchedule": 1}
    assert world.made(clinic_id=uuid4()) == {"ListSchedules": 1}
    assert world.made(clinic_id=other) == {"ListSchedules": 1, "CreateSchedule": 3}
    assert world.is_right()


def test_r30_a_list_that_lags_costs_calls_and_nothing_else(conn: Any, upkeep: Any) -> None:
    world = MirroredWorld(conn, upkeep, lag=timedelta(minutes=1))
    clinics = [world.add() for _ in range(5)]
    world.run()
    assert world.is_right()

    world.set(clinics[0], {"cases": "0 5 * * *", "inbound": "0 6 * * *"})
    world.between_s = 10
    for _ in range(4):
        world.run(clinics[0])
        assert world.is_right()
    world.between_s = 300
    for _ in range(3):
        world.run()

    assert world.is_right()
    assert world.made() == {"ListSchedules": 1}


@pytest.mark.parametrize("fault", ["broken", "silent"])
def test_r30_without_a_whole_list_nothing_is_done(world: MirroredWorld, fault: Fault) -> None:
    world.add()
    world.client.refuses = lambda operation, _: fault if operation == "ListSchedules" else None

    with pytest.raises(DeadlineExceeded, match="did not list"):
        world.run()

    assert world.client.counts == {"ListSchedules": LISTING_TRIES}


def test_r30_what_may_not_be_listed_is_told_by_name(world: MirroredWorld) -> None:
    world.client.refuses = lambda _operation, _name: "refused"

    with pytest.raises(ConfigurationInvalid, match=r"AccessDeniedException.*SCHEDULE_GROUP"):
        world.run()


def changed_world(world: MirroredWorld) -> None:
    """One with something to create, to update and to delete, and what is none of ours."""
    world.conn.execute("DELETE FROM public.clinics")
    clinics = [world.add() for _ in range(10)]
    world.run()
    world.run()
    world.set(clinics[0], {**THREE, "cases": "0 5 * * *", "inbound": "*/5 * * * *"})
    world.set(clinics[1], {"inbound": "*/15 * * * *"})
    world.conn.execute("DELETE FROM public.clinics WHERE id = %s", (clinics[2],))
    world.add({"inbound": "0 7 1 * 3"})
    world.client.write_by_hand("by-hand", State="ENABLED")
    for name in list(world.client.schedules())[:5]:
        world.client.write_by_hand(name, OTHERS, State="ENABLED")


def of_others(world: MirroredWorld) -> Any:
    return world.client.schedules(OTHERS), world.client.schedules().get("by-hand")


FAULTS: Final[tuple[Fault, ...]] = (
    *("throttled", "refused", "broken", "silent", "killed"),
    *("done and silent", "done and killed"),
)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at_once", [1, 4])
def test_r30_a_pass_that_fails_at_any_call_is_made_good_by_the_next(
    conn: Any, upkeep: Any, fault: Fault, at_once: int
) -> None:
    number, verbs = 0, set()
    while True:
        number += 1
        world = MirroredWorld(conn, upkeep)
        world.at_once = at_once
        changed_world(world)
        others, before = of_others(world), len(world.client.calls)
        world.client.faults = {before + number: fault}
        with suppress(Killed, DeadlineExceeded, ConfigurationInvalid):
            world.run()
        hit = len(world.client.calls) >= before + number
        world.client.faults = {}

        done = world.run()

        verbs |= {verb for verb, _ in world.client.calls[before:]}
        right = {**world.wanted(), "by-hand": others[1]}
        assert world.client.schedules() == right, number
        assert of_others(world) == others
        assert done.complete
        assert {*remembered(world)} == {*world.wanted()}
        if not hit:
            break
    assert verbs == {"ListSchedules", "CreateSchedule", "UpdateSchedule", "DeleteSchedule"}
    assert number > 8


@pytest.mark.parametrize("step", ["keep_written", "keep_listed", "forget"])
@pytest.mark.parametrize("done", [False, True])
def test_r30_a_pass_that_ends_while_it_writes_down_is_made_good_by_the_next(
    world: MirroredWorld, monkeypatch: pytest.MonkeyPatch, step: str, done: bool
) -> None:
    changed_world(world)
    really = getattr(mirror_store, step)

    def killed(*arguments: Any) -> None:
        if done:
            really(*arguments)
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(mirror_store, step, killed)
        for _ in range(2):
            world.run()

    world.run()
    assert {**world.wanted(), "by-hand": of_others(world)[1]} == world.client.schedules()
    assert world.run().counts == {"unchanged": len(world.wanted()), "foreign": 1}
