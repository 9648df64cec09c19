"""What the rig says of days that are over: silent once they are reconciled, loud where not."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.core.catalog import SyncName
from idexx_sync.jobs.params import Params, ReconciliationParams
from oracle.cases import KEY
from tests.faults import case_checks, checks, past_checks
from tests.faults import clinic as clinics
from tests.faults.clinic import FaultClinic
from tests.faults.converge import A_DAY, Watch
from tests.faults.neo_staff import EUTHANASIA
from tests.faults.operations import history, with_nights
from tests.faults.results import Outcome, Violation
from tests.faults.rig import Rig
from tests.kit.database import insert, query

NAMES = ("stays", "goes", "moves", "off", "unknown")


class Yesterday:
    """A clinic whose visits of yesterday have changed in Neo since anybody read that day."""

    def __init__(self, rig: Rig) -> None:
        self.clinic = FaultClinic(rig, syncs=("inbound", "cases", "reconciliation"))
        neo = self.clinic.neo
        self.start = datetime.fromisoformat(neo.now()).replace(minute=0, second=0)
        booked = neo.book_many(
            [
                {"start": str(self.start + timedelta(hours=n)), "patient": f"PET {n}", "room": 3}
                for n in range(len(NAMES))
            ]
        )
        self.visits = dict(zip(NAMES, booked, strict=True))
        for sync in ("inbound", "cases"):
            assert self.clinic.invoke(self.clinic.order(sync)).succeeded
        self.clinic.later(A_DAY)
        neo.delete(self.visits["goes"])
        neo.move(self.visits["moves"], self.start - timedelta(hours=2))
        neo.set_knob("cancelled_visits", "absent")
        neo.cancel(self.visits["off"])
        self.watch = Watch(self.clinic, Outcome("a group", "a name"))

    def wrong(self) -> list[str]:
        """What is found once all has settled, without the numbers of the visits."""
        self.watch.converge()
        named = {KEY + visit: name for name, visit in self.visits.items()}
        named |= {visit: name for name, visit in self.visits.items()}
        texts = []
        for one in self.watch.outcome.violations:
            key, colon, what = one.text.partition(": ")
            texts.append(f"{one.rule} {named.get(key, key)}{colon}{what}")
        return texts


@pytest.fixture
def yesterday(rig: Rig) -> Iterator[Yesterday]:
    made = Yesterday(rig)
    yield made
    made.clinic.close()


def params(monkeypatch: pytest.MonkeyPatch, **asked: Any) -> None:
    wanted: Mapping[SyncName, Params] = {"reconciliation": ReconciliationParams(**asked)}
    monkeypatch.setattr(clinics, "PARAMS", wanted)


def test_what_was_reconciled_violates_nothing(yesterday: Yesterday) -> None:
    assert yesterday.wrong() == []

    notes = yesterday.watch.outcome.notes
    assert notes["clean reconciliations"] >= 2
    gone = query(
        yesterday.clinic.conn,
        "SELECT count(*) AS number FROM public.cases WHERE clinic_id = %s "
        "AND metadata #>> '{reconciliation,softDeleted}' = 'true'",
        (yesterday.clinic.clinic_id,),
    )
    assert gone[0]["number"] == 2


def test_a_reconciliation_that_only_tells_is_found_out(
    yesterday: Yesterday, monkeypatch: pytest.MonkeyPatch
) -> None:
    params(monkeypatch, mode="report")

    found = yesterday.wrong()

    for text in (
        "goes: should not be there",
        "off: status is scheduled; it was cancelled in Neo",
        "moves: start_time is ",
        "goes: status is draft, should be reviewed",
        "goes: is not marked as removed",
        "off: pimsAppointment.status is ",
    ):
        assert any(one.startswith(f"converges {text}") for one in found), (text, found)
    assert not any(one.startswith("converges stays") for one in found)


def test_what_neo_does_not_know_any_more_goes_after_two_strikes(yesterday: Yesterday) -> None:
    neo = yesterday.clinic.neo
    neo.set_knob("deleted_visits", "unknown")
    neo.delete(yesterday.visits["unknown"])
    order = yesterday.clinic.order("reconciliation")
    assert yesterday.clinic.invoke(order).succeeded
    clinic = yesterday.clinic
    assert past_checks.strikes(clinic.conn, clinic.clinic_id, clinic.now) == 2

    assert yesterday.wrong() == []
    assert past_checks.strikes(clinic.conn, clinic.clinic_id, clinic.now) == 0


def test_v4_a_reconciliations_audits_are_of_rows_and_of_cases(yesterday: Yesterday) -> None:
    clinic, watch = yesterday.clinic, yesterday.watch
    order = clinic.order("reconciliation")
    before, cases = watch.observe(), watch.observe_cases()
    assert clinic.invoke(order).succeeded
    jobs = [order.job_id]

    def found() -> list[Violation]:
        return checks.audits_match(
            clinic.conn, jobs, before, watch.observe()
        ) + case_checks.case_audits_match(clinic.conn, jobs, cases, watch.observe_cases())

    assert found() == []
    goes = yesterday.visits["goes"]
    for key, about in ((goes, goes), (KEY + goes, KEY + goes)):
        clinic.conn.execute(
            "UPDATE public.case_sync_audits SET external_id = 'x' || external_id "
            "WHERE job_id = %s AND external_id = %s",
            (order.job_id, key),
        )
        assert f"{about} changed without an audit" in [one.text for one in found()]


def test_v12_who_died_by_the_word_of_a_reconciliation_is_called_about_by_nobody(
    rig: Rig,
) -> None:
    clinic = FaultClinic(rig, syncs=("inbound", "cases", "reconciliation"))
    neo = clinic.neo
    visit = neo.book(neo.now(), patient="PET 1")
    record = neo.start_consultation(visit)
    neo.edit_notes(record, "<p>CANARY: well.</p>")
    neo.finalise(visit)
    watch = Watch(clinic, Outcome("a group", "a name"))
    assert watch.one(sync="cases")[-1].succeeded
    assert watch.outcome.notes["calls judged"] == 1
    clinic.later(A_DAY)
    neo.edit_notes(record, EUTHANASIA)

    assert watch.one(sync="reconciliation")[-1].succeeded
    assert watch.outcome.violations == []
    clinic.conn.execute(
        "UPDATE public.cases SET extreme_case_check = NULL WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )
    assert {one.rule for one in watch.calls.after_run([])} == {"V12"}
    clinic.close()


def test_what_was_to_be_put_right_and_is_there_still_is_found(yesterday: Yesterday) -> None:
    clinic = yesterday.clinic

    def found() -> list[Violation]:
        return past_checks.not_put_right(clinic.conn, clinic.clinic_id, clinic.now)

    for outcome, days in (("left", 1), ("reported", 1), ("fixed", 30)):
        insert(
            clinic.conn,
            "idexx_sync.discrepancies",
            {
                "clinic_id": clinic.clinic_id,
                "kind": "appointment",
                "external_id": f"{outcome}",
                "cause": "moved",
                "day": clinic.now.date() - timedelta(days=days),
                "fingerprint": "x",
                "decision": Jsonb({}),
                "treatment": "fix",
                "outcome": outcome,
                "nights": 3,
            },
        )

    assert [one.text for one in found()] == ["left (appointment): moved is left after 3 nights"]


def test_a_history_is_the_same_with_and_without_its_nights() -> None:
    plain, told = history(7, 150), with_nights(history(7, 150), 7)

    assert told == with_nights(history(7, 150), 7)
    assert [name for name, _ in told].count("run_reconciliation") > 1
    left = list(told)
    for number in reversed(range(len(told))):
        if told[number][0] == "run_reconciliation":
            del left[number - 1 : number + 1]
    assert left[0][1].pop("nights")
    assert left == plain
