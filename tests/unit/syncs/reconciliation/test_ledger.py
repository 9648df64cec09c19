"""Which discrepancies are the same, how many nights they have, and which have ended."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from idexx_sync.core.fingerprints import FingerprintKeys, Fingerprints
from idexx_sync.syncs.decision import Decision
from idexx_sync.syncs.reconciliation.causes import Outcome
from idexx_sync.syncs.reconciliation.ledger import NIGHTS_THAT_TELL, Open
from idexx_sync.syncs.reconciliation.model import Difference, Known, Ledger

NIGHT = date(2026, 5, 5)
BEFORE = NIGHT - timedelta(days=1)
CLINIC = UUID(int=1)
FINGERPRINTS = Fingerprints(FingerprintKeys({"key": b"k" * 32}), CLINIC)
OTHER_KEY = Fingerprints(FingerprintKeys({"other": b"o" * 32}), CLINIC)


def _difference(key: str = "600101", differs: Any = "a") -> Difference:
    decision = Decision("R4", "moved", {})
    return Difference("appointment", key, key, "moved", BEFORE, decision, differs, "fix")


def _known(difference: Difference, **fields: Any) -> Known:
    known = Known(
        uuid4(),
        difference.kind,
        difference.key,
        difference.cause,
        difference.day,
        FINGERPRINTS.of(difference.differs),
        1,
        BEFORE,
        "fixed",
        datetime(2026, 5, 4, 9, tzinfo=UTC),
    )
    return replace(known, **fields)


def _after(
    open_: Open,
    *differences: Difference,
    complete: bool = True,
    judged: bool = True,
    outcome: Outcome = "fixed",
) -> Ledger:
    return open_.after(differences, lambda _: outcome, lambda _: judged, NIGHT, complete=complete)


def test_a_new_difference_has_one_night_and_no_known_one() -> None:
    (seen,) = _after(Open([], FINGERPRINTS), _difference()).seen

    assert (seen.known, seen.nights, seen.last_night) == (None, 1, NIGHT)
    assert FINGERPRINTS.is_of(seen.fingerprint, "a")


def test_the_same_difference_has_a_night_more() -> None:
    known = _known(_difference(), nights=4)

    ledger = _after(Open([known], FINGERPRINTS), _difference())

    assert [(one.known, one.nights) for one in ledger.seen] == [(known.id, 5)]
    assert ledger.ended == ()


def test_a_second_run_of_a_night_counts_none() -> None:
    known = _known(_difference(), nights=4, last_night=NIGHT)

    (seen,) = _after(Open([known], FINGERPRINTS), _difference()).seen

    assert (seen.nights, seen.last_night) == (4, NIGHT)


@pytest.mark.parametrize("is_known", [True, False])
def test_an_incomplete_run_counts_no_night(is_known: bool) -> None:
    known = [_known(_difference(), nights=4)] if is_known else []

    (seen,) = _after(Open(known, FINGERPRINTS), _difference(), complete=False).seen

    assert (seen.nights, seen.last_night) == ((4, BEFORE) if is_known else (0, None))


@pytest.mark.parametrize("complete", [True, False])
def test_another_difference_ends_the_old_one_and_begins_anew(complete: bool) -> None:
    known = _known(_difference(), nights=4)

    ledger = _after(Open([known], FINGERPRINTS), _difference(differs="b"), complete=complete)

    assert ledger.ended == (known.id,)
    assert [(one.known, one.nights) for one in ledger.seen] == [(None, int(complete))]


def test_what_is_found_no_more_has_ended() -> None:
    known = _known(_difference())

    assert _after(Open([known], FINGERPRINTS)).ended == (known.id,)


@pytest.mark.parametrize(
    ("complete", "judged"), [(False, True), (True, False)], ids=["incomplete", "of other days"]
)
def test_what_the_read_could_not_show_has_not_ended(complete: bool, judged: bool) -> None:
    known = _known(_difference())

    assert _after(Open([known], FINGERPRINTS), complete=complete, judged=judged).ended == ()


def test_what_another_piece_of_the_job_has_seen_has_not_ended() -> None:
    known = _known(_difference(), is_of_this_job=True)

    assert _after(Open([known], FINGERPRINTS)).ended == ()


def test_a_fingerprint_of_an_unknown_key_counts_as_the_same() -> None:
    known = _known(_difference(), fingerprint=OTHER_KEY.of("something else"), nights=4)

    (seen,) = _after(Open([known], FINGERPRINTS), _difference()).seen

    assert (seen.known, seen.nights) == (known.id, 5)
    assert FINGERPRINTS.is_of(seen.fingerprint, "a")


@pytest.mark.parametrize("outcome", ["fixed", "left"])
@pytest.mark.parametrize("nights", range(5))
def test_from_the_third_night_on_what_was_fixed_is_stubborn(nights: int, outcome: Outcome) -> None:
    open_ = Open([_known(_difference(), nights=nights, outcome=outcome)], FINGERPRINTS)

    is_stubborn = open_.is_stubborn(_difference(), NIGHT, complete=True)

    assert is_stubborn == (nights + 1 >= NIGHTS_THAT_TELL)


@pytest.mark.parametrize("outcome", ["held", "reported", "ignored"])
def test_what_nobody_tried_to_fix_is_not_stubborn(outcome: Outcome) -> None:
    open_ = Open([_known(_difference(), nights=9, outcome=outcome)], FINGERPRINTS)

    assert not open_.is_stubborn(_difference(), NIGHT, complete=True)


def test_another_difference_is_not_stubborn() -> None:
    open_ = Open([_known(_difference(), nights=9)], FINGERPRINTS)

    assert not open_.is_stubborn(_difference(differs="b"), NIGHT, complete=True)


def test_counts_are_by_cause_and_outcome() -> None:
    ledger = _after(Open([], FINGERPRINTS), _difference("1"), _difference("2"), outcome="left")

    assert ledger.counts() == {"moved": {"left": 2}}
