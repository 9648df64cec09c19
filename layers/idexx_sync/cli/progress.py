"""A run's progress on standard error: one bar per phase, with counts."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from idexx_sync.cli.words import told

PHASES: Final = {
    "login": "log in",
    "calendar": "read calendar",
    "proof": "look up missing",
    "write": "write",
}


class Bars:
    """Shows what a run tells; a phase is over when the next one begins."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<16}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[count]:>9}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task: TaskID | None = None
        self._name: str | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """A bar of a run that failed stays where it stood."""
        if error_type is None:
            self.finish()
        self._progress.stop()

    def phase(self, name: str, total: int | None = None) -> None:
        if name == self._name and self._task is not None:
            self._progress.update(self._task, total=total)
            return
        self.finish()
        self._name = name
        self._task = self._progress.add_task(
            told(PHASES, name), total=total, count="" if total is None else f"0/{total}"
        )

    def advance(self, steps: int = 1) -> None:
        if self._task is None:
            return
        self._progress.advance(self._task, steps)
        task = next(task for task in self._progress.tasks if task.id == self._task)
        if task.total is not None:
            self._progress.update(self._task, count=f"{task.completed:.0f}/{task.total:.0f}")

    def finish(self) -> None:
        """Fill the bar of the phase that is over."""
        if self._task is None:
            return
        task = next(task for task in self._progress.tasks if task.id == self._task)
        total = 1 if task.total is None else task.total
        count = "" if task.total is None else f"{total:.0f}/{total:.0f}"
        self._progress.update(self._task, total=total, completed=total, count=count)
        self._task = self._name = None
