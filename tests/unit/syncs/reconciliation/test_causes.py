"""The table of causes: every field has one, and every treatment is one that the table knows."""

import re
from datetime import date, timedelta
from typing import get_args

import pytest

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.syncs.cases.fields import FIELDS, STAMPS, TIMES
from idexx_sync.syncs.inbound.model import COLUMNS
from idexx_sync.syncs.reconciliation.cause_of import by_cause, cause_of_column, cause_of_field
from idexx_sync.syncs.reconciliation.causes import (
    CAUSES,
    POLICIES,
    TREATMENTS,
    Cause,
    Override,
    treatment_of,
)
from tests.kit.paths import ROOT

TODAY = date(2026, 5, 5)
KINDS: tuple[LoggedKind, ...] = get_args(LoggedKind)


def test_every_cause_has_a_policy_with_its_reason() -> None:
    assert set(POLICIES) == set(CAUSES)
    assert all(policy.because for policy in POLICIES.values())


def test_what_is_fixed_by_itself_may_be_fixed() -> None:
    for cause, policy in POLICIES.items():
        if policy.treatment == "fix":
            assert policy.fixes == set(KINDS), cause


def test_fixed_are_deleted_cancelled_moved_and_reappeared_and_no_other_cause() -> None:
    fixed = {cause for cause, policy in POLICIES.items() if policy.treatment == "fix"}

    assert fixed == {"deleted_in_neo", "cancelled_in_neo", "moved", "reappeared"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wanted", TREATMENTS)
@pytest.mark.parametrize("cause", CAUSES)
def test_a_clinics_wish_counts_where_the_cause_may_be_fixed(
    cause: Cause, wanted: str, kind: LoggedKind
) -> None:
    until = TODAY if wanted == "ignore" else None
    overrides = {cause: Override(wanted, until)}  # type: ignore[arg-type]

    found = treatment_of(cause, kind, overrides, TODAY)

    is_refused = wanted in ("fix", "hold") and kind not in POLICIES[cause].fixes
    assert found == ("report" if is_refused else wanted)


@pytest.mark.parametrize("cause", CAUSES)
def test_after_its_last_day_nothing_is_ignored(cause: Cause) -> None:
    overrides = {cause: Override("ignore", TODAY - timedelta(days=1))}

    assert treatment_of(cause, "case", overrides, TODAY) == POLICIES[cause].treatment


def test_a_wish_for_one_cause_says_nothing_of_another() -> None:
    assert treatment_of("moved", "case", {"reappeared": Override("report")}, TODAY) == "fix"


def test_every_column_of_a_row_has_a_cause() -> None:
    assert {cause_of_column(name) for name in (*COLUMNS, "removed")} == {
        "moved",
        "status_differs",
        "contact_differs",
        "record_differs",
        "reappeared",
    }
    assert [name for name in COLUMNS if cause_of_column(name) == "reappeared"] == []


def test_every_field_of_a_case_has_a_cause_but_stamps_and_what_is_odiss() -> None:
    without = {name for name in FIELDS if cause_of_field(name) is None}

    assert without == STAMPS | {"case.clinic_id", "case.user_id", "case.extreme_case_check"}
    assert {name for name in FIELDS if cause_of_field(name) == "moved"} == TIMES


def test_what_tells_of_people_is_a_contact() -> None:
    contacts = {name for name in FIELDS if cause_of_field(name) == "contact_differs"}

    told = {name for name in FIELDS if "owner" in name or "client" in name or "phone" in name}
    assert told <= contacts
    assert not {name for name in contacts if "notes" in name or "products" in name.casefold()}


def test_fields_are_grouped_by_their_cause() -> None:
    causes: dict[str, Cause] = {"b": "moved", "a": "moved", "c": "status_differs"}

    assert by_cause(["c", "b", "a", "unknown"], causes) == {
        "moved": ["a", "b"],
        "status_differs": ["c"],
    }


def test_the_documents_table_says_what_the_code_does() -> None:
    table = re.findall(
        r"^\| `(\w+_\w+|moved|reappeared)` \|[^|]*\| (\w+) \|[^|]*\|$",
        (ROOT / "docs" / "rules.md").read_text(),
        re.MULTILINE,
    )

    assert dict(table) == {cause: policy.treatment for cause, policy in POLICIES.items()}
