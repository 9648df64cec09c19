"""A figure of the bench, and how repetitions become one."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Way = Callable[[], float]
"""One repetition of one way to do it; returns what was measured of it."""


@dataclass(frozen=True)
class Spread:
    """One value for many, and between what they lie."""

    value: float
    low: float
    high: float
    kind: Literal["quartiles", "extremes"] = "quartiles"

    def times(self, factor: float) -> "Spread":
        return Spread(self.value * factor, self.low * factor, self.high * factor, self.kind)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value beside its goal."""

    id: str
    what: str
    measured: Spread
    goal: float | None
    """None: it has none, and only describes."""
    unit: str
    against: str
    """What it was compared with, or how it was counted."""
    repetitions: int
    at_least: bool = False
    """Whether the goal is the least; else it is the most."""

    @property
    def is_met(self) -> bool | None:
        value = self.measured.value
        if self.goal is None:
            return None
        return value >= self.goal if self.at_least else value <= self.goal

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "value": round(self.measured.value, 4),
            "goal": self.goal,
            "goal_is": "at least" if self.at_least else "at most",
            "met": self.is_met,
            "unit": self.unit,
            "low": round(self.measured.low, 4),
            "high": round(self.measured.high, 4),
            "low_and_high": self.measured.kind,
            "repetitions": self.repetitions,
            "against": self.against,
        }


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles."""
    if len(values) < 2:
        return Spread(values[0], values[0], values[0])
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(statistics.median(values), low, high)


def counted(values: Sequence[int]) -> Spread:
    """The most; where counts differ, the worst one counts."""
    return Spread(max(values), min(values), max(values), "extremes")


def ratio(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Median over median; the quartiles are those of the pairs measured one after the other."""
    pairs = spread([one / other for one, other in zip(values, base, strict=True)])
    return Spread(statistics.median(values) / statistics.median(base), pairs.low, pairs.high)


def difference(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Of the pairs measured one after the other."""
    return spread([one - other for one, other in zip(values, base, strict=True)])


def interleaved[T](repetitions: int, *ways: Callable[[], T]) -> list[list[T]]:
    """Each way so many times, in turns, every second turn in the opposite order.

    So whatever else the machine does meets all of them alike. The first turn only warms up.
    """
    values: list[list[T]] = [[] for _ in ways]
    for turn in range(repetitions + 1):
        order = range(len(ways)) if turn % 2 else reversed(range(len(ways)))
        for index in order:
            value = ways[index]()
            if turn:
                values[index].append(value)
    return values


def seconds_of(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
