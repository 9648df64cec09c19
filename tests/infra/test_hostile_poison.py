"""What a hostile review found of the dead-letter queue's redrive."""

from datetime import timedelta

from infra.dead_letters import HIDDEN_TIMEOUTS, MOST_RECEIVES
from infra.stages import PROD


def test_letters_outlast_a_database_that_is_away_for_half_a_day() -> None:
    """What a message holds never makes it fail, so each receive that fails is the database's; from
    the second queue nobody reads, and no command lists it."""
    lasts = MOST_RECEIVES * HIDDEN_TIMEOUTS * timedelta(seconds=PROD.dead_letters.timeout_s)

    assert lasts >= timedelta(hours=12)
