"""What a record says for certain, by the oracle of cases."""

from typing import Any

import pytest

from oracle.cases import says_for_certain


@pytest.mark.parametrize(
    ("notes", "lines", "said"),
    [
        ("<p>Humane <b>euthanasia</b>.</p>", [], True),
        ("<p>put to<br>sleep</p>", [], True),
        ("<p>[x] Euthanasia [ ] Recheck</p>", [], True),
        ("<p>[ ] Euthanasia [x] Recheck</p>", [], False),
        ("", [{"product": "EUTHANASIA - CANINE", "declined": False}], True),
        ("", [{"product": "EUTHANASIA - CANINE", "declined": True}], False),
        ("<p>well</p>", [], False),
    ],
)
def test_a_record_says_for_certain_what_was_done_and_not_what_was_offered(
    notes: str, lines: list[dict[str, Any]], said: bool
) -> None:
    assert says_for_certain({"notes": notes, "lines": lines}) is said


def test_no_record_says_nothing() -> None:
    assert not says_for_certain(None)
