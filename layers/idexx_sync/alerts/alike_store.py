"""SQL of which alerts of clinics one alert for many stands for: one predicate for all who ask."""

from datetime import timedelta
from typing import Any, Final

ALIKE_AT_LEAST: Final = 5
"""More clinics than that have to be alike before one alert stands for them."""
ALIKE_SHARE: Final = 0.1
"""And more than this share of those that are synced."""
ALIKE_WITHIN: Final = timedelta(hours=6)
"""What begins within so long of each other may have one cause; what gathers over days has many."""
STANDS_UNTIL: Final = 0.5
"""An alert for many stands until no more than this share of what opens it are left."""

BOUNDS: Final[dict[str, Any]] = {
    "least": ALIKE_AT_LEAST,
    "share": ALIKE_SHARE,
    "until": STANDS_UNTIL,
    "within": ALIKE_WITHIN,
}
"""Parameters of the statements that ask."""


def stands_for(kind: str, code: str, opened_at: str) -> str:
    """Whether an open alert i for many stands for a clinic's alert of these, as SQL.

    `last_at` of an alert for many is when the newest of its clinics began to have it. What begins
    later than some hours after that may have another cause, and is told by itself.
    """
    return f"""(i.clinic_id IS NULL AND i.closed_at IS NULL
        AND i.kind = {kind} AND i.code IS NOT DISTINCT FROM {code}
        AND {opened_at} > i.opened_at - %(within)s
        AND {opened_at} <= i.last_at + %(within)s)"""
