"""What a key of the HTTP API may ask for at most: the only place of these figures. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)
LONGEST_WAIT_S: Final = 20
"""Of a request that wants to know how its run ends."""
WAITS_IN_ALL: Final = 10
"""Requests of all keys together that may wait at once; the stage reserves more functions (infra).
One above is answered without waiting."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one key may ask for."""

    orders_a_minute: int
    """Runs ordered, by sync, retry and approval; as many at once, then evenly."""
    waits_at_once: int

    @property
    def share(self) -> timedelta:
        """What one order takes of a minute."""
        return MINUTE / self.orders_a_minute


OF_A_CLINIC: Final = Budget(orders_a_minute=30, waits_at_once=3)
OF_AN_OPERATOR: Final = Budget(orders_a_minute=300, waits_at_once=5)


def budget_of(*, is_operator: bool) -> Budget:
    """The budget of this kind of key."""
    return OF_AN_OPERATOR if is_operator else OF_A_CLINIC
