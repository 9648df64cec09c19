"""What was measured of the image, beside its goals; printed at the end."""

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

RUNS: Final = "IDEXX_SYNC_IMAGE_RUNS"
"""Variable: how many runs with a login."""
SLOW_MACHINE: Final = 2
"""How much longer a time may be than its goal before that is a defect of ours: by so much the same
image was slower on one machine from one hour to the next."""


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
        judged: Callable[[Sequence[float]], float] = min,
    ) -> None:
        """What `judged` makes of the values counts against the goal, which is the most; None: it
        has none.

        Of times the least counts, which others on this machine have disturbed least, and of sizes
        the most; the median is told beside them. A time that is missed on this machine is told;
        it is a defect where it is twice the goal.
        """
        median, is_met = statistics.median(values), goal is None or judged(values) <= goal
        verdict = "" if goal is None else f"   at most {goal:g}: {'ok' if is_met else 'MISSED'}"
        self.lines.append(
            f"{name:<58}{median:>9.2f} {unit:<4}({min(values):.2f} to {max(values):.2f}, "
            f"{len(values)} times){verdict}"
        )
        bound = goal * (SLOW_MACHINE if judged is min else 1) if goal is not None else 0
        if goal is not None and judged(values) > bound:
            self.missed.append(name)


def runs() -> int:
    return int(os.environ[RUNS])
