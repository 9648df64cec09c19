"""The answers that a company has given last, for judges that read them by themselves."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

CALENDARS_KEPT = 24
RECORDS_KEPT = 500


@dataclass(frozen=True, slots=True)
class ServedCalendar:
    """One answer of the calendar, as it was sent."""

    start: str | None
    """First moment of the window that was asked for; wall-clock text."""
    end: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class ServedRecord:
    """One answer about a clinical record, as it was sent."""

    asked: str
    """Id of the consultation that was asked for."""
    body: bytes


class Served[Answer: (ServedCalendar, ServedRecord)]:
    """Bounded: the oldest answers give way. Numbers count from 1 and never begin anew."""

    def __init__(self, most: int) -> None:
        self._kept: deque[tuple[int, Answer]] = deque(maxlen=most)
        self._number = 0

    def add(self, answer: Answer) -> None:
        self._number += 1
        self._kept.append((self._number, answer))

    def after(self, number: int) -> list[dict[str, object]]:
        return [{"number": n, **_shown(one)} for n, one in self._kept if n > number]


@dataclass(slots=True)
class AllServed:
    """Of one company."""

    calendars: Served[ServedCalendar] = field(default_factory=lambda: Served(CALENDARS_KEPT))
    records: Served[ServedRecord] = field(default_factory=lambda: Served(RECORDS_KEPT))

    def add(self, answer: ServedCalendar | ServedRecord) -> None:
        if isinstance(answer, ServedCalendar):
            self.calendars.add(answer)
        else:
            self.records.add(answer)


def _shown(answer: ServedCalendar | ServedRecord) -> Mapping[str, object]:
    told = {item.name: getattr(answer, item.name) for item in fields(answer)}
    return told | {"body": answer.body.decode(errors="replace")}
