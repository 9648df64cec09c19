"""A scenario to be carried out, as a value that can be sent to another process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.results import Outcome
from tests.faults.rig import Rig

Play = Callable[..., None]
"""Takes a rig, the outcome to fill, and the scenario's arguments by name."""


@dataclass(frozen=True, slots=True)
class Scenario:
    group: str
    """The line of the table that it counts in."""
    play: Play
    """A function of a module, so that it can be sent."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    cost_s: float = 0.5
    """About how long it takes: the long ones begin first."""

    @property
    def name(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.arguments.items())

    def run(self, rig: Rig, outcome: Outcome) -> None:
        self.play(rig, outcome, **self.arguments)
