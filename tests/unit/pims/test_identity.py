"""Rule R8: a company is recognised after a few changes, and another one never is."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from idexx_sync.core.fingerprints import FingerprintKeys, Fingerprints
from idexx_sync.pims.identity import (
    FACETS,
    Identity,
    Shown,
    compare,
    identity_from,
    identity_of,
    instead_of,
    updated,
)
from idexx_sync.pims.neo.payloads.appointment import read_configuration
from neo_simulator.generator.clinic import Plan, generate
from neo_simulator.generator.setup import set_up
from neo_simulator.knobs import Knobs
from neo_simulator.payloads.appointment import view
from tests.kit.records import MONDAY
from tests.kit.settings import fingerprints_of

CLINIC = UUID(int=7)
FINGERPRINTS = fingerprints_of(CLINIC)
SHOWN = Shown(
    rooms={"3": "ROOM A", "4": "ROOM B", "5": "TECH"},
    types={"1": "Default", "1001": "Exam", "1002": "Recheck", "1003": "Dental"},
    providers={"2": "Front Desk", "1000": "DR. A. EXAMPLE", "1001": "Dr. B. Specimen"},
)
LEARNED = identity_of(SHOWN, FINGERPRINTS)


def is_same(shown: Shown, identity: Identity = LEARNED) -> bool:
    return compare(identity, shown, FINGERPRINTS).is_same


def simulated(variant: int, rooms: int = 3, branch: int = 1) -> Shown:
    """What the simulated company of that number shows."""
    world = generate(
        Plan(seed=1, first_day=MONDAY, last_day=MONDAY, visits_per_day=0, blocks=False, rooms=rooms)
    )
    set_up(world, variant, branch)
    return read_configuration(view(world, Knobs())).shown


@st.composite
def later(draw: st.DrawFn, shown: Shown) -> Shown:
    """The same company after changes to at most half of each list, and any number of additions."""
    changed: dict[str, Any] = {}
    for facet in FACETS:
        entries = dict(getattr(shown, facet))
        clinics = [id_ for id_ in entries if facet == "rooms" or int(id_) >= 1000]
        most = len(clinics) // 2
        for id_ in draw(st.lists(st.sampled_from(clinics), unique=True, max_size=most)):
            if draw(st.booleans()):
                del entries[id_]
            else:
                entries[id_] = draw(st.text(min_size=1))
        next_id = max(5000, *map(int, clinics)) + 1
        more = draw(st.lists(st.text(min_size=1), max_size=8))
        entries |= {str(next_id + n): name for n, name in enumerate(more)}
        changed[facet] = entries
    return replace(shown, **changed)


@given(st.data(), st.integers(1, 2000), st.integers(2, 8))
def test_r08_a_company_is_recognised_after_a_few_changes(
    data: st.DataObject, variant: int, rooms: int
) -> None:
    shown = simulated(variant, rooms)
    identity = identity_of(shown, FINGERPRINTS)
    for _ in range(3):  # each login learns what was changed before it
        shown = data.draw(later(shown))
        assert compare(identity, shown, FINGERPRINTS).is_same
        identity = updated(identity, shown, FINGERPRINTS)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 8), st.integers(1, 8))
def test_r08_another_company_is_never_taken_for_the_clinics(
    ours: int, other: int, rooms: int, other_rooms: int
) -> None:
    assume(ours != other)
    identity = identity_of(simulated(ours, rooms), FINGERPRINTS)
    assert not compare(identity, simulated(other, other_rooms), FINGERPRINTS).is_same


@given(st.integers(0, 400), st.integers(1, 8))
def test_r08_another_branch_of_the_company_is_not_the_clinics(variant: int, rooms: int) -> None:
    identity = identity_of(simulated(variant, rooms), FINGERPRINTS)
    assert not compare(identity, simulated(variant, rooms, branch=2), FINGERPRINTS).is_same


@pytest.mark.parametrize(
    ("facets", "expected"),
    [
        ({}, True),
        # other ways to write the same
        ({"rooms": {"3": " room  a", "4": "Room B", "5": "Tech"}}, True),
        ({"providers": {"1000": "dr. a. Example", "1001": "DR.B.SPECIMEN"}}, True),
        # one facet changed altogether: the others vouch for it
        ({"rooms": {"3": "Blue", "4": "Green", "5": "Red"}}, True),
        ({"types": {"1001": "E", "1002": "R", "1003": "D"}}, True),
        # persons do not recur
        ({"providers": {"1000": "Dr. C. Other", "1001": "Dr. D. Another"}}, False),
        ({"providers": {"2": "Front Desk", "1000": "Dr. C.", "1001": "Dr. D."}}, False),
        ({"providers": {"1000": "DR. A. EXAMPLE", "1001": "Dr. New"}}, True),
        # nor do ids of rooms within a company
        ({"rooms": {"6": "ROOM A", "7": "ROOM B", "8": "TECH"}}, False),
        ({"rooms": {"3": "ROOM A", "4": "ROOM B", "9": "X", "10": "Y", "11": "Z"}}, True),
        ({"rooms": {"3": "Blue", "4": "Green"}, "types": {"1001": "E", "1002": "R"}}, False),
        # what is not said is not different
        ({"providers": {}}, True),
        ({"providers": {}, "types": {}}, True),
        ({"providers": {}, "types": {}, "rooms": {"3": "Blue", "4": "Green"}}, False),
        ({"rooms": {}, "types": {}}, True),
        # but somebody has to vouch for it
        ({"providers": {}, "types": {"1": "Default"}, "rooms": {}}, False),
    ],
)
def test_r08_half_of_each_list_has_to_be_the_same(facets: dict[str, Any], expected: bool) -> None:
    assert is_same(replace(SHOWN, **facets)) is expected


@pytest.mark.parametrize(
    ("learned", "seen", "expected"),
    [({"1"}, {"1"}, True), ({"1"}, {"2"}, False), ({"1"}, set(), True), (set(), {"2"}, True)],
)
def test_r08_another_branch_id_is_another_branch(
    learned: set[str], seen: set[str], expected: bool
) -> None:
    identity = replace(LEARNED, branches=frozenset(learned))
    for is_whole in (True, False):
        facets = SHOWN if is_whole else Shown(is_whole=False)
        assert is_same(replace(facets, branches=frozenset(seen)), identity) is expected


def test_r08_another_company_id_at_the_login_is_another_company() -> None:
    identity = identity_of(replace(SHOWN, company_id="1001"), FINGERPRINTS)

    assert is_same(replace(SHOWN, company_id="1001"), identity)
    assert is_same(SHOWN, identity)
    likeness = compare(identity, replace(SHOWN, company_id="1002"), FINGERPRINTS)
    assert (likeness.is_same, likeness.other_company_id) == (False, True)


def test_r08_fingerprints_of_another_key_tell_nothing() -> None:
    other = Fingerprints(FingerprintKeys({"other": bytes(32)}), CLINIC)
    learned = identity_of(replace(SHOWN, company_id="1001"), other)

    assert is_same(replace(SHOWN, company_id="1002"), learned)
    assert not is_same(replace(SHOWN, types={"1001": "Vaccination", "1002": "Surgery"}), learned)
    now = updated(learned, replace(SHOWN, company_id="1001"), FINGERPRINTS)
    assert now == identity_of(replace(SHOWN, company_id="1001"), FINGERPRINTS)


def test_r08_what_is_said_names_kinds_and_numbers_only() -> None:
    shown = replace(SHOWN, providers={"1000": "Dr. C. Other", "1001": "Dr. D. Another"})
    said = str(compare(LEARNED, shown, FINGERPRINTS))
    assert said == (
        "of 3 rooms 3 are the same, of 3 types 3 are the same, of 2 providers 0 are the same"
    )


def test_r08_no_person_is_remembered_by_name() -> None:
    stored = LEARNED.as_stored()
    assert "EXAMPLE" not in str(stored)
    assert "EXAMPLE" not in repr(SHOWN)
    assert identity_from(stored) == LEARNED


def test_r08_what_is_accepted_takes_the_place_of_what_was_known() -> None:
    known = replace(LEARNED, branches=frozenset({"1"}))
    branch = Shown(branches=frozenset({"2"}), is_whole=False)
    assert instead_of(known, branch, FINGERPRINTS) == replace(known, branches=frozenset("12"))
    assert instead_of(known, simulated(9), FINGERPRINTS) == identity_of(simulated(9), FINGERPRINTS)


@pytest.mark.parametrize("stored", [None, 7, [], "x"])
def test_r26_an_identity_that_is_none_is_not_there(stored: object) -> None:
    assert identity_from(stored) is None


def test_r26_parts_of_an_identity_that_cannot_be_read_are_not_there() -> None:
    stored = {"rooms": {"3": 7, "4": "B"}, "types": [], "branches": [1, "2"], "company": 5}
    assert identity_from(stored) == Identity(rooms={"4": "B"}, branches=frozenset({"2"}))
