"""How the demo looks: steps on standard error while it runs, tables on standard output."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo.changes import counts
from demo.nights import AS_EXPECTED
from idexx_sync.cli.phrases import WARNINGS
from idexx_sync.core.phrases import counted, phrase

if TYPE_CHECKING:
    from demo.changes import Happening
    from demo.clinics import Member
    from demo.nights import Night
    from demo.outcome import Done

MOST_DIFFERENCES_SHOWN = 30
_COLUMNS = (
    ("New", "created"),
    ("Changed", "updated"),
    ("Removed", "removed"),
    ("Same", "unchanged"),
)
_SLOTS = (
    ("new", "slots_created"),
    ("deleted", "slots_deleted"),
    ("counted anew", "slots_recounted"),
)


class Steps:
    """What is going on: one lasting line per step, and a moving one where there is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rest()

    def rest(self) -> None:
        """Take the moving line away, for whatever else is printed on this terminal."""
        self._progress.stop()

    def step(self, text: str) -> None:
        self._progress.start()
        since = time.monotonic() - self._started
        self._console.print(f"demo: {since:5.1f} s  {text}", highlight=False, soft_wrap=True)
        self._show(text)

    def _show(self, text: str) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=None)


class Report:
    """The demo's tables; nothing at all when `quiet`."""

    def __init__(self, console: Console, steps: Steps, *, quiet: bool) -> None:
        self._console = console
        self._steps = steps
        self._quiet = quiet

    def _print(self, *parts: object) -> None:
        if not self._quiet:
            self._steps.rest()
            for part in parts:
                self._console.print(part, highlight=False, soft_wrap=isinstance(part, str))

    def clinics(self, clinics: list[Member], typed: list[str]) -> None:
        table = _table("Two clinics on a simulated IDEXX Neo")
        for name in ("Clinic", "Zone", "First day", "Last day", "Rooms", "Visits"):
            table.add_column(name)
        for member in clinics:
            rooms = "all" if member.rooms is None else ", ".join(member.rooms)
            visits = sum(counts(member, visit) for visit in member.neo.state()["visits"])
            days = (str(member.first_day), str(member.last_day))
            table.add_row(member.label, member.zone, *days, rooms, str(visits))
        self._print(
            table,
            *(str(member.change) for member in clinics if member.change),
            "Brought on board with:",
            *(f"  {line}" for line in typed),
            "",
        )

    def stage(self, title: str, runs: list[Done]) -> None:
        table = _table(title)
        table.add_column("Clinic")
        for name, _ in _COLUMNS:
            table.add_column(name, justify="right")
        for name in ("Requests", "Logins", "Seconds"):
            table.add_column(name, justify="right")
        for done in runs:
            found = done.job.counts or {}
            shown = [str(found.get(name, 0)) for _, name in _COLUMNS]
            seen = [str(done.requests), str(done.logins), f"{done.seconds:.2f}"]
            table.add_row(done.member.label, *shown, *seen)
        self._print(table)
        notes = [f"  {done.member.label}, {note}" for done in runs for note in _notes(done)]
        if notes:
            self._print(*notes, "")

    def happenings(self, done: Done, happened: list[Happening]) -> None:
        table = _table(f"What happened at {done.member.label}, and what was found")
        for name in ("In Neo", "Expected", "Found"):
            table.add_column(name)
        for happening in happened:
            expected = f"{len(happening.keys)} {happening.effect}"
            found = sorted({done.found.get(key, "nothing") for key in happening.keys})
            right = found == [happening.effect]
            table.add_row(happening.what, expected, "yes" if right else ", ".join(found))
        self._print(table)

    def night(self, night: Night, found: Mapping[str, str]) -> None:
        table = _table(f"What happened at {night.member.label} since, and what a night made of it")
        for name in ("What happened", "Cause", "Expected", "Done"):
            table.add_column(name)
        for name, (what, cause, outcome) in AS_EXPECTED.items():
            table.add_row(what, phrase({}, cause), outcome, found[name])
        self._print(table)

    def ticks(self, title: str, rows: list[tuple[str, str, str]]) -> None:
        table = _table(title)
        for name in ("Clinic", "What", "Its run"):
            table.add_column(name)
        for row in rows:
            table.add_row(*row)
        self._print(table)

    def verdict(self, differences: list[str], seconds: float) -> None:
        if not differences:
            self._print(
                f"EQUAL: every row, slot and case is as the simulated Neo says. {seconds:.1f} s"
            )
            return
        self._print(f"NOT EQUAL: {counted(len(differences), 'difference')}. {seconds:.1f} s")
        self._print(*(f"  {line}" for line in differences[:MOST_DIFFERENCES_SHOWN]))
        left = len(differences) - MOST_DIFFERENCES_SHOWN
        if left > 0:
            self._print(f"  ... and {left} more; --json shows all")


def _notes(done: Done) -> Iterator[str]:
    """What a run's row of the table leaves out."""
    found = done.job.counts or {}
    slots = [f"{found[name]} {word}" for word, name in _SLOTS if found.get(name)]
    if slots:
        yield f"slots: {', '.join(slots)}"
    if read := found.get("consultations_read"):
        marked = f", patients marked as died: {found['marked']}" if found.get("marked") else ""
        yield f"clinical records read: {read}{marked}"
    fields = [f"{name} {count}" for name, count in sorted(done.fields.items())]
    if fields:
        yield f"fields changed: {', '.join(fields)}"
    for code, count in (done.job.warnings or {}).items():
        yield f"warned: {phrase(WARNINGS, code)}: {count}"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
