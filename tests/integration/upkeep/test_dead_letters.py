"""What becomes of a message of the dead-letter queue, whatever it holds and however it comes."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from idexx_sync.clinics.pause_store import start
from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import tick_order
from idexx_sync.upkeep.dead_letters import Message, Taken, take_in
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query, update
from tests.kit.letters import DUE, ERROR, message, of_schedule, record, tick_event
from tests.kit.rows import add_job

CANARY = "Bellatrix"
SOON, LATER = DUE + timedelta(minutes=4), DUE + timedelta(hours=1)


def job_event(job_id: UUID, **more: Any) -> dict[str, Any]:
    return {"v": 1, "job_id": str(job_id), **more}


def jobs(conn: Conn) -> list[dict[str, Any]]:
    return query(conn, "SELECT * FROM idexx_sync.jobs ORDER BY queued_at, id")


def letters(conn: Conn) -> list[dict[str, Any]]:
    return query(conn, "SELECT * FROM idexx_sync.dead_letters ORDER BY received_at, id")


def alerts(conn: Conn) -> list[dict[str, Any]]:
    return query(conn, "SELECT * FROM idexx_sync.alerts")


def add_lease(conn: Conn, job_id: UUID, lives_s: float) -> None:
    conn.execute(
        """
        INSERT INTO idexx_sync.leases
        SELECT clinic_id, id, sync, 1, gen_random_uuid(),
               clock_timestamp() + make_interval(secs => %s)
          FROM idexx_sync.jobs WHERE id = %s
        """,
        (lives_s, job_id),
    )


def dispatched(conn: Conn, job_id: UUID, ago: timedelta) -> None:
    conn.execute(
        "UPDATE idexx_sync.jobs SET dispatched_at = clock_timestamp() - %s WHERE id = %s",
        (ago, job_id),
    )


def cut_off(conn: Conn, clinic_id: UUID, attempt: int = 3) -> UUID:
    """A job of the API whose worker was killed in that attempt, some minutes ago."""
    job_id = add_job(
        conn,
        clinic_id,
        status="running" if attempt else "queued",
        trigger="api",
        attempt=attempt,
        queued_at=DUE,
    )
    dispatched(conn, job_id, timedelta(minutes=5))
    if attempt:
        add_lease(conn, job_id, -100)
    return job_id


# -- a job that exists -----------------------------------------------------------------------


@pytest.mark.parametrize("attempt", [0, 1, 3])
@pytest.mark.parametrize("more", [{}, {"responsePayload": ERROR}], ids=["killed", "raised"])
def test_r27_a_job_whose_event_was_given_up_is_dead_and_told_once(
    conn: Conn,
    upkeep: Conn,
    clinic_id: UUID,
    attempt: int,
    more: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    job_id = cut_off(conn, clinic_id, attempt)
    sent = message(record(job_event(job_id), **more))

    taken = take_in(upkeep, sent)

    assert taken == take_in(upkeep, sent) == Taken("ended", job_id, "nobody_came")
    assert capsys.readouterr().out.count('"RunsFailed":[1.0]') == 1
    (job,) = jobs(conn)
    assert (job["status"], job["error_kind"]) == ("dead", "internal")
    assert "idexx-sync jobs retry" in job["error_message"]
    (alert,) = alerts(conn)
    assert (alert["job_id"], alert["times"], alert["closed_at"]) == (job_id, 1, None)
    (letter,) = letters(conn)
    assert (letter["status"], letter["clinic_id"], letter["sync"]) == (
        "ended",
        clinic_id,
        "inbound",
    )
    assert letter["event"] == job_event(job_id)
    assert letter["condition"] == "RetriesExhausted"


def test_r27_a_record_without_its_event_still_tells_of_its_job(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    job_id = cut_off(conn, clinic_id)
    error = {**ERROR, "errorMessage": f"an unexpected error in job {job_id}; the log says where"}
    whole = record(None, responsePayload=error)
    bare = {name: value for name, value in whole.items() if name != "requestPayload"}

    assert take_in(upkeep, message(bare)) == Taken("ended", job_id, "nobody_came")


@pytest.mark.parametrize(
    ("status", "lives_s", "ago", "reason"),
    [
        ("failed", None, timedelta(minutes=5), "job_ended"),
        ("succeeded", None, timedelta(minutes=5), "job_ended"),
        ("running", 40, timedelta(minutes=5), "run_is_coming"),
        ("running", 40, timedelta(days=1), "run_is_coming"),
        ("queued", None, timedelta(seconds=-60), "run_is_coming"),
    ],
    ids=["failed", "succeeded", "is run", "is still run", "was dispatched anew"],
)
def test_r27_a_job_that_has_ended_or_is_run_stays_as_it_is(
    conn: Conn,
    upkeep: Conn,
    clinic_id: UUID,
    status: str,
    lives_s: float | None,
    ago: timedelta,
    reason: str,
) -> None:
    ended = DUE if status in ("failed", "succeeded") else None
    job_id = add_job(conn, clinic_id, ended, status, trigger="api", queued_at=DUE, attempt=1)
    dispatched(conn, job_id, ago)
    if lives_s is not None:
        add_lease(conn, job_id, lives_s)
    before = jobs(conn)

    assert take_in(upkeep, message(record(job_event(job_id)))) == Taken(
        "superseded", job_id, reason
    )
    assert jobs(conn) == before
    assert alerts(conn) == []
    assert letters(conn)[0]["ended_at"] is not None


def test_r27_what_nobody_can_date_ends_no_job_whose_run_may_come(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    """A queue that gives up says nothing of when; the watchdog ends the job in time."""
    job_id = cut_off(conn, clinic_id, attempt=1)
    gone = cut_off(conn, add_clinic(conn))

    assert take_in(upkeep, message(job_event(job_id))).reason == "run_is_coming"
    assert take_in(upkeep, message(job_event(gone))) == Taken("ended", gone, "nobody_came")


def test_a_job_that_is_not_there_is_parked(conn: Conn, upkeep: Conn, clinic_id: UUID) -> None:
    taken = take_in(upkeep, message(record(job_event(uuid4()))))

    assert taken == Taken("parked", None, "unknown_job")
    assert letters(conn)[0]["status"] == "parked"


# -- a tick that never began -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("sync", "now", "status", "reason"),
    [
        ("inbound", SOON, "dead", "never_began"),
        ("inbound", LATER, "skipped_stale", "stale"),
        ("cases", LATER, "dead", "never_began"),
        ("cases", DUE + timedelta(days=1), "skipped_stale", "stale"),
    ],
)
@pytest.mark.parametrize("shape", ["destination", "schedule", "event"])
def test_r27_a_tick_that_never_began_has_its_job_and_is_told_unless_the_next_one_has_come(
    conn: Conn,
    upkeep: Conn,
    clinic_id: UUID,
    sync: str,
    now: datetime,
    status: str,
    reason: str,
    shape: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_business_time(conn, now)
    event = tick_event(clinic_id, sync)
    sent = {
        "destination": message(record(event, "EventAgeExceeded")),
        "schedule": of_schedule({**event, "scheduled_time": "<aws.scheduler.scheduled-time>"}),
        "event": message(event),
    }[shape]

    taken = take_in(upkeep, sent)

    expected = tick_order(clinic_id, sync, "schedule", DUE)  # type: ignore[arg-type]
    assert taken == Taken("ended", expected.job_id, reason)
    (job,) = jobs(conn)
    assert (job["id"], job["status"], job["scheduled_time"]) == (expected.job_id, status, DUE)
    assert len(alerts(conn)) == (status == "dead")
    assert letters(conn)[0]["shape"] == shape
    assert capsys.readouterr().out.count('"RunsFailed":[1.0]') == (status == "dead")


@pytest.mark.parametrize(
    ("crons", "reason"),
    [
        *[(crons, "never_began") for crons in ("null", '{"inbound": "61 * *"}', '"no"', "{}")],
        ('{"inbound": "H * * * *"}', "stale"),
    ],
)
def test_a_tick_whose_schedule_says_nothing_is_told(
    conn: Conn, upkeep: Conn, clinic_id: UUID, crons: str, reason: str
) -> None:
    update(
        conn,
        "public.clinic_schedule_configs",
        {"sync_schedules": psycopg.types.json.Jsonb(json.loads(crons))},
        clinic_id=clinic_id,
    )
    set_business_time(conn, DUE + timedelta(days=2))

    assert take_in(upkeep, message(record(tick_event(clinic_id)))).reason == reason


@pytest.mark.parametrize("whose", ["its own", "of all", "another's"])
def test_r27_a_tick_of_a_paused_clinic_that_never_began_is_skipped(
    conn: Conn, upkeep: Conn, clinic_id: UUID, whose: str
) -> None:
    paused = {"its own": clinic_id, "of all": None, "another's": add_clinic(conn)}[whose]
    assert start(conn, paused, "Kim", "the clinic moves") is not None

    taken = take_in(upkeep, message(record(tick_event(clinic_id))))

    (job,) = jobs(conn)
    skipped = whose != "another's"
    assert (taken.outcome, taken.reason) == ("ended", "paused" if skipped else "never_began")
    assert job["status"] == ("skipped_paused" if skipped else "dead")
    assert ("Kim" in job["error_message"]) is skipped
    assert len(alerts(conn)) == (not skipped)


@pytest.mark.parametrize("sync", ["inbound", "cases"])
@pytest.mark.parametrize("attempt", [0, 1, 2, 3])
def test_r27_a_tick_that_its_queue_gave_up_ends_its_job_and_is_told(
    conn: Conn, upkeep: Conn, clinic_id: UUID, sync: str, attempt: int
) -> None:
    """The message is the bare event, as the schedule sent it: nothing says when it was given up."""
    order = tick_order(clinic_id, sync, "schedule", DUE)  # type: ignore[arg-type]
    status = "queued" if attempt < 3 else "running"
    add_job(
        conn, clinic_id, None, status, id=order.job_id, sync=sync, attempt=attempt,
        queued_at=DUE, scheduled_time=DUE,
    )  # fmt: skip
    if attempt == 3:
        add_lease(conn, order.job_id, -100)
    set_business_time(conn, SOON)

    taken = take_in(upkeep, message(tick_event(clinic_id, sync)))

    assert taken == Taken("ended", order.job_id, "nobody_came")
    (job,) = jobs(conn)
    assert (job["status"], job["error_kind"]) == ("dead", "internal")
    assert [alert["job_id"] for alert in alerts(conn)] == [order.job_id]
    assert letters(conn)[0]["shape"] == "event"


def test_r27_a_second_delivery_that_could_not_be_handed_over_ends_no_tick_that_waits(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    order = tick_order(clinic_id, "inbound", "schedule", DUE)
    add_job(
        conn, clinic_id, None, "queued", id=order.job_id, attempt=1, queued_at=DUE,
        scheduled_time=DUE,
    )  # fmt: skip
    set_business_time(conn, SOON)

    taken = take_in(upkeep, of_schedule(tick_event(clinic_id)))

    assert taken == Taken("superseded", order.job_id, "run_is_coming")
    assert jobs(conn)[0]["status"] == "queued"


@pytest.mark.parametrize(
    ("lives_s", "ago", "outcome"),
    [(None, None, "ended"), (40, None, "superseded"), (None, timedelta(), "superseded")],
    ids=["given up", "is run", "was ordered anew"],
)
def test_r27_a_catch_up_that_its_queue_gave_up_ends_its_job_unless_somebody_comes(
    conn: Conn,
    upkeep: Conn,
    clinic_id: UUID,
    lives_s: float | None,
    ago: timedelta | None,
    outcome: str,
) -> None:
    job_id = add_job(conn, clinic_id, None, "queued", trigger="catch_up", attempt=1, queued_at=DUE)
    if lives_s is not None:
        add_lease(conn, job_id, lives_s)
    if ago is not None:
        dispatched(conn, job_id, ago)
    set_business_time(conn, SOON)

    assert take_in(upkeep, message(job_event(job_id))).outcome == outcome
    assert len(alerts(conn)) == (outcome == "ended")


@pytest.mark.parametrize("lives_s", [40, -100])
def test_r27_a_tick_that_has_begun_is_judged_by_its_job(
    conn: Conn, upkeep: Conn, clinic_id: UUID, lives_s: float
) -> None:
    order = tick_order(clinic_id, "inbound", "schedule", DUE)
    job_store.begin(conn, order, lives_s)

    taken = take_in(upkeep, message(record(tick_event(clinic_id))))

    assert taken.job_id == order.job_id
    assert taken.outcome == ("superseded" if lives_s > 0 else "ended")
    assert jobs(conn)[0]["status"] == ("running" if lives_s > 0 else "dead")


def test_a_tick_that_another_job_has_taken_is_judged_by_that_one(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    other = add_job(conn, clinic_id, DUE, scheduled_time=DUE)

    taken = take_in(upkeep, message(record(tick_event(clinic_id))))

    assert taken == Taken("superseded", other, "job_ended")
    assert len(jobs(conn)) == 1


# -- what can't be read ----------------------------------------------------------------------

GARBAGE: dict[str, tuple[Any, str]] = {
    "empty": ("", "not_json"),
    "words": (CANARY, "not_json"),
    "cut off": ('{"v": 1, "job_id": "', "not_json"),
    "a list": ([CANARY], "no_object"),
    "a text": (json.dumps(CANARY), "no_object"),
    "a number": ("7", "no_object"),
    "not a number": ('{"v": NaN}', "not_json"),
    "infinity": ('{"v": Infinity}', "not_json"),
    "a number beyond counting": ('{"v": ' + "9" * 5000 + "}", "not_json"),
    "deep": ("[" * 200_000, "not_json"),
    "half a pair": ('{"v": 1, "sync": "\\ud800"}', "unknown_sync"),
    "half a pair, raw": ('{"v": 1, "sync": "\ud800"}', "unknown_sync"),
    "nul": ('{"v": 1, "sync": "\\u0000"}', "unknown_sync"),
    "nul, raw": ("\x00", "not_json"),
    "oversized": ("x" * (1024 * 1024 + 1), "too_large"),
    "an empty object": ({}, "event_unreadable"),
    "a later release": ({"v": 2, "job_id": str(uuid4())}, "unknown_version"),
    "a version of letters": ({"v": CANARY}, "event_unreadable"),
    "both names": ({"v": 1, "job_id": str(uuid4()), "clinic_id": str(uuid4())}, "event_unreadable"),
    "another's sync": (tick_event(uuid4(), CANARY), "unknown_sync"),
    "an unknown field": (tick_event(uuid4(), patient=CANARY), "event_unreadable"),
    "days that are none": (tick_event(uuid4(), params={"from": CANARY}), "params_unreadable"),
    "deep parameters": (
        json.dumps(tick_event(uuid4(), params="DEEP")).replace(
            '"DEEP"', '{"from":' * 900 + "1" + "}" * 900
        ),
        "params_unreadable",
    ),
    "no event": (record(None), "payload_missing"),
    "an event that is a text": (record(CANARY), "event_unreadable"),
    "an unknown clinic": (record(tick_event(uuid4())), "unknown_clinic"),
    "contexts of another kind": (
        {"requestContext": CANARY, "requestPayload": {"v": 1}, "responsePayload": [CANARY]},
        "event_unreadable",
    ),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_cannot_be_read_is_parked_with_the_reason(
    conn: Conn, upkeep: Conn, clinic_id: UUID, name: str
) -> None:
    body, reason = GARBAGE[name]
    sent = message(body)

    taken = take_in(upkeep, sent)

    assert taken == Taken("parked", None, reason)
    (letter,) = letters(conn)
    assert letter["body_bytes"] == len(sent.body.encode(errors="surrogatepass"))
    assert letter["clinic_id"] is None
    assert (jobs(conn), alerts(conn)) == ([], [])
    assert CANARY not in str(letter)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"scheduled_time": None}, "names_no_time"),
        ({"sync": None}, "names_no_sync"),
        ({"scheduled_time": "9999-12-30T00:00:00Z"}, "time_implausible"),
        ({"scheduled_time": "0001-01-02T00:00:00Z"}, "time_implausible"),
        ({"scheduled_time": "2026-03-01T00:00:00Z"}, "time_implausible"),
    ],
)
def test_an_order_that_is_no_certain_tick_is_parked(
    conn: Conn, upkeep: Conn, clinic_id: UUID, event: dict[str, Any], reason: str
) -> None:
    assert take_in(upkeep, message({**tick_event(clinic_id), **event})).reason == reason
    assert jobs(conn) == []


def test_the_time_of_a_schedule_comes_from_its_attributes_only_where_the_event_has_none(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    set_business_time(conn, LATER)
    event = tick_event(clinic_id, scheduled_time="2026-05-04T14:15:00Z")
    bare = {name: value for name, value in event.items() if name != "scheduled_time"}

    take_in(upkeep, of_schedule(event))
    take_in(upkeep, of_schedule(bare))
    odd = take_in(upkeep, of_schedule(bare, SCHEDULED_TIME=CANARY))

    due = sorted(job["scheduled_time"] for job in jobs(conn))
    assert due == [DUE, DUE + timedelta(minutes=15)]
    assert odd == Taken("parked", None, "names_no_time")


def test_a_defect_of_ours_parks_the_message_and_loses_none(
    conn: Conn, upkeep: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_message: Message) -> None:
        raise KeyError(CANARY)

    monkeypatch.setattr("idexx_sync.upkeep.dead_letters.read", broken)

    assert take_in(upkeep, message({})) == Taken("parked", None, "unforeseen")
    assert CANARY not in str(letters(conn))


# -- words of others -------------------------------------------------------------------------


def places_in(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document at which something can stand."""
    found = [here]
    if isinstance(document, dict):
        for key, value in document.items():
            found += places_in(value, (*here, key))
    return found


