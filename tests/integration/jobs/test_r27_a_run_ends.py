"""Rule R27: whatever happens after a job's start, it ends or goes back, and its clinic is free."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.errors import PimsUnavailable, SyncError
from idexx_sync.core.vocabulary import FINAL_STATUSES
from idexx_sync.database.connection import Database
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.model import Job, RunOrder, new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.records import visits

TRIES: Final = 3


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lent: Database) -> Bench:
    made = Bench(conn, database, add_clinic(conn), retried=True, lent=lent)
    made.pims.records = visits(3)
    return made


def order(bench: Bench) -> RunOrder:
    return new_order(bench.clinic_id, "inbound", "api")


def invoke(bench: Bench, order: RunOrder, sync: InboundSync | None = None) -> BaseException | None:
    """One invocation; what left it."""
    try:
        run_job(order, sync or InboundSync(), bench.dependencies())
    except BaseException as error:  # noqa: BLE001 a kill by Ctrl-C among them
        return error
    return None


def the_job(bench: Bench) -> Job:
    (job,) = job_store.jobs_newest_first(bench.conn, clinic_id=bench.clinic_id)
    return job


def is_free(bench: Bench) -> bool:
    """Whether nobody holds the clinic's lease."""
    held = query(bench.conn, "SELECT 1 FROM idexx_sync.leases WHERE expires_at > clock_timestamp()")
    return held == []


UNREADABLE: Final = {
    "24:00": "UPDATE public.clinic_schedule_configs SET close_time = '24:00'",
    "infinity": "UPDATE idexx_sync.clinic_settings SET neo_configuration_read_at = 'infinity'",
    "the year 20224": "UPDATE idexx_sync.clinic_settings SET live_from = '20224-03-04'",
    "BC": "UPDATE idexx_sync.clinic_settings SET live_from = '0044-03-15 BC'",
    "a stored row": "INSERT INTO public.schedule_appointments "
    "(clinic_id, neo_appointment_id, date, start_time, end_time, status) "
    "SELECT id, '600101', 'infinity', '09:00', '09:30', 'scheduled' FROM public.clinics",
}
"""Values that Postgres holds and Python can't, where a run meets them."""
OURS: Final = ("neo_configuration_read_at", "live_from")
"""Our own columns among these: a CHECK keeps such values out, but nothing may rest on it."""


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_r27_a_value_that_python_can_not_hold_ends_the_job(bench: Bench, change: str) -> None:
    for column in OURS:
        bench.conn.execute(
            "ALTER TABLE idexx_sync.clinic_settings "
            f"DROP CONSTRAINT clinic_settings_{column}_readable"
        )
    bench.conn.execute(change)
    first = order(bench)

    for attempt in range(1, TRIES + 1):
        invoke(bench, first)
        assert is_free(bench)
        assert the_job(bench).status in ("queued", *FINAL_STATUSES)
        assert the_job(bench).attempt <= attempt

    assert the_job(bench).status in FINAL_STATUSES


ASKED: Final = {
    "no day": '{"from": "soon"}',
    "another sync's": '{"lookback_days": 7}',
    "too deep to be read": '{"from": ' + "[" * 200 + "]" * 200 + "}",
}
"""Parameters that no run of ours has written."""


@pytest.mark.parametrize("params", ASKED.values(), ids=ASKED)
def test_r26_parameters_that_can_not_be_read_start_no_run_over_other_days(
    bench: Bench, params: str
) -> None:
    job_id = uuid4()
    bench.conn.execute(
        "INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, params) "
        "VALUES (%s, %s, 'inbound', 'api', %s)",
        (job_id, bench.clinic_id, params),
    )

    invoke(bench, RunOrder(job_id, None, "inbound", "api"))

    ended = the_job(bench)
    assert (ended.status, ended.error_kind) == ("failed", "configuration_invalid")
    assert f"jobs.params of job {job_id}" in (ended.error_message or "")
    assert bench.pims.reads == 0
    assert is_free(bench)


WAYS_OUT: Final[list[BaseException]] = [
    psycopg.DataError("can't parse"),
    psycopg.InternalError("somebody's name"),
    psycopg.OperationalError("gone"),
    ValueError("a name"),
    MemoryError(),
    RecursionError(),
    KeyboardInterrupt(),
    SystemExit(1),
    GeneratorExit(),
]


