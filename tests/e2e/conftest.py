"""The whole service, once for each test process: the deployed template, not a copy of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from local_stack.home import Home, home
from local_stack.lambdas import families
from local_stack.stack import LocalStack, Manner, running_stack
from local_stack.stack_clinics import LocalClinic
from tests.kit.clinic import add_clinic
from tests.kit.database import insert
from tests.kit.stack_callers import conn, http

__all__ = ["conn", "http"]

QUICK = Manner(
    # A lease must end before the retry after a killed worker, as it does on AWS.
    lease_s=1.5,
    heartbeat_s=0.5,
    first_retry_s=2.5,
    durable=False,
    packages=("functions", "tests.e2e"),
)
WORKER = "idexx-sync-local-inbound-sync-worker"
CASE_WORKER = "idexx-sync-local-case-sync-worker"
DEAD_LETTERS = "idexx-sync-local-dead-letters"
MISBEHAVING = "tests.e2e.misbehaving."
ABANDONED = UUID("00000000-0000-4000-8000-0000000000ab")
"""A job that nobody is going to run any more."""


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """Postgres of a root user runs as somebody who may not pass through pytest's folders."""
    with TemporaryDirectory(prefix="idexx-sync-e2e-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def place(open_folder: Path) -> Iterator[Home]:
    with home(open_folder) as folder:
        yield folder


@pytest.fixture(scope="session")
def stack(place: Home) -> Iterator[LocalStack]:
    with running_stack(place, QUICK) as running:
        with psycopg.connect(running.database_url, autocommit=True) as conn:
            abandon(conn)
            unschedule(conn)
        yield running


def abandon(conn: Connection[tuple[Any, ...]]) -> None:
    """The job ABANDONED: its run was cut off for good an hour ago. At the start, because the first
    tick of a schedule comes a minute later."""
    clinic = add_clinic(conn)
    values = {"id": ABANDONED, "clinic_id": clinic, "sync": "inbound", "trigger": "api"}
    insert(conn, "idexx_sync.jobs", {**values, "params": {}, "status": "running", "attempt": 3})
    conn.execute(
        "UPDATE idexx_sync.jobs SET queued_at = queued_at - interval '1 hour', "
        "dispatched_at = now() - interval '1 hour' WHERE id = %s",
        (ABANDONED,),
    )
    conn.execute(
        "INSERT INTO idexx_sync.leases (clinic_id, job_id, sync, fence, holder, expires_at) "
        "VALUES (%s, %s, 'inbound', 1, gen_random_uuid(), now() - interval '1 hour')",
        (clinic, ABANDONED),
    )


def unschedule(conn: Connection[tuple[Any, ...]]) -> None:
    """No run comes by itself, five minutes after the start or later, but where a test wants it."""
    conn.execute("UPDATE public.clinic_schedule_configs SET sync_schedules = NULL")


@pytest.fixture(scope="session")
def clinic(stack: LocalStack) -> LocalClinic:
    return stack.clinics.members[0]


@pytest.fixture
def replaced(stack: LocalStack) -> Iterator[Callable[..., None]]:
    """Has a deployed function run a misbehaving handler; all else of it stays the template's."""
    functions = stack.aws.client("lambda")
    before: dict[str, dict[str, Any]] = {}

    def replace(name: str, handler: str = f"{MISBEHAVING}handler", **limits: int) -> None:
        found = functions.get_function_configuration(FunctionName=name)
        before[name] = {
            "ImageConfig": found["ImageConfigResponse"]["ImageConfig"],
            "Timeout": found["Timeout"],
            "MemorySize": found["MemorySize"],
        }
        functions.update_function_configuration(
            FunctionName=name, ImageConfig={"Command": [handler]}, **limits
        )

    yield replace
    for name, settings in before.items():
        functions.update_function_configuration(FunctionName=name, **settings)


@pytest.fixture
def kill_worker(stack: LocalStack) -> Callable[[], None]:
    """Kills every execution environment of the worker, whatever it is doing."""

    def kill() -> None:
        for slot in stack.aws.slots()[WORKER]:
            families.end(slot)

    return kill


@pytest.fixture
def folder_for() -> Iterator[Callable[[str], Path]]:
    """A folder for a stack's data, by name; removed afterwards."""
    with TemporaryDirectory(prefix="idexx-sync-e2e-") as parent:
        Path(parent).chmod(0o755)

        def make(name: str) -> Path:
            path = Path(parent) / name
            path.mkdir(mode=0o755)
            return path

        yield make
