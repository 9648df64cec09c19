"""Fault rules: which requests go wrong, and how.

A rule is `{"path": regex, "nth": n | null, "times": k | null, "action": ...}`. It counts the
requests whose path it matches, from 1, since the knob was set. Without `nth` it applies from the
first one on; without `times` to all that follow, or with `nth` to that one only.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from neo_simulator.errors import NotPossible
from neo_simulator.knob_values import Values, any_text, as_object, as_whole, known

BEFORE = ("delay", "expire_session")
"""Kinds that happen before the request is handled, and let it be answered."""

KINDS = {
    "drop": (),
    "reset": ("at_byte",),
    "truncate": ("at_byte",),
    "truncated_json": ("at_byte",),
    "html": (),
    "empty": (),
    "odd_byte": (),
    "raw_tab": (),
    "stray_byte": (),
    "html_type": (),
    "status": ("status", "retry_after", "html"),
    "delay": ("ms",),
    "expire_session": (),
}

SHORT: dict[str, dict[str, Any]] = {
    **{kind: {"kind": kind} for kind in KINDS if kind not in ("delay", "status")},
    "429": {"kind": "status", "status": 429},
    "429_retry_after": {"kind": "status", "status": 429, "retry_after": 2},
    "500": {"kind": "status", "status": 500},
    "502_html": {"kind": "status", "status": 502, "html": True},
    "503": {"kind": "status", "status": 503},
    "504": {"kind": "status", "status": 504},
}

ALLOWED = (
    'list of {"path": regex, "nth": n|null, "times": k|null, "action": '
    + " | ".join(SHORT)
    + ' | {"kind": "reset"|"truncate"|"truncated_json", "at_byte": k}'
    + ' | {"kind": "status", "status": 400..599, "retry_after": s, "html": bool}'
    + ' | {"kind": "delay", "ms": n}}'
)


@dataclass(frozen=True, slots=True)
class Action:
    kind: str
    at_byte: int | None = None
    """Body bytes that are still sent; for a reset, null means not even the headers."""
    status: int = 500
    retry_after: int | None = None
    html: bool = False
    ms: int = 0


@dataclass(slots=True)
class Rule:
    pattern: re.Pattern[str]
    nth: int | None
    times: int | None
    action: Action
    seen: int = 0

    def applies(self, path: str) -> bool:
        """Whether this request is one of the rule's; it is counted by asking."""
        if not self.pattern.search(path):
            return False
        self.seen += 1
        first = self.nth or 1
        if self.seen < first:
            return False
        most = self.times if self.times is not None else (1 if self.nth else None)
        return most is None or self.seen < first + most


@dataclass(slots=True)
class Faults:
    """The rules of one company, with their counters."""

    rules: list[Rule] = field(default_factory=list)

    def for_request(self, path: str) -> tuple[list[Action], Action | None]:
        """What happens before the request is handled, and what to its answer.

        Every rule counts every request it matches; of several answers the first rule's counts.
        """
        firing = [rule.action for rule in self.rules if rule.applies(path)]
        before = [action for action in firing if action.kind in BEFORE]
        instead = next((action for action in firing if action.kind not in BEFORE), None)
        return before, instead


def rules_from(value: list[dict[str, Any]]) -> Faults:
    """Fresh rules, their counters at zero, from a checked value."""
    return Faults(
        [
            Rule(re.compile(rule["path"]), rule["nth"], rule["times"], Action(**rule["action"]))
            for rule in value
        ]
    )


def fault_rules() -> Values:
    def parse(value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise NotPossible(f"{value!r} is not a list of rules")
        return [_rule(item) for item in value]

    return Values(ALLOWED, parse)


def _rule(value: Any) -> dict[str, Any]:
    given = as_object(value, ("path", "nth", "times", "action"))
    path = any_text().parse(given.get("path")) or ".*"
    try:
        re.compile(path)
    except re.error as error:
        raise NotPossible(f"path: {path!r} is no regular expression: {error}") from None
    if "action" not in given:
        raise NotPossible("a rule needs an action")
    return {
        "path": path,
        "nth": _optional(given.get("nth"), 1, 1_000_000),
        "times": _optional(given.get("times"), 1, 1_000_000),
        "action": _action(given["action"]),
    }


def _action(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return dict(SHORT[known(value, tuple(SHORT))])
    given = as_object(value, ("kind", "at_byte", "status", "retry_after", "html", "ms"))
    kind = known(given.get("kind"), tuple(KINDS))
    for name in given:
        if name != "kind" and name not in KINDS[kind]:
            raise NotPossible(f"{name}: not a field of the action {kind}")
    out: dict[str, Any] = {"kind": kind}
    limits = {
        "at_byte": (0, 1 << 30),
        "status": (400, 599),
        "retry_after": (0, 86_400),
        "ms": (0, 600_000),
    }
    for name, (least, most) in limits.items():
        if given.get(name) is not None:
            out[name] = as_whole(given[name], least, most)
    if "html" in given:
        if not isinstance(given["html"], bool):
            raise NotPossible(f"html: {given['html']!r} is neither true nor false")
        out["html"] = given["html"]
    for needed, of in (("ms", "delay"), ("status", "status")):
        if kind == of and needed not in out:
            raise NotPossible(f"the action {of} needs {needed}")
    return out


def _optional(value: Any, least: int, most: int) -> int | None:
    return None if value is None else as_whole(value, least, most)
