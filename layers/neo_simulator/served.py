"""The calendar answers that a company has given last, for judges that read them by themselves."""

from collections import deque
from dataclasses import dataclass

MOST_KEPT = 24


@dataclass(frozen=True, slots=True)
class ServedCalendar:
    """One answer, as it was sent."""

    start: str | None
    """First moment of the window that was asked for; wall-clock text."""
    end: str | None
    body: bytes


class Served:
    """Bounded: the oldest answers give way. Numbers count from 1 and never begin anew."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, ServedCalendar]] = deque(maxlen=MOST_KEPT)
        self._number = 0

    def add(self, answer: ServedCalendar) -> None:
        self._number += 1
        self._kept.append((self._number, answer))

    def after(self, number: int) -> list[dict[str, object]]:
        return [
            {"number": n, "start": one.start, "end": one.end, "body": one.body.decode()}
            for n, one in self._kept
            if n > number
        ]
