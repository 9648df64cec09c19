"""Rule R9: what a person has rejected in one sync stays out of the others and asks nobody there."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.gate import (
    EMPTY,
    FINALISED,
    FOREIGN,
    NEVER_SHOWN,
    OLDER,
    SHIFTED,
    UNPROVEN,
    Comparison,
    Doubt,
    Judgement,
    Loss,
    judge,
)
from idexx_sync.syncs.holds import REVIVED, Finding, HoldInForce, HoldStatus, is_same_matter

NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
WEEK = Window(date(2026, 5, 4), date(2026, 5, 10))
LOSSES = UNPROVEN["visit"]
START = "2026-05-04 09:00:00"
GONE: Finding = {"missing": True, "start": START}
CANCELLED: Finding = {"status": ["confirmed", "cancelled"], "start": START}
MOVED: Finding = {"shift_minutes": 60, "start": [START, "2026-05-04 10:00:00"]}
REMOVED: Finding = {"removal": "deleted_at_source", "start": START, "kind": "visit"}
QUIET = Comparison(
    WEEK,
    complete=True,
    stored={str(n): GONE for n in range(30)},
    present=[str(n) for n in range(30)],
    occupying={"visit": 30},
    read=30,
)
"""Thirty visits, all of them still there."""


def elsewhere(cause: str, *keys: str, finding: Finding) -> HoldInForce:
    """A hold that was rejected in another sync, which names the kind of record as well."""
    found = {key: {"kind": "visit", **finding} for key in keys}
    return HoldInForce(UUID(int=2), cause, "rejected", found, NOW, elsewhere=True)


def own(status: HoldStatus, cause: str, *keys: str, finding: Finding) -> HoldInForce:
    until = NOW + timedelta(hours=1)
    return HoldInForce(UUID(int=1), cause, status, dict.fromkeys(keys, finding), NOW, until)


def lacking(*keys: str) -> Comparison:
    losses = [Loss(key, "visit", GONE, missing=True) for key in keys]
    return replace(QUIET, present=set(QUIET.present) - set(keys), losses=losses)


def asks_nobody(judgement: Judgement) -> bool:
    return judgement.findings == {} and judgement.holds.opened == {} and not judgement.holds.waiting


@pytest.mark.parametrize(
    ("finding", "decided", "same"),
    [
        (GONE, {**GONE, "kind": "visit"}, True),
        (GONE, {**GONE, "start": "2026-05-04 10:00:00"}, False),
        (CANCELLED, {**CANCELLED, "kind": "visit"}, True),
        (CANCELLED, {**CANCELLED, "status": ["scheduled", "cancelled"]}, True),
        (CANCELLED, {**CANCELLED, "status": ["confirmed", "no_show"]}, False),
        (CANCELLED, GONE, False),
        (MOVED, dict(MOVED), True),
        (MOVED, {**MOVED, "shift_minutes": 90}, False),
        (MOVED, {**MOVED, "start": ["2026-05-04 08:00:00", "2026-05-04 10:00:00"]}, False),
        (REMOVED, {"removal": "deleted_at_source", "start": START}, True),
        (REMOVED, {**REMOVED, "removal": "approved"}, False),
        ({"unreadable": "no_day", "start": None}, {"unreadable": "no_day", "start": None}, True),
        ({"start": START}, {"start": START}, False),
        ({"missing": True}, {"missing": True}, False),
        (CANCELLED, {**CANCELLED, "status": None}, False),
    ],
)
def test_r09_two_findings_are_one_matter_if_they_agree_in_all_that_both_say(
    finding: Finding, decided: Finding, same: bool
) -> None:
    assert is_same_matter(finding, decided) is same
    assert is_same_matter(decided, finding) is same


@pytest.mark.parametrize("lost", [("1",), tuple(str(n) for n in range(8))])
def test_r09_a_loss_rejected_in_another_sync_is_held_and_asks_nobody(lost: tuple[str, ...]) -> None:
    judgement = judge(lacking(*lost), [elsewhere(LOSSES, *lost, finding=GONE)], NOW)

    assert asks_nobody(judgement)
    assert judgement.held() == set(lost)
    assert judgement.losses_held
    assert judgement.holds.silenced == 1


def test_r09_only_what_was_rejected_in_another_sync_is_silent() -> None:
    lost = [str(n) for n in range(8)]

    judgement = judge(lacking(*lost), [elsewhere(LOSSES, *lost[:5], finding=GONE)], NOW)

    assert judgement.findings == {LOSSES: dict.fromkeys(lost[5:], GONE)}
    assert judgement.held() == set(lost)
    assert judgement.holds.waiting == 1


@pytest.mark.parametrize("now", [{"status": ["confirmed", "no_show"]}, {"start": "2026-05-04 10"}])
def test_r09_what_has_changed_since_is_bound_by_no_other_sync(now: Finding) -> None:
    loss = Loss("1", "visit", {**CANCELLED, **now})
    rejected = elsewhere(LOSSES, "1", finding=CANCELLED)

    assert judge(replace(QUIET, losses=[loss]), [rejected], NOW).held() == set()


def test_r09_a_removal_rejected_in_another_sync_is_not_made() -> None:
    read = replace(QUIET, finalised_removals={"1": REMOVED, "2": REMOVED})

    judgement = judge(read, [elsewhere(FINALISED, "1", finding=REMOVED)], NOW)

    assert judgement.bound == {FINALISED: {"1": REMOVED}}
    assert judgement.findings == {FINALISED: {"2": REMOVED}}


def test_r09_a_shift_rejected_in_another_sync_leaves_its_times_however_few() -> None:
    read = replace(QUIET, moved={"1": MOVED, "2": MOVED}, starts_compared=30)

    judgement = judge(read, [elsewhere(SHIFTED, "1", finding=MOVED)], NOW)

    assert judgement.held_for == {SHIFTED: {"1"}}
    assert asks_nobody(judgement)


@pytest.mark.parametrize(
    ("cause", "finding"),
    [
        (NEVER_SHOWN, {"start": START, "kind": "visit"}),
        (OLDER, {"start": [START, START], "kind": "visit"}),
    ],
)
def test_r09_a_doubt_rejected_in_another_sync_stays_apart(cause: str, finding: Finding) -> None:
    read = replace(QUIET, apart={"1": Doubt(NEVER_SHOWN, finding)})

    judgement = judge(read, [elsewhere(cause, "1", finding=finding)], NOW)

    assert judgement.held() == {"1"}
    assert asks_nobody(judgement) is (cause == NEVER_SHOWN)
    assert judgement.let_through == set()


def test_r09_what_was_revived_stays_in_every_sync_however_well_proven() -> None:
    proven = replace(lacking(), settled=["1"], finalised_removals={"1": REMOVED})
    read = replace(proven, present=set(QUIET.present) - {"1"})

    judgement = judge(read, [elsewhere(REVIVED, "1", finding=GONE)], NOW)

    assert judgement.held_for == {REVIVED: {"1"}}
    assert asks_nobody(judgement)
    assert (judgement.holds.revived, judgement.holds.silenced) == (1, 0)
    assert judge(QUIET, [elsewhere(REVIVED, "1", finding=GONE)], NOW).held() == set()


def test_r09_what_was_revived_is_let_go_of_whatever_was_rejected_in_another_sync() -> None:
    """The revived row is asked about again; that it vanished had been rejected as a loss only."""
    here = own("open", REVIVED, "1", finding=GONE)

    judgement = judge(lacking("1"), [here, elsewhere(LOSSES, "1", finding=GONE)], NOW)

    assert judgement.findings == {REVIVED: {"1": GONE}}
    assert judgement.holds.waiting == 1


def test_r09_a_rejection_in_another_sync_goes_before_a_permit() -> None:
    lost = [str(n) for n in range(8)]
    in_force = [
        own("approved", LOSSES, *lost, finding=GONE),
        elsewhere(LOSSES, "1", finding=GONE),
    ]

    judgement = judge(lacking(*lost), in_force, NOW)

    assert judgement.approved == {*lost} - {"1"}
    assert judgement.held() == {"1"}


def test_r09_what_was_rejected_here_too_is_counted_once() -> None:
    in_force = [
        own("rejected", LOSSES, "1", finding=GONE),
        elsewhere(LOSSES, "1", finding=GONE),
    ]

    judgement = judge(lacking("1"), in_force, NOW)

    assert judgement.holds.silenced == 1
    assert not judgement.holds.changes_anything


def strange() -> Comparison:
    return replace(QUIET, present=[f"9{n}" for n in range(30)])


@pytest.mark.parametrize("shown", [30, 3])
def test_r09_a_calendar_rejected_in_another_sync_writes_nothing_and_asks_nobody(
    shown: int,
) -> None:
    """However few it shows: what has been said of it was about the whole of it."""
    rejected = elsewhere(FOREIGN, "1", "88", finding=GONE)

    judgement = judge(replace(strange(), present=[f"9{n}" for n in range(shown)]), [rejected], NOW)

    assert judgement.foreign
    assert asks_nobody(judgement)
    assert judgement.holds.silenced == 1


def test_r09_a_calendar_rejected_in_another_sync_uses_no_permit() -> None:
    here = own("approved", FOREIGN, *QUIET.stored, finding=GONE)

    assert not judge(strange(), [here], NOW).foreign
    assert judge(strange(), [here, elsewhere(FOREIGN, "1", finding=GONE)], NOW).foreign


def test_r09_a_rejected_calendar_says_nothing_of_a_record_that_a_true_one_lacks() -> None:
    judgement = judge(lacking("1"), [elsewhere(FOREIGN, "1", finding=GONE)], NOW)

    assert judgement.held() == set()
    assert not judgement.foreign


@pytest.mark.parametrize("lost", [6, 7])
def test_r13_more_missing_than_is_plausible_cast_doubt_on_the_answer(lost: int) -> None:
    keys = [str(n) for n in range(lost)]
    permit = own("approved", LOSSES, *keys, finding=GONE)

    assert judge(lacking(*keys), [], NOW).doubted == (None if lost == 6 else "unproven_losses")
    assert judge(lacking(*keys), [permit], NOW).doubted is None
    kept = [own("rejected", LOSSES, *keys, finding=GONE), elsewhere(LOSSES, *keys, finding=GONE)]
    assert [judge(lacking(*keys), [one], NOW).doubted for one in kept] == [None, None]
    few = replace(lacking(*keys), losses=[Loss(key, "visit", CANCELLED) for key in keys])
    assert judge(few, [], NOW).doubted is None, "these are shown"


def test_r13_an_empty_answer_or_one_of_other_times_is_doubted() -> None:
    moved = replace(QUIET, moved=dict.fromkeys(QUIET.stored, MOVED), starts_compared=30)
    empty = replace(lacking("1"), present=())

    assert judge(moved, [], NOW).doubted == SHIFTED
    assert (
        judge(moved, [own("approved", SHIFTED, *QUIET.stored, finding=MOVED)], NOW).doubted is None
    )
    kept = [own("rejected", SHIFTED, *QUIET.stored, finding=MOVED)]
    assert judge(moved, kept, NOW).doubted is None
    assert judge(empty, [], NOW).doubted == EMPTY
    assert judge(empty, [elsewhere(EMPTY, "1", finding=GONE)], NOW).doubted == EMPTY