def replaced(document: Any, place: Sequence[Any], value: Any) -> Any:
    if not place:
        return value
    return {**document, place[0]: replaced(document[place[0]], place[1:], value)}


def renamed(document: Any, place: Sequence[Any], name: str) -> Any:
    if len(place) == 1:
        return {(name if key == place[0] else key): one for key, one in document.items()}
    return {**document, place[0]: renamed(document[place[0]], place[1:], name)}


@pytest.mark.parametrize("word", [CANARY, "bellatrix", "bellatrix of jo bloggs", "5551234567"])
def test_no_word_of_another_is_in_any_row_wherever_it_stood(
    conn: Conn, upkeep: Conn, clinic_id: UUID, word: str
) -> None:
    job_id = cut_off(conn, clinic_id)
    event = tick_event(clinic_id, manner="apply", params={"from": "2026-05-04"})
    whole = record(event, responsePayload=ERROR)
    sent = []
    for value in (word, [word], {word: word}, {"job_id": {"at": word}}, f"job {job_id} {word}"):
        sent += [message(replaced(whole, place, value)) for place in places_in(whole)]
        sent += [message(replaced(event, place, value)) for place in places_in(event)]
    if word.isdigit():
        sent += [message(replaced(event, place, int(word))) for place in places_in(event)]
    sent += [message(renamed(whole, place, word)) for place in places_in(whole)[1:]]
    sent += [message(renamed(event, place, word)) for place in places_in(event)[1:]]
    sent += [message({**event, word: word}), message({**event, word: 1, f"{word} id": True})]
    sent += [of_schedule(event, **{name: word}) for name in of_schedule(event).attributes]
    sent += [message(event, **{word: word}), Message(word + " ", "{}", {}), message(word)]

    for one in sent:
        take_in(upkeep, one)

    assert len(letters(conn)) == len(sent)
    for table in ("dead_letters", "jobs", "alerts", "places", "leases"):
        stored = query(conn, f"SELECT t::text AS row FROM idexx_sync.{table} t")
        assert [row for row in stored if word.split()[0] in row["row"]] == []


