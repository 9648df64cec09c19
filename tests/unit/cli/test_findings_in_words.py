"""What a hold found, as the person reads it who decides about it."""

from typing import Any

import pytest

from idexx_sync.cli.hold_view import _found, _freed
from idexx_sync.operations.models import EffectView

START = "2026-05-04 09:00:00"


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({"missing": True, "start": START}, f"visit of {START}: missing"),
        ({"missing": True, "start": START, "kind": "block"}, f"block of {START}: missing"),
        (
            {"status": ["scheduled", "cancelled"], "start": START},
            f"visit of {START}: scheduled -> cancelled",
        ),
        ({"shift_minutes": 60, "start": START}, f"visit of {START}: shift minutes: 60"),
        (
            {"status": ["in_progress", "no_show"], "start": START},
            f"visit of {START}: in progress -> no show",
        ),
        (
            {"start": [START, "2026-05-04 10:30:00"]},
            f"visit of {START}: would move to 2026-05-04 10:30:00",
        ),
        ({"start": [START, START]}, f"visit of {START}: another version of it"),
        (
            {"start": [START], "causes": ["deleted_in_neo"]},
            f"visit of {START}: deleted in Neo",
        ),
        (
            {"start": [START, "2026-05-04 10:30:00"], "causes": ["moved"]},
            f"visit of {START}: moved in Neo to 2026-05-04 10:30:00",
        ),
        (
            {"start": [START, START], "causes": ["contact_differs", "moved"]},
            f"visit of {START}: another patient, owner or contact, moved in Neo",
        ),
        ({"start": [], "causes": "moved"}, "visit of []: moved in Neo"),
        ({"provider": "lost", "start": START}, f"visit of {START}: provider: lost"),
    ],
)
def test_every_finding_says_what_was_found(finding: dict[str, Any], said: str) -> None:
    assert _found(finding) == said


def test_time_that_is_in_doubt_is_shown_beside_what_is_done() -> None:
    spans = tuple(f"2026-05-0{n} 09:00:00 to 09:30:00, room 3" for n in range(1, 6))
    none = EffectView(action="settle", takes_before=None, takes_after=None, slots=())

    assert _freed(none) == ""
    assert _freed(none.model_copy(update={"frees": spans[:1]})) == f"; no longer takes {spans[0]}"
    assert _freed(none.model_copy(update={"frees": spans})).endswith(f"{spans[2]} and 2 more")
