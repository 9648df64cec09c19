"""The function that mirrors the schedules, as Lambda calls it."""

import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from functions.config_sync.handler import handler
from idexx_sync.core import logs
from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnavailable, DeadlineExceeded
from idexx_sync.schedules.mirror.one_pass import RESERVE_S
from idexx_sync.upkeep.mirroring import MOST_NAMED, MirrorAnswer
from idexx_sync.upkeep.wiring import RESERVE_S as HANDLERS_RESERVE_S
from tests.kit.database import as_role
from tests.kit.mirror import MirroredWorld
from tests.kit.strict_scheduler import StrictScheduler
from tests.kit.upkeep import mirror_process


class Invocation:
    """What Lambda tells of it: the time that is left."""

    def __init__(self, left_s: float = 270) -> None:
        self.left_s = left_s

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1000)


@pytest.fixture
def client() -> StrictScheduler:
    return StrictScheduler()


@pytest.fixture(autouse=True)
def process(
    database: str, client: StrictScheduler, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("IDEXX_SYNC_SCHEDULER_CALLS_PER_SECOND", "1000")
    with mirror_process(monkeypatch, as_role(database, "upkeep"), client):
        yield


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    (log_handler,) = logs.logger().handlers
    monkeypatch.setattr(log_handler, "stream", stream)
    return stream


def test_r30_a_pass_says_what_it_did_and_logs_it_by_number(
    world: MirroredWorld, client: StrictScheduler, log: io.StringIO
) -> None:
    clinic_id = world.add()
    broken = world.add(zone="Mars/Base")

    answer = MirrorAnswer.model_validate(handler({"v": 1}, Invocation()))

    assert (answer.complete, answer.counts, answer.calls_in_all) == (True, {"created": 3}, 3)
    assert [(one.clinic_id, one.code) for one in answer.findings] == [(broken, "zone_unknown")]
    assert {name[:36] for name in client.schedules()} == {str(clinic_id)}
    (line,) = (json.loads(line) for line in log.getvalue().splitlines())
    assert (line["counts"], line["complete"], line["findings"]) == ({"created": 3}, True, 1)
    assert line["first_findings"] == [f"{broken} timezone zone_unknown"]
    again = handler({"v": 1}, Invocation())
    assert (again["complete"], again["counts"]) == (True, {"unchanged": 3})


def test_r30_an_event_may_name_one_clinic_or_only_ask(
    world: MirroredWorld, client: StrictScheduler
) -> None:
    clinic_id, _ = world.add(), world.add()

    asked = handler({"v": 1, "dry_run": True}, Invocation())
    assert (asked["dry_run"], asked["calls_in_all"], client.schedules()) == (True, 6, {})
    handler({"v": 1, "clinic_id": str(clinic_id)}, Invocation())

    assert {name[:36] for name in client.schedules()} == {str(clinic_id)}


@pytest.mark.parametrize(("event", "told"), [({"v": 1}, [2.0]), ({"v": 1, "dry_run": True}, None)])
def test_r30_what_a_pass_over_all_could_not_do_is_counted_for_the_alarm(
    world: MirroredWorld,
    client: StrictScheduler,
    capsys: pytest.CaptureFixture[str],
    log: io.StringIO,
    event: dict[str, Any],
    told: list[float] | None,
) -> None:
    world.add()
    client.write_by_hand("by-hand")
    client.write_by_hand("by-hand-too")

    handler(event, Invocation())

    (counted,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()] or [{}]
    assert counted.get("SchedulesNotMirrored") == told
    assert '"message":"schedules mirrored"' in log.getvalue()


def test_r30_what_is_answered_is_bounded(world: MirroredWorld) -> None:
    world.add_fleet(200)

    answer = handler({"v": 1, "dry_run": True}, Invocation())

    assert (len(answer["calls"]), answer["calls_in_all"]) == (MOST_NAMED, 600)
    assert len(json.dumps(answer)) < 50_000


@pytest.mark.parametrize(
    "event",
    [None, [], {}, {"v": 2}, {"v": 1, "clinic_id": "x"}, {"v": 1, "all": True}, {"clinic_id": 7}],
)
def test_r30_an_event_that_can_not_be_read_is_an_error(event: Any, client: StrictScheduler) -> None:
    with pytest.raises(ConfigurationInvalid, match="the event can't be read"):
        handler(event, Invocation())

    assert client.calls == []


def test_r30_a_pass_for_which_no_time_is_left_changes_nothing(
    world: MirroredWorld, client: StrictScheduler
) -> None:
    world.add()

    with pytest.raises(DeadlineExceeded):
        handler({"v": 1}, Invocation(RESERVE_S + HANDLERS_RESERVE_S - 1))
    with pytest.raises(DatabaseUnavailable):
        handler({"v": 1}, Invocation(HANDLERS_RESERVE_S))

    assert client.schedules() == {}
    assert handler({"v": 1}, Invocation())["complete"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("IDEXX_SYNC_SCHEDULE_GROUP", "", "IDEXX_SYNC_SCHEDULE_GROUP: missing"),
        (
            "IDEXX_SYNC_TICK_QUEUE_ARNS",
            '{"inbound": "arn:aws:sqs:us-west-2:123456789012:ticks"}',
            "no queue is named for cases, reconciliation",
        ),
    ],
)
def test_r30_a_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationInvalid, match=says):
        handler({"v": 1}, Invocation())


def test_r30_a_database_that_is_away_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, client: StrictScheduler
) -> None:
    away = "postgresql://no:body@127.0.0.1:1/nowhere"
    with mirror_process(monkeypatch, away, client), pytest.raises(DatabaseUnavailable):
        handler({"v": 1, "clinic_id": str(UUID(int=1))}, Invocation())

    assert client.calls == []
