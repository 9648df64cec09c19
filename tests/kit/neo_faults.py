"""What a Neo that fails or has changed answers: one list for every layer that is tried with it.

Whole runs try each entry over plain HTTP; the transports' own tests try it over both.
"""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Refusal:
    """A fault of the simulator, and the error that a run ends with."""

    action: Any
    kind: str = "pims_unavailable"


REFUSALS: Final = (
    Refusal("500"),
    Refusal("502_html"),
    Refusal("503"),
    Refusal("drop"),
    Refusal({"kind": "reset", "at_byte": 200}),
    Refusal("429", "throttled"),
    Refusal({"kind": "delay", "ms": 60_000}, "pims_slow"),
)
EXPIRED_ANSWERS: Final = ("302_login", "200_login_html", "401_json", "401_empty", "403", "419")
NO_JSON: Final = ("html", "truncated_json")
"""Status 200, and not what was asked for."""
ENVELOPES: Final = ("bare_array", "unexpected_object", "events_null")
SUBSETS: Final[tuple[tuple[Any, str], ...]] = (
    ("empty", "empty_calendar"),
    ({"drop_fraction": 0.5}, "unproven_visit_losses"),
)
"""Rows that vanish from the calendar alone, and the cause of the hold."""
ONE_MALFORMED: Final = {"count": 1, "kinds": ["end_garbage"]}
