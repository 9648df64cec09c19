"""One question per id, several at a time: what ends the round, and what does not."""

import json
import threading
from dataclasses import replace

import pytest

from idexx_sync.core.errors import LeaseLost, PimsUnavailable, ShapeChanged
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http.answers import RawAnswer
from idexx_sync.pims.neo.http.transport import too_large
from idexx_sync.pims.neo.provider import NeoProvider
from idexx_sync.pims.protocol import Consultation, Gone, Unknown
from tests.kit.login_store import FakeLoginStore
from tests.unit.pims.neo.test_neo_session import NOW, OLD, Answer, Neo, json_answer


def opened(
    answer: Answer, *, connections: int = 1, login_store: FakeLoginStore | None = None
) -> NeoProvider:
    neo = Neo(answer, login_store or FakeLoginStore(session=OLD))
    return NeoProvider(
        neo.client,
        neo.keeper,
        connections=connections,
        clock=lambda: NOW,
        on_progress=lambda *_: None,
        interrupt=lambda: None,
    )


def page_of(path: str) -> RawAnswer:
    """What Neo has for the path: a consultation of the id in it."""
    body = json.dumps({"consultation": {"id": path.split("/")[2]}}).encode()
    return RawAnswer(200, "https://neo.example", {"content-type": "application/json"}, body)


def test_an_answer_too_large_is_unknown_and_the_rest_is_read() -> None:
    def answer(_: StoredSession, path: str) -> RawAnswer:
        if "/2/" in path:
            raise too_large(1)
        return page_of(path)

    read = dict(opened(answer).consultations(["1", "2", "3"]))
    assert read == {
        "1": Consultation("1", None, has_notes_place=False),
        "2": Unknown("answer_too_large"),
        "3": Consultation("3", None, has_notes_place=False),
    }


def test_json_that_cant_be_read_is_unknown_and_the_rest_is_read() -> None:
    def answer(_: StoredSession, path: str) -> RawAnswer:
        whole = page_of(path)
        return replace(whole, body=whole.body[:-1]) if "/2/" in path else whole

    read = dict(opened(answer).consultations(["1", "2", "3"]))
    assert read == {
        "1": Consultation("1", None, has_notes_place=False),
        "2": Unknown("not_json_body"),
        "3": Consultation("3", None, has_notes_place=False),
    }


def test_any_other_changed_shape_ends_the_round() -> None:
    def answer(_: StoredSession, path: str) -> RawAnswer:
        raise ShapeChanged("another shape", code="another")

    with pytest.raises(ShapeChanged, match="another shape"):
        list(opened(answer).consultations(["1", "2"]))


def test_what_ends_the_run_for_one_thread_stops_the_others() -> None:
    """Without the lease nobody may go on, not even those who were about to try again."""
    asked: list[str] = []
    first_has_failed, second_has_begun = threading.Event(), threading.Event()

    def answer(_: StoredSession, path: str) -> RawAnswer:
        asked.append(path.split("/")[2])
        if "/1/" in path:
            assert second_has_begun.wait(5)
            raise LeaseLost("another job has the clinic")
        second_has_begun.set()
        first_has_failed.wait(0.2)
        raise PimsUnavailable("cut", code="ReadError")

    with pytest.raises(LeaseLost):
        list(opened(answer, connections=2).consultations(["1", "2", "3", "4"]))
    assert sorted(asked) == ["1", "2"]


def test_nobody_logs_in_for_a_reader_that_has_stopped() -> None:
    stopped, second_has_begun = threading.Event(), threading.Event()

    def answer(_: StoredSession, path: str) -> RawAnswer:
        if "/1/" in path:
            assert second_has_begun.wait(5)
            return page_of(path)
        second_has_begun.set()
        stopped.wait(0.3)
        return json_answer(401)

    login_store = FakeLoginStore(session=OLD)
    asking = opened(answer, connections=2, login_store=login_store).consultations(["1", "2"])
    next(asking)
    asking.close()
    assert (login_store.logins, login_store.dropped) == (0, 0)


def test_ids_come_once_and_what_is_no_id_is_never_asked() -> None:
    asked: list[str] = []

    def answer(_: StoredSession, path: str) -> RawAnswer:
        asked.append(path)
        return json_answer(404)

    read = list(opened(answer).consultations(["7", "..", "7", "a/b?c", ""]))
    assert read == [
        ("7", Gone()),
        ("..", Unknown("id_unusable")),
        ("a/b?c", Gone()),
        ("", Unknown("id_unusable")),
    ]
    assert asked == ["/consultations/7/page-data", "/consultations/a%2Fb%3Fc/page-data"]


def test_nothing_is_asked_before_the_first_is_wanted() -> None:
    def answer(_: StoredSession, path: str) -> RawAnswer:
        raise AssertionError

    opened(answer).consultations(["1"])
    assert list(opened(answer).consultations([])) == []
