"""What a scenario found, and the table of all of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

RULES = (
    "V1",
    "V2",
    "V3",
    "V4",
    "V5",
    "V6",
    "V7",
    "V8",
    "V9",
    "V10",
    "V11",
    "V12",
    "R15",
    "R18",
    "R19",
    "R25",
    "R30",
    "R31",
    "keys",
    "one time",
    "converges",
)
"""The invariants, by the names that the figures give them; R: rules that hold at any
moment; keys: whoever was let in still is; one time: no row says anything of another; the last:
equal to Neo in the end."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be."""

    rule: str
    text: str


@dataclass(slots=True)
class Outcome:
    """How one scenario ended."""

    group: str
    """The line of the table that it counts in."""
    name: str
    """What exactly was done, enough to do it again."""
    violations: list[Violation] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    """What happened on the way, counted: statuses, faults that really struck."""
    seconds: float = 0.0
    trouble: str | None = None
    """Why the scenario itself could not be carried through."""

    @property
    def failed(self) -> bool:
        return bool(self.violations or self.trouble)


def table(outcomes: Sequence[Outcome]) -> str:
    """One line per group: how many scenarios, how long, and violations by rule."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.group, []).append(outcome)
    width = max([len(name) for name in groups] + [8])
    lines = [
        f"{'scenario':{width}}  count  struck {'':>1}"
        + "".join(f"{r:>{_width(r)}}" for r in RULES[:-1])
        + f"{RULES[-1]:>10}"
    ]
    for name, members in sorted(groups.items()):
        by_rule = Counter(v.rule for outcome in members for v in outcome.violations)
        struck = sum(bool(outcome.notes["struck"]) for outcome in members)
        cells = "".join(f"{by_rule[rule]:>{_width(rule)}}" for rule in RULES[:-1])
        cells += f"{by_rule[RULES[-1]]:>10}"
        lines.append(f"{name:{width}} {len(members):>6} {struck:>7}  {cells}")
    return "\n".join(lines)


def _width(rule: str) -> int:
    return max(6, len(rule) + 2)


def failures(outcomes: Sequence[Outcome], most_lines: int = 6) -> str:
    """Every failed scenario with what was wrong."""
    lines = []
    for outcome in outcomes:
        if not outcome.failed:
            continue
        lines.append(f"FAILED {outcome.group}: {outcome.name}")
        if outcome.trouble:
            lines.append(f"  could not be carried through: {outcome.trouble}")
        lines += [f"  {v.rule}: {v.text}" for v in outcome.violations[:most_lines]]
        if len(outcome.violations) > most_lines:
            lines.append(f"  and {len(outcome.violations) - most_lines} more")
    return "\n".join(lines)


def figures(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """The same for a file."""
    groups: dict[str, Any] = {}
    for outcome in outcomes:
        group = groups.setdefault(
            outcome.group,
            {"count": 0, "failed": 0, "seconds": 0.0, "violations": Counter(), "notes": Counter()},
        )
        group["count"] += 1
        group["failed"] += outcome.failed
        group["seconds"] = round(group["seconds"] + outcome.seconds, 2)
        group["violations"].update(v.rule for v in outcome.violations)
        group["notes"].update(outcome.notes)
    by_rule = Counter(v.rule for outcome in outcomes for v in outcome.violations)
    return {
        "seconds": round(seconds, 1),
        "passed": sum(not outcome.failed for outcome in outcomes),
        "failed": sum(outcome.failed for outcome in outcomes),
        "violations": {rule: by_rule[rule] for rule in RULES},
        "groups": dict(sorted(groups.items())),
    }
