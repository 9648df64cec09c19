"""A clinic calls in the morning: "your agent offered a slot that was taken", or the other way
round. Whatever the cause is, one command names it and what comes next.

The real command over a real database and a simulated Neo. What it prints is in `transcripts`, ids
written as numbers; all names are invented.
"""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from rich.console import Console

from idexx_sync.cli.app import main, run
from idexx_sync.cli.context import Cli
from idexx_sync.core import logs
from idexx_sync.core.settings import Settings
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import wiring
from idexx_sync.jobs.contract import Progress
from idexx_sync.jobs.runner import Dependencies
from neo_simulator.client import Simulator
from tests.kit.business_time import set_business_time
from tests.kit.database import as_role, update
from tests.kit.module_database import conn, database
from tests.kit.neo_bench import MONDAY, ZONE, NeoBench
from tests.kit.plain_login import PlainLogin
from tests.kit.settings import make_settings, process_environment
from tests.kit.transcripts import transcript, without_ids

__all__ = ["conn", "database"]

TRANSCRIPTS = Path(__file__).parent / "transcripts"
EVERY_HALF_HOUR = Jsonb({"inbound": "0,30 * * * *"})


class Morning(NeoBench):
    """A clinic whose calendar is read every half hour; no browser is needed for its logins."""

    def __init__(self, conn: Conn, url: str, simulator: Simulator) -> None:
        super().__init__(conn, url, simulator, sync_schedules=EVERY_HALF_HOUR)
        before = self._dependencies
        made = wiring.make_dependencies(
            before.settings, retried=False, login=PlainLogin(self.neo.base_url)
        )
        self._dependencies = replace(before, open_pims=made.open_pims, database=made.database)

    def jump(self, wall: datetime) -> None:
        """To another morning, for the database and for Neo."""
        self.now = wall.replace(tzinfo=ZONE).astimezone(UTC)
        set_business_time(self.conn, self.now)
        self.neo.set_clock(wall)

    def setting(self, **columns: Any) -> None:
        update(self.conn, "idexx_sync.clinic_settings", columns, clinic_id=self.clinic_id)


@pytest.fixture
def morning(conn: Conn, database: str, simulator: Simulator) -> Iterator[Morning]:
    made = Morning(conn, database, simulator)
    yield made
    made.close()


@pytest.fixture
def asks(
    morning: Morning,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., str]]:
    """What `idexx-sync explain time` prints, as a person on call starts it."""

    def ask(at: str, *more: str, day: str = str(MONDAY)) -> str:
        words = ["explain", "time", "--clinic", str(morning.clinic_id), "--day", day, "--at", at]
        monkeypatch.setattr(sys, "argv", ["idexx-sync", *words, *more])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        shown = said.out + said.err + f"exit code {ended.value.code}\n"
        return without_ids(shown.replace(str(morning.clinic_id), "CLINIC"))

    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", io.StringIO())  # the command makes it its own
    url = as_role(database, "operator")
    with process_environment(monkeypatch, database, morning.neo.base_url, DATABASE_URL=url):
        yield ask


def of_cause(cause: str, printed: str) -> str:
    """The transcript that is kept of it."""
    return transcript(TRANSCRIPTS / f"{cause}.txt", printed)


def test_a_rejected_password(morning: Morning, asks: Callable[..., str]) -> None:
    morning.synced()
    morning.neo.set_password("another-one")
    morning.neo.expire_sessions()
    morning.run()
    morning.neo.book("2026-05-04 09:00")

    assert (printed := asks("09:00")) == of_cause("password_rejected", printed)


def test_a_hold_that_is_open(morning: Morning, asks: Callable[..., str]) -> None:
    shift_all(morning)

    assert (printed := asks("09:00")) == of_cause("hold_open", printed)


def test_a_hold_that_was_rejected(morning: Morning, asks: Callable[..., str]) -> None:
    shift_all(morning)
    morning.decide("rejected")
    morning.later()
    morning.run()

    assert (printed := asks("09:00")) == of_cause("hold_rejected", printed)


def shift_all(morning: Morning) -> None:
    """Nearly all visits move by half an hour, as if somebody had set a clock wrong."""
    visits = [morning.neo.book(f"2026-05-04 {hour}:00") for hour in ("09", "10", "11", "12", "13")]
    morning.synced()
    for visit, hour in zip(visits, ("09", "10", "11", "12", "13"), strict=True):
        morning.neo.move(visit, f"2026-05-04 {hour}:30")
    assert morning.run().status == "held"


def test_a_room_that_does_not_count(morning: Morning, asks: Callable[..., str]) -> None:
    morning.setting(room_ids=["3"])
    morning.neo.book("2026-05-04 09:00", room=4)
    morning.synced()

    assert (printed := asks("09:00")) == of_cause("room_filter", printed)


