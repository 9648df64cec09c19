"""The sweeps and kills of the other modules, of a case run with several consultations."""

from collections.abc import Iterator

from tests.faults import races
from tests.faults.competitor import CASE_LOCKS
from tests.faults.eventful_cases import RECORDS, REQUESTS
from tests.faults.scenario import Scenario
from tests.faults.sweep_pieces import Sample, Swept

SWEPT = Swept(
    of="cases",
    groups="Cases",
    requests=REQUESTS,
    may_be_late=tuple(range(1, RECORDS + 2)),
    statements=111,
    round_trips=33,
    commits=5,  # the beginning, the calendar's part, two units, the end
    bytes_sent=108_500,
    bytes_received=71_300,
    worker=(5, 20),
    short=Sample(
        answers=6,
        lasting=1,
        expired=3,
        late=3,
        killed=24,
        failing=9,
        cut_off=8,
        silent=16,
        passed=(0, 20),
        locks={what: 6 if what == "records" else 9 for what in CASE_LOCKS},
        worker=15,
    ),
)


def scenarios(*, full: bool) -> Iterator[Scenario]:
    yield from SWEPT.scenarios(full=full)
    for round_ in range(5 if full else 1):
        yield Scenario(
            "Cases: both syncs at once", races.both_at_once, {"racers": 6, "round": round_}, 3
        )
