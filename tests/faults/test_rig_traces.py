"""V8 can fail, wherever something may be left; and what the API answers holds nothing either."""

import socket
import sys
from collections.abc import Callable
from unittest import mock
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from psycopg.errors import UniqueViolation

from idexx_sync.alerts.slack.client import NobodyKnows, TooMany
from idexx_sync.alerts.slack.post import Post
from idexx_sync.core import measures
from idexx_sync.core.logs import logger
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep import telling
from tests.faults import alert_checks, asking
from tests.faults.asking import calling, look_at_new_answers, paths
from tests.faults.canaries import CANARIES, PATTERNS
from tests.faults.clinic import FaultClinic
from tests.faults.eventful_nights import eventful_night_clinic
from tests.faults.results import Violation
from tests.faults.rig import Rig
from tests.faults.sweep_neo import ANSWERS
from tests.faults.traces import reading_lines
from tests.faults.worker import tick, working
from tests.kit.database import query
from tests.kit.records import MORNING
from tests.kit.rows import (
    add_alert,
    add_discrepancy,
    add_hold,
    add_job,
    add_letter,
    pause,
)
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


def error(rig: Rig) -> None:
    """A row that Postgres refuses is the cause of one that says nothing itself."""
    try:
        raise UniqueViolation("Key (owner)=(Moczqlast Sample) exists")
    except UniqueViolation as cause:
        told = RuntimeError("the run failed")
        told.__cause__ = cause
        rig.traces.look_at_error(told)


def print_of_our_own(rig: Rig) -> None:
    with reading_lines(rig.traces):  # pytest has put its own output in the place of a fixture's
        print("PET 1")  # noqa: T201


def cry_of_our_own(rig: Rig) -> None:
    with reading_lines(rig.traces):
        sys.stderr.write("PET 1")


def metric(_rig: Rig) -> None:
    """Of a name that nobody gives one, by whoever has the function."""
    units = {**vars(measures)["_UNITS"], "PET 1": MetricUnit.Count}
    with mock.patch.object(measures, "_UNITS", units):
        vars(telling)["measure"]({"PET 1": 2})


@pytest.mark.parametrize(
    "leave",
    [
        error,
        lambda _rig: logger().info("PET 1"),
        lambda _rig: logger().info("run begun", error_message="PET 1"),
        metric,
        print_of_our_own,
        cry_of_our_own,
        lambda _rig: logger().info(LOCAL_KEY.get_secret_value()),
        file,
        name_of_a_file,
        print_of_a_worker,
        message,
    ],
)
def test_whatever_is_left_is_found_once(rig: Rig, leave: Callable[[Rig], None]) -> None:
    rig.traces.found(rig.folder)
    rig.traces.keep_secret("local key", LOCAL_KEY.get_secret_value())

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


@pytest.mark.parametrize(("field", "pattern"), PATTERNS)
def test_a_leak_is_told_by_its_field_and_place_and_not_by_its_words(
    rig: Rig, field: str, pattern: str
) -> None:
    left = a_text_of(pattern)
    rig.traces.look_at("a drawer", f"before {left} behind")

    assert {one.text for one in rig.traces.found(rig.folder)} == {f"a drawer holds this: {field}"}


@pytest.mark.parametrize(
    ("what", "secret"),
    [
        ("local key", LOCAL_KEY.get_secret_value()),
        ("password", None),
        ("user name", None),
        ("id of a company", None),
        ("session's cookie", None),
        ("password of the database", None),
    ],
)
def test_a_secret_is_told_by_its_name(rig: Rig, what: str, secret: str | None) -> None:
    clinic = FaultClinic(rig)
    texts = {
        "password": clinic.neo.password,
        "user name": clinic.neo.username,
        "id of a company": clinic.neo.company_id,
        "session's cookie": str(clinic.neo.open_session()),
        "password of the database": rig.url,
    }
    rig.traces.look_at("a drawer", secret or texts[what])

    assert [one.text for one in rig.traces.found(rig.folder)] == [f"a drawer holds this: {what}"]
    clinic.close()


def test_an_error_that_leaves_a_run_is_looked_at(clinic: FaultClinic) -> None:
    def fails(*_: object) -> None:
        raise ValueError("Moczqlast Sample can't be read")

    with mock.patch("tests.faults.clinic.run_job", fails):
        assert clinic.invoke(clinic.order()).raised == "unexpected ValueError"

    found = clinic.rig.traces.found(clinic.rig.folder)
    assert [one.text for one in found] == ["an error that left a run holds this: owner's last name"]


def test_what_a_worker_answers_is_looked_at(clinic: FaultClinic) -> None:
    said = '{"job_id": "1", "note": "Moczqreason CHECK UP"}'
    with working(clinic) as worker, mock.patch.object(worker, "answer_line", return_value=said):
        worker.answer()

    found = clinic.rig.traces.found(clinic.rig.folder)
    assert [one.text for one in found] == ["the answer of a worker holds this: reason of a visit"]


LEAKS: dict[str, Callable[[Conn, UUID], object]] = {
    "/api/sync/jobs": lambda conn, clinic: add_job(
        conn, clinic, MORNING, "failed", error_kind="internal", error_message="PET 1"
    ),
    "/api/alerts": lambda conn, clinic: add_alert(conn, clinic, "PET 1"),
    "/api/sync/holds": lambda conn, clinic: add_hold(conn, clinic, "PET 1"),
    "/api/dead-letters": lambda conn, clinic: add_letter(conn, clinic, reason="PET 1"),
    "/api/clinics/{clinic_id}/discrepancies": lambda conn, clinic: add_discrepancy(
        conn, clinic, external_id="PET 1"
    ),
    "/api/clinics/{clinic_id}/status": lambda conn, clinic: pause(conn, clinic, "PET 1"),
}
"""Address -> how a row comes to say a name that the address answers with."""


@pytest.mark.parametrize("path", LEAKS)
def test_what_the_api_answers_is_looked_at(rig: Rig, path: str) -> None:
    rig.forget_clinics()
    clinic = FaultClinic(rig)
    look_at_new_answers(clinic, "before")
    assert rig.traces.found(rig.folder) == []

    LEAKS[path](clinic.conn, clinic.clinic_id)
    look_at_new_answers(clinic, path)

    told = {one.text for one in rig.traces.found(rig.folder)}
    assert f"the answer of {path} holds this: patient's name" in told
    rig.forget_clinics()
    clinic.close()


def test_the_api_is_asked_again_only_when_it_has_something_new_to_say(clinic: FaultClinic) -> None:
    with mock.patch.object(asking, "look_at_answers") as looked:
        look_at_new_answers(clinic, "one group")
        look_at_new_answers(clinic, "one group")
        assert looked.call_count == 1

        look_at_new_answers(clinic, "another group")
        assert looked.call_count == 2
        add_alert(clinic.conn, clinic.clinic_id, "internal")
        look_at_new_answers(clinic, "another group")
        look_at_new_answers(clinic, "another group")
        assert looked.call_count == 3


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


def a_text_of(pattern: str) -> str:
    """One that the pattern finds: its first form, with something for what it leaves open."""
    first = pattern.split("|")[0].removeprefix("(?:")
    for open_, written in {
        r"\(555\)[ -]?555[ -]?": "(555) 555-",
        r"\d+@": "1000@",
        r"\d{7}": "0000017",
        r"[0-9a-f]": "a",
        r"\d": "1",
        r"[0-2]": "1",
        r"[5-9]": "6",
        "\\": "",
    }.items():
        first = first.replace(open_, written)
    return first


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