def test_a_block_that_was_deleted(morning: Morning, asks: Callable[..., str]) -> None:
    block = morning.neo.book_block("2026-05-04 09:00", "2026-05-04 10:00", title="SURGERY")
    morning.synced()
    morning.neo.delete_block(block)
    morning.run()

    assert (printed := asks("09:00")) == of_cause("block_deleted", printed)


def test_a_visit_that_was_moved(morning: Morning, asks: Callable[..., str]) -> None:
    visit = morning.neo.book("2026-05-04 09:00")
    morning.synced()
    morning.neo.move(visit, "2026-05-04 14:00")

    assert (printed := asks("14:00")) == of_cause("visit_moved", printed)


def test_a_visit_booked_since_the_last_run(morning: Morning, asks: Callable[..., str]) -> None:
    morning.synced()
    morning.neo.book("2026-05-04 09:00")

    assert (printed := asks("09:00")) == of_cause("booked_since", printed)


def test_a_day_on_which_the_clocks_change(morning: Morning, asks: Callable[..., str]) -> None:
    morning.configure(open_time="00:00")
    morning.jump(datetime(2026, 10, 31, 7))  # noqa: DTZ001 a wall clock
    morning.neo.book("2026-11-01 01:30", minutes=60)
    assert morning.run().status == "succeeded"

    assert (printed := asks("01:30", day="2026-11-01")) == of_cause("clocks_change", printed)


type Types = Callable[..., tuple[int, str]]


@pytest.fixture
def types(morning: Morning, database: str) -> Types:
    """Types a command line whose logins need no browser: its exit code, and what is printed."""
    its_settings = make_settings(as_role(database, "operator"), neo_hosts=(morning.neo.base_url,))

    def make_dependencies(settings: Settings, *, retried: bool, progress: Progress) -> Dependencies:
        login = PlainLogin(morning.neo.base_url)
        return wiring.make_dependencies(settings, retried=retried, progress=progress, login=login)

    def type_in(*words: str) -> tuple[int, str]:
        said = io.StringIO()
        console = Console(file=said, width=200, markup=False, highlight=False)
        cli = Cli(
            load_settings=lambda: its_settings,
            load_database_settings=lambda: its_settings,
            make_dependencies=make_dependencies,
            out=console,
            err=console,
        )
        return run(list(words), cli), said.getvalue()

    return type_in


def test_stored_credentials_are_tried_with_one_login(morning: Morning, types: Types) -> None:
    morning.setting(stage="off")
    clinic = str(morning.clinic_id)

    code, said = types("credentials", "test", "--clinic", clinic)

    assert (code, len(morning.neo.logins())) == (0, 1)
    assert "they work" in said
    assert f"idexx-sync clinics rooms {clinic}" in said
    assert "dry run: a trial of the credentials, which work" in types("jobs", "list")[1]
    rows = "SELECT 1 FROM public.schedule_appointments WHERE clinic_id = %s"
    assert morning.conn.execute(rows, (morning.clinic_id,)).fetchall() == []
    morning.setting(room_ids=["3", "9999"])
    code, said = types("clinics", "rooms", clinic)
    assert (code, len(morning.neo.logins())) == (4, 1)
    assert "Neo does not have: 9999" in said
    morning.conn.execute("TRUNCATE idexx_sync.credentials CASCADE")
    code, said = types("credentials", "test", "--clinic", clinic)
    assert (code, "credentials show" in said, "credentials set" in said) == (1, False, True)


def test_rejected_credentials_are_tried_once_and_the_next_step_is_told(
    morning: Morning, types: Types
) -> None:
    morning.neo.set_password("another-one")
    words = ("credentials", "test", "--clinic", str(morning.clinic_id))

    first, second = types(*words), types(*words)
    morning.neo.expire_sessions()

    assert (first[0], second[0], len(morning.neo.logins())) == (5, 5, 1)
    assert "credentials rejected" in first[1]
    assert "none was made" in second[1]
    for _, said in (first, second):
        assert f"idexx-sync credentials set --clinic {morning.clinic_id}" in said
    code, rooms = types("clinics", "rooms", str(morning.clinic_id))
    assert (code, "--dry-run" in rooms) == (4, False)
    assert f"idexx-sync credentials set --clinic {morning.clinic_id}" in rooms


def test_a_login_that_the_budget_refuses_is_not_tried(morning: Morning, types: Types) -> None:
    words = ("credentials", "test", "--clinic", str(morning.clinic_id))
    for _ in range(6):
        assert types(*words)[0] == 0

    code, said = types(*words)

    assert (code, len(morning.neo.logins())) == (1, 6)
    assert "none was made" in said
    assert "logins of the last hour" in said
