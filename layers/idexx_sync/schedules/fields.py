"""The fields of a cron and the numbers that they name, in unix's and in AWS's dialect. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SHORTEST_RANGE: Final = 3
"""Numbers; fewer are shorter as a list."""


class BadCron(ValueError):
    """The expression can't be read, or not be carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the numbers that it may name, some of them also by words."""

    name: str
    first: int
    last: int
    words: tuple[str, ...] = ()
    """The first one stands for the first number."""

    def numbers(self, text: str) -> frozenset[int]:
        """What a list of numbers, ranges and steps names. Raises BadCron."""
        return frozenset(number for term in text.split(",") for number in self._of_term(term))

    def number(self, text: str) -> int:
        """One number or word. Raises BadCron."""
        if text in self.words:
            return self.first + self.words.index(text)
        if text.isascii() and text.isdigit() and self.first <= int(text) <= self.last:
            return int(text)
        words = f" or {self.words[0]} to {self.words[-1]}" if self.words else ""
        raise BadCron(f"{self.name} {text!r}: {self.first} to {self.last}{words} is expected")

    def span(self, text: str, *, is_open: bool = False) -> tuple[int, int]:
        """First and last number of `*`, of a range, or of one number, which if it is open goes
        on to the field's last. Raises BadCron."""
        if text == "*":
            return self.first, self.last
        low, dash, high = text.partition("-")
        first = self.number(low)
        last = self.number(high) if dash else self.last if is_open else first
        if last < first:
            raise BadCron(f"{self.name} {text!r} runs backwards: write two ranges or a list")
        return first, last

    def step(self, text: str) -> int:
        """What stands behind a slash. Raises BadCron."""
        if text.isascii() and text.isdigit() and int(text):
            return int(text)
        raise BadCron(f"{self.name}: behind a / a number of at least 1 is expected, found {text!r}")

    def written(self, numbers: Iterable[int]) -> str:
        """The numbers as a text that both dialects read alike, at best a step or ranges."""
        found = sorted(numbers)
        if found == list(range(self.first, self.last + 1)):
            return "*"
        if len(found) >= _SHORTEST_RANGE:
            step = found[1] - found[0]
            if step > 1 and found == list(range(found[0], self.last + 1, step)):
                return f"{found[0]}/{step}"
        return ",".join(_ranges(found))

    def _of_term(self, term: str) -> range:
        span, slash, step = term.partition("/")
        first, last = self.span(span, is_open=bool(slash))
        return range(first, last + 1, self.step(step) if slash else 1)


MINUTE: Final = Field("minute", 0, 59)
HOUR: Final = Field("hour", 0, 23)
DAY: Final = Field("day of month", 1, 31)
MONTH: Final = Field("month", 1, 12, _MONTHS)


def _ranges(found: list[int]) -> Iterable[str]:
    start = 0
    for n, number in enumerate(found):
        if n + 1 < len(found) and found[n + 1] == number + 1:
            continue
        run, start = found[start : n + 1], n + 1
        if len(run) >= _SHORTEST_RANGE:
            yield f"{run[0]}-{run[-1]}"
        else:
            yield from map(str, run)
