"""Why the case of a dead patient that denies it is not completed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from idexx_sync.core.fingerprints import Fingerprints, read_fingerprint_keys
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.deaths import Death
from idexx_sync.syncs.cases.denials import denied_before
from idexx_sync.syncs.cases.obstacles import Finished, Obstacle, obstacle
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from tests.kit.records import chart, patient_visit, seen
from tests.kit.settings import FINGERPRINT_KEY

ONE = UUID(int=1)
NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
DENIES = StoredCase(
    ONE, "1", "x", ONE, ONE, "completed", "checkup", NOW, {}, {}, None, NOW, is_extreme=False
)
DEATH = Death("40021", "1", "death", in_doubt=False, denied=True, taken_back=False)


def finished(stored: StoredVisit, *, tells_death: bool = False) -> Finished:
    return Finished(seen(), stored, context(), chart(), tells_death=tells_death)


def context() -> CaseContext:
    keys = read_fingerprint_keys(SecretStr(FINGERPRINT_KEY.get_secret_value()))
    zone = ZoneInfo("America/Los_Angeles")
    return CaseContext(ONE, zone, 30, date(2026, 1, 1), ONE, NOW, Fingerprints(keys, ONE))


def test_r19_new_words_take_a_completed_case_back_and_known_ones_do_not() -> None:
    stored = StoredVisit([DENIES], ONE)

    assert obstacle(finished(stored)) is None
    assert obstacle(finished(stored, tells_death=True)) == Obstacle(
        "R19", "death_denied", reopens=True
    )
    known = replace(stored, deaths=[DEATH])
    assert obstacle(finished(known)) == Obstacle("R19", "death_denied")


@pytest.mark.parametrize(
    "death",
    [
        replace(DEATH, in_doubt=True),
        replace(DEATH, denied=False),
        replace(DEATH, taken_back=True),
    ],
)
def test_r19_only_a_certain_death_that_met_a_no_keeps_a_case_open(death: Death) -> None:
    assert obstacle(finished(StoredVisit([DENIES], ONE, deaths=[death]))) is None


def test_r19_a_no_is_from_before_only_if_it_was_seen_then() -> None:
    stored = StoredVisit([DENIES], ONE)
    coming = patient_visit(start="2026-05-04 09:00:00")
    before = VisitRecord("600101", source=VisitMemory(denied=True))

    assert denied_before(coming, stored, context())
    for word in ("Arrived", "Finalized"):
        assert not denied_before(replace(coming, status=word), stored, context())
    assert not denied_before(patient_visit(), stored, context())
    assert denied_before(seen(), replace(stored, record=before), context())
    mild = replace(DENIES, is_extreme=None)
    assert not denied_before(seen(), replace(stored, record=before, cases=[mild]), context())
