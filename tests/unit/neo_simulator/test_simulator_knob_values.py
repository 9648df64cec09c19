"""Knob values: what is taken, what is refused, and how fault rules count."""

from typing import Any

import pytest

from neo_simulator.errors import NotPossible, UnknownRecord
from neo_simulator.faults import rules_from
from neo_simulator.knob_menu import KNOBS
from neo_simulator.knobs import Knobs


@pytest.mark.parametrize("name", KNOBS)
def test_every_default_is_an_allowed_value(name: str) -> None:
    knobs = Knobs()
    knobs.set(name, KNOBS[name].default)

    assert knobs[name] == KNOBS[name].default
    assert not knobs.changed(name)
    assert KNOBS[name].summary.endswith(".")


@pytest.mark.parametrize("name", [name for name, knob in KNOBS.items() if knob.values.choices])
def test_every_word_of_an_enumeration_is_taken_and_another_is_not(name: str) -> None:
    knobs = Knobs()
    for word in KNOBS[name].values.choices:
        knobs.set(name, word)
        assert knobs[name] == word
    with pytest.raises(NotPossible, match=f"{name}: 'sideways' is none of"):
        knobs.set(name, "sideways")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("second_login_kills_first", "yes"),
        ("session_idle_minutes", "20"),
        ("session_idle_minutes", -1),
        ("session_idle_minutes", True),
        ("lockout_after", 2.5),
        ("lockout_after", 0),
        ("id_types", {"event.id": "float"}),
        ("id_types", {"event.name": "string"}),
        ("id_types", []),
        ("missing_keys", "is_block"),
        ("missing_keys", ["start"]),
        ("calendar_subset", "half"),
        ("calendar_subset", {"drop_fraction": 1.5}),
        ("calendar_subset", {"drop_ids": "600101"}),
        ("calendar_subset", {"drop_count": 1, "drop_ids": []}),
        ("malformed_records", 3),
        ("malformed_records", {"count": 1, "percent": 1}),
        ("malformed_records", {"percent": 101}),
        ("malformed_records", {"count": 1, "kinds": ["upside_down"]}),
        ("malformed_records", {"count": 1, "colour": "red"}),
        ("malformed_records", {"count": 1, "ids": []}),
        ("malformed_records", {"ids": "600101"}),
        ("malformed_records", {"kinds": ["no_end"]}),
        ("duplicate_records", {"count": 1, "how": "similar"}),
        ("malformed_look_ups", []),
        ("malformed_look_ups", {"x": "no_end"}),
        ("malformed_look_ups", {"600101": "no_id"}),
        ("second_server", 20),
        ("second_server", {}),
        ("second_server", {"minutes": -1}),
        ("second_server", {"minutes": 20, "every": 0}),
        ("second_server", {"minutes": 20, "look_ups": "yes"}),
        ("second_server", {"minutes": 20, "seconds": 3}),
        ("status_words", {"asleep": "Asleep"}),
        ("delay_ms", -5),
        ("delay_ms", {"(": 5}),
        ("faults", {"action": "500"}),
        ("faults", [{"path": ".*"}]),
        ("faults", [{"action": "explode"}]),
        ("faults", [{"action": "500", "nth": 0}]),
        ("faults", [{"action": "500", "path": "("}]),
        ("faults", [{"action": {"kind": "delay"}}]),
        ("faults", [{"action": {"kind": "status", "status": 200}}]),
        ("faults", [{"action": {"kind": "drop", "at_byte": 3}}]),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_changes_nothing(name: str, value: Any) -> None:
    knobs = Knobs()

    with pytest.raises(NotPossible, match=f"^{name}: .*; allowed: "):
        knobs.set(name, value)
    assert not knobs.changed(name)


def test_an_unknown_knob_is_named() -> None:
    with pytest.raises(UnknownRecord, match="no knob is called 'gravity'"):
        Knobs().set("gravity", 9.81)


def fired(rule: dict[str, Any], paths: list[str]) -> list[int]:
    """Which of the requests a rule hits, counted from 1."""
    knobs = Knobs()
    knobs.set("faults", [rule])
    return [number for number, path in enumerate(paths, 1) if knobs.faults.for_request(path)[1]]


def test_rules_count_the_requests_that_they_match() -> None:
    paths = ["/a", "/b", "/a", "/a", "/a"]

    assert fired({"action": "500"}, paths) == [1, 2, 3, 4, 5]
    assert fired({"action": "500", "times": 2}, paths) == [1, 2]
    assert fired({"action": "500", "nth": 3}, paths) == [3]
    assert fired({"action": "500", "nth": 2, "times": 2}, paths) == [2, 3]
    assert fired({"action": "500", "path": "^/a$", "nth": 2}, paths) == [3]
    assert fired({"action": "500", "path": "^/a$", "nth": 2, "times": 9}, paths) == [3, 4, 5]


def test_setting_the_rules_again_counts_from_one_again() -> None:
    knobs = Knobs()
    for _ in range(2):
        knobs.set("faults", [{"action": "503", "nth": 2}])
        assert [bool(knobs.faults.for_request("/")[1]) for _ in range(3)] == [False, True, False]


def test_a_delay_goes_together_with_an_answer_and_of_two_answers_the_first_counts() -> None:
    rules = rules_from(
        [
            {"path": ".*", "nth": None, "times": None, "action": {"kind": "delay", "ms": 5}},
            {"path": ".*", "nth": None, "times": None, "action": {"kind": "status", "status": 503}},
            {"path": ".*", "nth": None, "times": None, "action": {"kind": "drop"}},
        ]
    )

    before, instead = rules.for_request("/")

    assert [action.ms for action in before] == [5]
    assert instead is not None
    assert instead.status == 503