class _Leaves(InboundSync):
    """Leaves in some way, at some place."""

    def __init__(self, where: str, error: BaseException) -> None:
        self._where, self._error = where, error

    def __call__(self, run: Run, pims: Any) -> Report:
        if self._where == "in the sync":
            raise self._error
        super().__call__(run, pims)
        raise self._error


@pytest.mark.parametrize("error", WAYS_OUT, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("where", ["right after the start", "in the sync", "after its end"])
def test_r27_every_way_out_frees_the_clinic(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, where: str, error: BaseException
) -> None:
    if where == "right after the start":
        begin = job_store.begin

        def begin_and_leave(*args: Any) -> Any:
            begin(*args)
            raise error

        monkeypatch.setattr(job_store, "begin", begin_and_leave)
    lost = isinstance(error, psycopg.OperationalError) and where == "right after the start"

    invoke(bench, order(bench), _Leaves(where, error))

    assert is_free(bench) or lost  # not even a second connection answered
    status = the_job(bench).status
    if where == "after its end":
        assert status == "succeeded"
    elif not lost:
        interrupted = isinstance(error, KeyboardInterrupt)
        assert status == ("cancelled" if interrupted else "queued")


def test_r27_what_can_not_be_written_expires_and_the_retry_takes_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = order(bench)
    with monkeypatch.context() as down:
        down.setattr(job_store, "end", _raises(psycopg.OperationalError("gone")))
        bench.pims.error = PimsUnavailable("Neo answered 502")
        left = invoke(bench, first)
    bench.pims.error = None
    assert isinstance(left, SyncError)
    assert (the_job(bench).status, is_free(bench)) == ("running", False)
    bench.conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")

    invoke(bench, replace(first, invocation=UUID(int=1)))

    assert (the_job(bench).status, the_job(bench).attempt) == ("succeeded", 2)


def test_r27_an_end_that_postgres_refuses_is_written_without_its_words(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.pims.error = PimsUnavailable("Neo answered \x00")

    invoke(bench, order(bench))

    assert is_free(bench)
    assert the_job(bench).status == "queued"


def _raises(error: Exception) -> Any:
    def raising(*_: Any, **__: Any) -> Any:
        raise error

    return raising


def test_r27_the_last_attempt_ends_the_job(bench: Bench) -> None:
    bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")
    first = order(bench)

    statuses = []
    for _ in range(CATALOG["inbound"].attempts):
        invoke(bench, first)
        statuses.append(the_job(bench).status)

    assert statuses == ["queued", "queued", "dead"]
    assert the_job(bench).error_kind == "pims_unavailable"
    assert the_job(bench).finished_at is not None


def test_r27_an_order_that_gave_way_as_often_as_it_may_is_skipped(bench: Bench) -> None:
    """Nobody delivers it once more; it must not wait for that."""
    bench.conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, gen_random_uuid(), 'cases', 7, "
        "gen_random_uuid(), clock_timestamp() + interval '1 hour')",
        (bench.clinic_id,),
    )
    first = order(bench)

    statuses = []
    for _ in range(CATALOG["inbound"].attempts):
        invoke(bench, first)
        statuses.append(the_job(bench).status)

    assert statuses == ["queued", "queued", "skipped_overlap"]


def test_r27_an_interrupt_while_another_run_is_waited_for_cancels_the_job(bench: Bench) -> None:
    bench.retried = False
    bench.conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, gen_random_uuid(), 'cases', 7, "
        "gen_random_uuid(), clock_timestamp() + interval '1 hour')",
        (bench.clinic_id,),
    )

    with pytest.raises(KeyboardInterrupt):
        run_job(
            new_order(bench.clinic_id, "inbound", "cli", WindowParams()),
            InboundSync(),
            bench.dependencies(sleep=_raises(KeyboardInterrupt())),  # type: ignore[arg-type]
        )

    assert the_job(bench).status == "cancelled"


def test_r27_no_run_waits_for_another_one_past_its_deadline(bench: Bench) -> None:
    bench.conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, gen_random_uuid(), 'cases', 7, "
        "gen_random_uuid(), clock_timestamp() + interval '1 hour')",
        (bench.clinic_id,),
    )
    waited: list[float] = []

    run_job(
        order(bench),
        InboundSync(),
        bench.dependencies(sleep=waited.append, remaining=lambda: 30 - sum(waited)),
    )

    assert sum(waited) <= timedelta(seconds=11).total_seconds()
    assert the_job(bench).status == "queued"
