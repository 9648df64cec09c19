"""A run's progress on standard error: one bar per phase, with counts."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeElapsedColumn

from idexx_sync.core.phrases import phrase
from idexx_sync.jobs.contract import Silent

PHASES: Final = {
    "login": "log in",
    "calendar": "read calendar",
    "proof": "look up missing",
    "consultations": "read records",
    "write": "write",
}


class Bars(Silent):
    """Shows what a run tells; a bar is full only when all its steps were done."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<16}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[count]:>9}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._bars: dict[str, Task] = {}
        self._bar: Task | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bars:  # else there is nothing to show, not even an empty line
            self._progress.stop()

    def phase(self, name: str, total: int | None = None) -> None:
        """Begin a phase, or take one up again after another one came between."""
        self._progress.start()
        if name not in self._bars:
            self._progress.add_task(phrase(PHASES, name), total=total, count="")
            self._bars[name] = self._progress.tasks[-1]
        self._bar = self._bars[name]
        self._show(self._bar, 0, total)

    def advance(self, steps: int = 1) -> None:
        if self._bar is not None:
            self._show(self._bar, self._bar.completed + steps, self._bar.total)

    def finish(self) -> None:
        """The run succeeded, and with it the phase that can't tell how far it has come."""
        if self._bar is not None and self._bar.total is None:
            self._progress.update(self._bar.id, total=1, completed=1)

    def _show(self, bar: Task, done: float, total: float | None) -> None:
        count = "" if total is None else f"{done:.0f}/{total:.0f}"
        self._progress.update(bar.id, total=total, completed=done, count=count)