# -- the same message again ------------------------------------------------------------------


def test_the_same_message_has_one_effect_however_often_it_comes(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    sent = message(record(job_event(cut_off(conn, clinic_id))))

    taken = [take_in(upkeep, sent) for _ in range(5)]
    set_business_time(conn, LATER)
    taken.append(take_in(upkeep, sent))

    assert len(set(taken)) == 1
    assert len(letters(conn)) == 1
    assert [alert["times"] for alert in alerts(conn)] == [1]


@pytest.mark.parametrize("shape", ["job", "tick", "garbage"])
def test_the_same_message_at_once_has_one_effect(
    conn: Conn, database: str, clinic_id: UUID, shape: str
) -> None:
    bodies: dict[str, Callable[[], Any]] = {
        "job": lambda: record(job_event(cut_off(conn, clinic_id))),
        "tick": lambda: record(tick_event(clinic_id), "EventAgeExceeded"),
        "garbage": lambda: "nothing",
    }
    sent = message(bodies[shape]())
    together = threading.Barrier(5)

    def deliver(_: int) -> Taken:
        with psycopg.connect(as_role(database, "upkeep"), autocommit=True) as own:
            together.wait()
            return take_in(own, sent)

    with ThreadPoolExecutor(5) as pool:
        taken = set(pool.map(deliver, range(5)))

    assert len(taken) == 1
    assert len(letters(conn)) == 1
    assert len(jobs(conn)) == (shape != "garbage")
    assert [alert["times"] for alert in alerts(conn)] == [1] * (shape != "garbage")


def test_two_messages_about_one_event_end_one_job(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    told = record(job_event(cut_off(conn, clinic_id)))

    outcomes = [take_in(upkeep, message(told)).outcome for _ in range(2)]

    assert outcomes == ["ended", "superseded"]
    assert [alert["times"] for alert in alerts(conn)] == [1]


def test_a_run_that_begins_meanwhile_is_not_ended(
    conn: Conn, upkeep: Conn, database: str, clinic_id: UUID
) -> None:
    """The run takes its lease while the letter waits for it."""
    order = tick_order(clinic_id, "inbound", "schedule", DUE)
    job_store.insert(conn, order).fetchone()
    with psycopg.connect(as_role(database, "worker"), autocommit=True) as worker:
        with ThreadPoolExecutor(1) as pool, worker.transaction():
            worker.execute(
                "INSERT INTO idexx_sync.leases (clinic_id, job_id, sync, fence, holder, expires_at)"
                " VALUES (%s, %s, 'inbound', 1, %s, clock_timestamp() + interval '40 s')",
                (clinic_id, order.job_id, uuid4()),
            )
            worker.execute(
                "UPDATE idexx_sync.jobs SET status = 'running', attempt = 1, fence = 1 "
                "WHERE id = %s",
                (order.job_id,),
            )
            taking = pool.submit(take_in, upkeep, message(record(tick_event(clinic_id))))
            _until_somebody_waits(conn)
        taken = taking.result()

    assert taken == Taken("superseded", order.job_id, "run_is_coming")
    assert jobs(conn)[0]["status"] == "running"


def _until_somebody_waits(conn: Conn) -> None:
    while not query(
        conn,
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()",
    ):
        pass


def test_a_database_that_is_gone_is_our_own_error_and_nothing_is_counted(
    conn: Conn, database: str, clinic_id: UUID
) -> None:
    sent = message(record(tick_event(clinic_id, patient=CANARY)))
    with psycopg.connect(as_role(database, "upkeep"), autocommit=True) as own:
        conn.execute("SELECT pg_terminate_backend(%s)", (own.info.backend_pid,))
        with pytest.raises(DatabaseUnavailable) as raised:
            take_in(own, sent)

    assert CANARY not in str(raised.value)
    assert raised.value.__context__ is None
    assert letters(conn) == []


def test_events_are_delivered_for_as_long_as_these_tests_say() -> None:
    assert CATALOG["inbound"].begins_within == timedelta(minutes=15)
    assert DUE.tzinfo is UTC
