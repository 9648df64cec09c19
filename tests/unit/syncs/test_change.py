"""Changes as a preview tells them."""

from typing import Any

from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.change import planned_changes


def change(key: str, reason: str, **values: Any) -> CaseChange:
    return CaseChange(key, reason, None, {f"case.{name}": value for name, value in values.items()})


def test_what_would_change_is_told_by_key_and_reason_with_fields_alone() -> None:
    told = planned_changes(
        [
            change("9", "source", type="exam"),
            change("7", "source", type="exam", status="reviewed"),
            change("7", "rederived", type="exam"),
        ]
    )

    assert told == [
        {"id": f"{PREFIX}7", "action": "create", "reason": "rederived", "fields": ["case.type"]},
        {
            "id": f"{PREFIX}7",
            "action": "create",
            "reason": "source",
            "fields": ["case.status", "case.type"],
        },
        {"id": f"{PREFIX}9", "action": "create", "reason": "source", "fields": ["case.type"]},
    ]
