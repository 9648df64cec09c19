"""The words of the life cycle (Neo protocol, section on statuses): one vocabulary in the calendar,
another one by id, and a state that only the clock makes."""

from datetime import datetime

from neo_simulator.model import Status, Visit

LATE = "late"

DISPLAY: dict[str, tuple[str, ...]] = {
    Status.NOT_ARRIVED: ("Not Arrived", "not arrived"),
    LATE: ("Late", "LATE"),
    Status.ARRIVED: ("Arrived", "ARRIVED"),
    Status.IN_PROGRESS: ("In Progress", "in-progress"),
    Status.READY_TO_PAY: ("Ready to Pay", "READY_TO_PAY"),
    Status.FINALIZED: ("Finalized", "finalized"),
    Status.NO_SHOW: ("No Show", "no-show"),
    Status.CANCELLED: ("Cancelled", "CANCELLED"),
}
"""Machine word -> spellings in the calendar, the usual one first."""


def state_of(visit: Visit, now: datetime) -> str:
    """The machine word as of now: a visit that should have begun and was not seen is late."""
    if visit.status is Status.NOT_ARRIVED and visit.start < now:
        return LATE
    return visit.status.value


def display(state: str, spelling: int) -> str:
    words = DISPLAY[state]
    return words[spelling % len(words)]


def css_class(state: str) -> str:
    return state.replace(" ", "-")
