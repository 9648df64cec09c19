"""EventBridge Scheduler as the mirror asks for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idexx_sync.schedules.mirror.plan import Listed
from idexx_sync.schedules.mirror.wanted import Schedule


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A part of the group's schedules."""

    schedules: Iterable[Listed]
    next_token: str | None
    """With which the next part is asked for; None: there is none."""


class Scheduler(Protocol):
    """The schedules of our group. Every method raises SchedulerError."""

    def page(self, prefix: str | None, token: str | None) -> ListedPage:
        """The next of the schedules whose names begin so; it may lag behind what was written."""

    def create(self, schedule: Schedule) -> datetime | None:
        """When it was made, by AWS's clock. Raises AlreadyThere."""

    def update(self, schedule: Schedule) -> datetime | None:
        """Replaces all of it; when, by AWS's clock. Raises NotThere."""

    def delete(self, name: str) -> None:
        """Raises NotThere."""


class SchedulerError(Exception):
    """A call that did not do what was asked for; `code` is AWS's word, or ours."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class AlreadyThere(SchedulerError):
    """There is one of this name; or somebody is changing it at this moment."""


class NotThere(SchedulerError):
    """There is none of this name, or no group."""


class SlowDown(SchedulerError):
    """Not done: too many calls."""


class Unanswered(SchedulerError):
    """It may have been done or not."""


class Refused(SchedulerError):
    """Not done, and asking again would end the same."""
