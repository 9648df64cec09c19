"""The sweeps and kills of the other modules, of a reconciliation of two pieces."""

from collections.abc import Iterator

from tests.faults import races
from tests.faults.competitor import NIGHT_LOCKS
from tests.faults.eventful_nights import REQUESTS
from tests.faults.scenario import Scenario
from tests.faults.sweep_pieces import Sample, Swept

SWEPT = Swept(
    of="reconciliation",
    groups="Nights",
    requests=REQUESTS,
    may_be_late=tuple(range(1, REQUESTS + 1)),
    statements=157,
    round_trips=40,
    commits=4,  # the beginning, two pieces, the end
    bytes_sent=114_200,
    bytes_received=102_600,
    worker=(5, 30),
    short=Sample(
        answers=24,
        lasting=4,
        expired=7,
        late=6,
        killed=100,
        failing=19,
        cut_off=36,
        silent=36,
        passed=(0,),
        locks={what: 5 if what == "lease" else 8 for what in NIGHT_LOCKS},
        worker=20,
    ),
)


def scenarios(*, full: bool) -> Iterator[Scenario]:
    yield from SWEPT.scenarios(full=full)
    for round_ in range(5 if full else 1):
        arguments = {"racers": 6, "round": round_}
        yield Scenario("Nights: all syncs at once", races.all_at_once, arguments, 3)
