"""What approving a hold lets through, in numbers, in a sentence, and as a version (rule R9)."""

from dataclasses import replace
from datetime import date

import pytest

from idexx_sync.syncs.consequence import (
    Consequence,
    Effect,
    Said,
    Version,
    difference,
    read_effects,
    stored_effects,
    version_after,
    version_of,
)

REMOVED = Effect(
    "remove",
    "2026-05-04 09:00:00 to 10:00:00, room 3",
    None,
    ("2026-05-04 09:00", "2026-05-04 09:30"),
)
MADE = Effect("create", None, "2026-05-17 09:00:00 to 09:30:00")
IN_DOUBT = "2026-05-06 09:00:00 to 09:30:00, room 3"
FINDINGS = {"1": {"start": "2026-05-04 09:00:00", "missing": True}}


def test_a_sentence_says_how_many_of_what_and_which_days() -> None:
    beside = replace(REMOVED, slots=("2026-05-04 09:30",))
    told = Consequence({"1": REMOVED, "2": beside, "9": MADE})

    assert told.sentence == "1 created, 2 removed, 2 slots freed, 2026-05-04 to 2026-05-17"
    assert (told.slots_freed, told.days) == (2, (date(2026, 5, 4), date(2026, 5, 17)))
    assert Consequence({}).sentence == "no row changes"
    assert Consequence({"? x": Effect("settle", None, None)}).sentence == "1 in doubt settled"
    freed = Effect("settle", None, None, ("2026-05-06 09:00",), (IN_DOUBT,))
    assert Consequence({"? x": freed}).sentence == "1 in doubt settled, 1 slot freed, 2026-05-06"


def test_what_is_stored_is_read_again() -> None:
    effects = {"1": REMOVED, "2": replace(REMOVED, frees=(IN_DOUBT,)), "9": MADE}

    read = read_effects(stored_effects(effects))

    assert read == effects
    assert read["1"].slots == REMOVED.slots


@pytest.mark.parametrize("document", [None, [], {"1": 7}, {"1": {"action": "explode"}}, "x"])
def test_what_is_no_effect_counts_as_none(document: object) -> None:
    assert read_effects(document) == {}


def test_a_version_is_another_one_wherever_something_differs() -> None:
    versions = {
        version_of("losses", FINDINGS, {"1": REMOVED}),
        version_of("other", FINDINGS, {"1": REMOVED}),
        version_of("losses", {}, {"1": REMOVED}),
        version_of("losses", FINDINGS, {}),
        version_of("losses", FINDINGS, {"1": replace(REMOVED, before=None)}),
        version_of("losses", FINDINGS, {"1": replace(REMOVED, after="2026-05-05 09:00:00")}),
        version_of("losses", FINDINGS, {"1": replace(REMOVED, action="update")}),
        version_of("losses", FINDINGS, {"1": replace(REMOVED, frees=("2026-05-06 09:00:00",))}),
    }

    assert len(versions) == 8
    assert all(len(version) == 10 for version in versions)


def test_the_grid_of_slots_is_no_part_of_a_version() -> None:
    """The clinic's hours may change meanwhile; what is done to the records stays the same."""
    effects = {"1": REMOVED}
    other_hours = {"1": replace(REMOVED, slots=())}

    assert version_of("c", FINDINGS, effects) == version_of("c", FINDINGS, other_hours)


def test_a_version_says_how_it_differs_from_the_one_before() -> None:
    before: Said = ({"1": {}, "2": {}}, {"1": REMOVED, "2": REMOVED})
    after: Said = ({"2": {}, "3": {}}, {"2": MADE, "3": REMOVED, "9": MADE})

    version = version_after("c", before, after)

    assert (version.records, version.appeared, version.gone, version.altered) == (
        3,
        ("3", "9"),
        ("1",),
        ("2",),
    )


def test_what_differs_over_several_versions_is_told_once() -> None:
    versions = [
        Version("b", 2, appeared=("new", "passing"), gone=("back",), altered=("same",)),
        Version("c", 2, appeared=("back",), gone=("passing", "away"), altered=("new",)),
    ]

    assert difference(versions) == (["new"], ["away"], ["back", "same"])
