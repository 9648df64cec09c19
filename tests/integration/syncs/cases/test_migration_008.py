"""What the migration for cases does to what is there, and its merge of documents."""

import json
from typing import Any

import psycopg
import pytest

from idexx_sync.database.connection import Conn
from idexx_sync.database.migrations import migrations_in
from tests.kit.clinic import add_clinic

UNDONE = """
    DROP TABLE idexx_sync.case_keys;
    DROP INDEX idexx_sync.records_visits_by_start;
    DROP FUNCTION idexx_sync.with_leaves;
    ALTER TABLE idexx_sync.clinic_settings DROP COLUMN acting_user_id, DROP COLUMN live_from;
"""


def test_clinics_that_are_on_already_have_had_their_first_day(conn: Conn) -> None:
    clinics = {
        stage: add_clinic(conn, stage=stage) for stage in ("off", "shadow", "canary", "live")
    }
    (migration,) = [one for one in migrations_in() if one.name == "008_cases"]

    with conn.transaction(force_rollback=True):
        conn.execute(UNDONE)
        conn.execute("UPDATE idexx_sync.clinic_settings SET created_at = '2026-03-01 12:00Z'")
        conn.execute(migration.sql)
        days: dict[Any, Any] = dict(
            conn.execute("SELECT clinic_id, live_from::text FROM idexx_sync.clinic_settings")
        )

    assert {stage: days[clinic] for stage, clinic in clinics.items()} == {
        "off": None,
        "shadow": None,
        "canary": "2026-03-01",
        "live": "2026-03-01",
    }


MERGED: list[tuple[Any, dict[str, Any], list[str], Any]] = [
    (None, {"a.b": 1}, [], {"a": {"b": 1}}),
    ({"a": None, "z": 1}, {"a.b.c": [1]}, [], {"a": {"b": {"c": [1]}}, "z": 1}),
    ({"a": {"b": 1, "c": 2}}, {"a.b": None}, [], {"a": {"b": None, "c": 2}}),
    ({"a": {"b": 1, "c": 2}, "d": 3}, {}, ["a.b", "d", "e.f"], {"a": {"c": 2}}),
    ({"a": {"b": 1}}, {"a": {"n": 1}}, [], {"a": {"n": 1}}),
]


@pytest.mark.parametrize(("held", "leaves", "cleared", "merged"), MERGED)
def test_leaves_are_set_and_what_lies_beside_them_stays(
    conn: Conn, held: Any, leaves: dict[str, Any], cleared: list[str], merged: Any
) -> None:
    for before in {json.dumps(held), None if held is None else json.dumps(held)}:
        row = conn.execute(
            "SELECT idexx_sync.with_leaves(%s::jsonb, %s::jsonb, %s::text[])",
            (before, json.dumps(leaves), cleared),
        ).fetchone()
        assert row == (merged,)


@pytest.mark.parametrize("held", ['{"a": 1}', '{"a": []}', '{"a": "text"}'])
def test_what_is_no_object_is_never_replaced_by_one(conn: Conn, held: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="no object at a"):
        conn.execute("SELECT idexx_sync.with_leaves(%s, '{\"a.b\": 1}', '{}')", (held,))


def test_a_key_belongs_to_one_case_and_outlives_it(conn: Conn) -> None:
    clinic_id = add_clinic(conn)
    keep = """
        INSERT INTO idexx_sync.case_keys (clinic_id, external_id, case_id)
        VALUES (%s, 'pims-appt-idexx-neo-1', gen_random_uuid())
    """
    conn.execute(keep, (clinic_id,))

    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute(keep, (clinic_id,))


def test_a_user_who_leaves_odis_takes_no_setting_along(conn: Conn, user_id: Any) -> None:
    clinic_id = add_clinic(conn, acting_user_id=user_id)

    conn.execute("DELETE FROM public.users WHERE id = %s", (user_id,))

    row = conn.execute(
        "SELECT base_url IS NOT NULL, acting_user_id FROM idexx_sync.clinic_settings "
        "WHERE clinic_id = %s",
        (clinic_id,),
    ).fetchone()
    assert row == (True, None)
