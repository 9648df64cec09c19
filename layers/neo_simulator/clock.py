"""A company's clock: real, running from another moment, or standing still."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


class Clock:
    """What time it is for one company, in its own zone.

    Everything that depends on time asks here: audit stamps, the status "late", session expiry.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._offset = timedelta()
        self._standing_at: datetime | None = None

    @property
    def mode(self) -> str:
        """`real`, `running` (from a moment that was set) or `fixed`."""
        if self._standing_at is not None:
            return "fixed"
        return "running" if self._offset else "real"

    def now(self) -> datetime:
        """The instant, in UTC."""
        if self._standing_at is not None:
            return self._standing_at
        return datetime.fromtimestamp(time.time(), UTC) + self._offset

    def local(self) -> datetime:
        """The wall clock of the clinic: naive, whole seconds."""
        return self.now().astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def set_local(self, wall: datetime, *, running: bool = False) -> None:
        """Stand still at a wall-clock time, or run on from it.

        A wall-clock time that the zone skips counts by the offset before the change, one that it
        repeats is the first of the two.
        """
        instant = wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        if running:
            self._standing_at = None
            self._offset = instant - datetime.fromtimestamp(time.time(), UTC)
        else:
            self._standing_at = instant

    def advance(self, step: timedelta) -> None:
        """Move on by real elapsed time, so across a DST change as a real clock would."""
        if self._standing_at is not None:
            self._standing_at += step
        else:
            self._offset += step

    def set_real(self) -> None:
        self._standing_at = None
        self._offset = timedelta()
