"""What a person says with a decision."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """Which version of a hold was seen, why it is decided so, and by whom."""

    seen: str | None = None
    """None: it is no decision about what a hold says."""
    reason: str | None = None
    by: str | None = None
    """None: whoever the command line belongs to; over the API the key."""
