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
REFUSING: Final = ("302_login", "401_json", "401_empty", "403", "419")
"""Answers to an expired session that say what they are."""
MERELY_STRANGE: Final = (
    "302_root",
    "302_login_timeout",
    "200_login_html",
    "200_page",
    "200_json",
    "204",
    "400",
    "404",
    "410",
)
"""Answers to an expired session that might have any other cause."""
EXPIRED_ANSWERS: Final = (*REFUSING, *MERELY_STRANGE)
STRANGE: Final[tuple[tuple[Any, str], ...]] = (
    ("html", "not_json_type"),
    ("html_type", "not_json_type"),
    ({"kind": "status", "status": 400}, "status_400"),
    ({"kind": "status", "status": 404}, "status_404"),
    ({"kind": "status", "status": 410, "html": True}, "status_410"),
)
"""Answers to a living session that are not what was asked for, and the code of each."""
GARBLED: Final = ("truncated_json", "empty", "stray_byte")
"""JSON by its type that can't be read."""
ODD_TEXT: Final = ("odd_byte", "raw_tab")
"""JSON with what must not stand in a text."""
ENVELOPES: Final = ("bare_array", "unexpected_object", "events_null")
SUBSETS: Final[tuple[tuple[Any, str], ...]] = (
    ("empty", "empty_calendar"),
    ({"drop_fraction": 0.5}, "unproven_visit_losses"),
)
"""Rows that vanish from the calendar alone, and the cause of the hold."""
ONE_MALFORMED: Final = {"count": 1, "kinds": ["end_garbage"]}
