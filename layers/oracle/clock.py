"""Wall-clock time on days on which the clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def on_the_clock(begins: datetime, lasts: timedelta, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end as the clinic's clock shows them: a skipped hour moves both forward."""
    instant = begins.replace(tzinfo=zone).astimezone(UTC)
    real_start = instant.astimezone(zone).replace(tzinfo=None)
    real_end = (instant + lasts).astimezone(zone).replace(tzinfo=None)
    return real_start, max(real_end, real_start + lasts)  # in a repeated hour the later one counts
