"""V8 can fail, wherever something may be left; and what the API answers holds nothing either."""

import socket
from collections.abc import Callable, Iterator
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from idexx_sync.alerts.slack.client import NobodyKnows, TooMany
from idexx_sync.alerts.slack.post import Post
from idexx_sync.api.routes import ROUTES
from idexx_sync.core.logs import logger
from idexx_sync.upkeep import telling
from tests.faults import alert_checks
from tests.faults.asking import calling
from tests.faults.clinic import FaultClinic
from tests.faults.eventful_nights import eventful_night_clinic
from tests.faults.results import Violation
from tests.faults.rig import Rig
from tests.faults.sweep_neo import ANSWERS
from tests.faults.traces import CANARIES
from tests.faults.worker import tick, working
from tests.kit.database import query
from tests.kit.rows import add_alert
from tests.kit.settings import LOCAL_KEY

POST = Post("PET 1 is dead", ())


def file(rig: Rig) -> None:
    (rig.folder / "left").write_text("PET 1")


def name_of_a_file(rig: Rig) -> None:
    (rig.folder / "PET 1").touch()


def print_of_a_worker(rig: Rig) -> None:
    rig.traces.printed.write_text("PET 1")


def message(rig: Rig) -> None:
    for _ in range(20):  # until it is taken
        try:
            rig.slack.send(uuid4(), "C0", None, POST)
        except (NobodyKnows, TooMany):
            continue
        break


@pytest.mark.parametrize(
    "leave",
    [
        lambda _rig: logger().info("PET 1"),
        lambda _rig: logger().info("run begun", patient="PET 1"),
        lambda _rig: vars(telling)["measure"]({"PET 1": 2}),
        lambda _rig: logger().info(LOCAL_KEY.get_secret_value()),
        file,
        name_of_a_file,
        print_of_a_worker,
        message,
    ],
)
def test_whatever_is_left_is_found_once(rig: Rig, leave: Callable[[Rig], None]) -> None:
    rig.traces.found(rig.folder)
    rig.traces.keep_secret(LOCAL_KEY.get_secret_value())

    leave(rig)

    assert {one.rule for one in rig.traces.found(rig.folder)} == {"V8"}
    for path in rig.folder.iterdir():
        path.unlink()
    assert rig.traces.found(rig.folder) == []


def test_what_a_worker_prints_is_read(rig: Rig) -> None:
    clinic = eventful_night_clinic(rig)
    event, _ = tick(clinic, clinic.now)
    with working(clinic) as worker:
        worker.begin(event)
        answer = worker.answer()

    printed = rig.traces.printed.read_text()
    assert answer is not None
    assert '"message":"run ended"' in printed
    assert f'"job_id":"{answer["job_id"]}"' in printed
    assert '"RunsEnded"' in printed
    assert rig.traces.found(rig.folder) == []
    clinic.close()


def test_the_api_answers_nothing_of_a_clinics_people(rig: Rig) -> None:
    clinic = eventful_night_clinic(rig)
    clinic.neo.set_knob("faults", [{"path": ".*", "nth": 2, "times": 1, "action": ANSWERS[0]}])
    for sync in clinic.syncs:
        clinic.deliver(clinic.order(sync))
    clinic.watch_over()

    with calling(clinic) as gateway:
        for path in paths(clinic):
            answer = gateway.get(path)
            assert answer.status == 200, path
            assert not CANARIES.search(answer.text), path
    assert rig.traces.in_rows(clinic.conn, clinic.clinic_id) == []
    clinic.close()


def test_a_run_asks_nobody_but_neo_and_postgres(rig: Rig) -> None:
    clinic = eventful_night_clinic(rig)
    asked: list[object] = []
    connect = socket.socket.connect

    def connecting(ours: socket.socket, address: object) -> None:
        asked.append(address)
        connect(ours, address)  # type: ignore[arg-type]

    with mock.patch.object(socket.socket, "connect", connecting):
        for sync in clinic.syncs:
            assert clinic.invoke(clinic.order(sync)).succeeded

    neo = urlsplit(clinic.neo.base_url)
    assert set(asked) == {(neo.hostname, neo.port)}
    clinic.close()


def paths(clinic: FaultClinic) -> Iterator[str]:
    """All that can be asked for about the clinic."""
    ids = {
        "{clinic_id}": [clinic.clinic_id],
        **{
            part: [row["id"] for row in query(clinic.conn, f"SELECT id FROM idexx_sync.{table}")]
            for part, table in {
                "{job_id}": "jobs",
                "{hold_id}": "holds",
                "{alert_id}": "alerts",
                "{letter_id}": "dead_letters",
            }.items()
        },
    }
    for route in ROUTES:
        if route.method == "GET" and route.needs_key:
            part = next((one for one in ids if one in route.path), None)
            assert part is not None or "{" not in route.path
            for id_ in ids[part] if part else [""]:
                yield route.path.replace(part or "{}", str(id_))


def told(clinic: FaultClinic) -> list[Violation]:
    return alert_checks.told_once(clinic.conn, clinic.clinic_id, clinic.rig.slack)


def test_v7_what_slack_lost_or_has_twice_is_seen(clinic: FaultClinic) -> None:
    alert = add_alert(clinic.conn, clinic.clinic_id, "internal")
    assert [one.rule for one in told(clinic)] == ["V7"]  # not told yet

    assert clinic.tell_all()
    assert told(clinic) == []

    clinic.conn.execute(
        "UPDATE idexx_sync.alerts SET closed_at = idexx_sync.clock(), "
        "closed_because = 'succeeded' WHERE id = %s",
        (alert,),
    )
    assert [one.rule for one in told(clinic)] == ["V7"]  # its end is not told yet
    assert clinic.tell_all()
    assert told(clinic) == []

    (opening,) = query(
        clinic.conn,
        "SELECT id FROM idexx_sync.messages WHERE alert_id = %s AND part = 'opened'",
        (alert,),
    )
    clinic.rig.slack.copies[opening["id"]] += 1
    assert "2 times" in told(clinic)[0].text
