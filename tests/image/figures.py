"""What was measured of the image, beside its goals; printed at the end."""

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

RUNS: Final = "IDEXX_SYNC_IMAGE_RUNS"
"""Variable: how many runs with a login."""


@dataclass
class Figures:
    """Lines for people: name, median, spread, goal."""

    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def take(
        self,
        name: str,
        values: Sequence[float],
        unit: str,
        goal: float | None = None,
        judged: Callable[[Sequence[float]], float] = statistics.median,
    ) -> None:
        """What `judged` makes of the values counts against the goal, which is the most: of times
        the median, of sizes the largest. None: it has no goal."""
        median, is_met = statistics.median(values), goal is None or judged(values) <= goal
        verdict = "" if goal is None else f"   at most {goal:g}: {'ok' if is_met else 'MISSED'}"
        self.lines.append(
            f"{name:<58}{median:>9.2f} {unit:<4}({min(values):.2f} to {max(values):.2f}, "
            f"{len(values)} times){verdict}"
        )
        if not is_met:
            self.missed.append(name)


def runs() -> int:
    return int(os.environ[RUNS])
