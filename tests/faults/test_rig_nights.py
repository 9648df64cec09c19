"""The night that is swept has everything to do, and what a sweep leaves undone is found."""

from collections.abc import Iterator

import pytest

from idexx_sync.syncs.reconciliation import sync as reconciliation
from idexx_sync.syncs.reconciliation.causes import CAUSES
from idexx_sync.syncs.reconciliation.windows import pieces
from tests.faults.clinic import FaultClinic
from tests.faults.converge import Watch
from tests.faults.eventful_nights import eventful_night_clinic
from tests.faults.results import Outcome
from tests.faults.rig import Rig
from tests.faults.worker import tick, working
from tests.kit.database import query
from tests.kit.proxy import Cut


@pytest.fixture
def clinic(rig: Rig) -> Iterator[FaultClinic]:
    made = eventful_night_clinic(rig)
    yield made
    made.close()


def test_an_eventful_night_has_every_cause_and_puts_right_in_both_pieces(
    clinic: FaultClinic,
) -> None:
    order = clinic.order()
    assert clinic.invoke(order).word == "held"

    found = query(
        clinic.conn,
        "SELECT d.cause, s.outcome, d.day FROM idexx_sync.sightings s "
        "JOIN idexx_sync.discrepancies d ON d.id = s.discrepancy_id WHERE s.job_id = %s",
        (order.job_id,),
    )
    assert {row["cause"] for row in found} == set(CAUSES)
    assert len({row["day"] for row in found if row["outcome"] == "fixed"}) == 2


def test_an_older_piece_that_is_never_compared_is_found(
    clinic: FaultClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "pieces", lambda *asked: pieces(*asked)[:1])
    watch = Watch(clinic, Outcome("a group", "a name"))
    watch.one()

    watch.converge()

    found = [one.text for one in watch.outcome.violations]
    for what in ("should not be there", "is not marked as removed"):
        assert any(what in text for text in found), (what, found)


@pytest.mark.parametrize("piece", [1, 2])
def test_a_night_whose_commit_was_not_heard_of_tells_what_any_other_tells(
    rig: Rig, piece: int
) -> None:
    told = []
    for cut in (Cut("commit", 1 + piece), None):
        clinic = eventful_night_clinic(rig, proxied=True)
        if cut is not None:
            rig.proxy.cut(cut)
        job = clinic.deliver(clinic.order(), after_first=rig.proxy.calm)[-1].job
        assert job is not None
        assert job.result is not None
        told.append((job.status, job.attempt, job.result["held"], job.result["discrepancies"]))
        clinic.close()

    struck, undisturbed = told
    assert struck == (undisturbed[0], 2, *undisturbed[2:])
    assert undisturbed[0] == "held"


def test_a_worker_reconciles_and_puts_right_what_its_tick_asks_for(clinic: FaultClinic) -> None:
    event, order = tick(clinic, clinic.now)
    with working(clinic) as worker:
        worker.begin(event)
        answer = worker.answer()

    assert order.sync == event["sync"] == "reconciliation"
    assert answer is not None
    assert answer["result"]["counts"]["removed"] > 0
