"""The manner of a job: what old rows become, both releases side by side, and who joins whom."""

import json
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.core.errors import Conflict
from idexx_sync.core.vocabulary import Manner, Stage
from idexx_sync.database.connection import Conn
from idexx_sync.database.migrations import migrations_in
from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.store import begin, insert, job_by_id
from idexx_sync.jobs.submission import RunRequest, submit
from tests.kit.clinic import add_clinic
from tests.kit.database import query, update
from tests.kit.rows import before

UNDONE = """
    DROP TRIGGER manner_of_both_releases ON idexx_sync.jobs;
    DROP FUNCTION idexx_sync.keep_manner_of_both_releases;
    ALTER TABLE idexx_sync.jobs DROP COLUMN manner;
"""
OF_THE_RELEASE_BEFORE = """
    INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, params, result, finished_at)
    VALUES (gen_random_uuid(), %s, 'inbound', 'cli', %s, %s, %s)
"""


def dispatch(sync: object, job_id: object) -> None:
    """Invokes nobody."""


def test_runs_that_wrote_nothing_become_previews(conn: Conn) -> None:
    clinic = add_clinic(conn)
    (migration,) = [one for one in migrations_in() if one.name == "011_manner"]
    rows: list[tuple[dict[str, object], dict[str, object] | None]] = [
        ({"dry_run": True, "from": "2026-05-04"}, None),
        ({}, {"plan": []}),
        ({"dry_run": False}, {"counts": {}}),
        ({}, None),
    ]
    with conn.transaction(force_rollback=True):
        conn.execute(UNDONE)
        for n, (params, result) in enumerate(rows):
            stored = None if result is None else json.dumps(result)
            conn.execute(
                OF_THE_RELEASE_BEFORE, (clinic, json.dumps(params), stored, before(days=9 - n))
            )
        conn.execute(migration.sql)
        found = query(conn, "SELECT manner, params FROM idexx_sync.jobs ORDER BY finished_at")

    assert [(row["manner"], row["params"]) for row in found] == [
        ("preview", {"from": "2026-05-04"}),
        ("preview", {}),
        ("apply", {}),
        ("apply", {}),
    ]


def test_each_release_knows_the_previews_of_the_other(conn: Conn) -> None:
    clinic = add_clinic(conn)
    conn.execute(OF_THE_RELEASE_BEFORE, (clinic, Jsonb({"dry_run": True}), None, None))
    (theirs,) = query(conn, "SELECT id FROM idexx_sync.jobs")
    found = job_by_id(conn, theirs["id"])
    ours = insert(conn, new_order(clinic, "inbound", "cli", manner="preview")).fetchone()

    assert found is not None
    assert ours is not None
    assert (found.manner, found.params, ours.manner, ours.params) == ("preview", {}, "preview", {})
    (stored,) = query(conn, "SELECT params FROM idexx_sync.jobs WHERE id = %s", (ours.id,))
    assert stored["params"] == {"dry_run": True}


@pytest.mark.parametrize(
    ("asked", "stage", "becomes"),
    [
        ("apply", "live", "apply"),
        ("apply", "canary", "apply"),
        ("apply", "shadow", "observe"),
        ("preview", "shadow", "preview"),
        ("observe", "live", "observe"),
    ],
)
def test_the_manner_is_settled_when_the_job_begins(
    conn: Conn, asked: Manner, stage: Stage, becomes: Manner
) -> None:
    order = new_order(add_clinic(conn, stage=stage), "inbound", "cli", manner=asked)

    begun = begin(conn, order, 45)

    assert begun.job is not None
    assert begun.job.manner == becomes


def test_a_later_attempt_does_not_apply_what_the_first_one_observed(conn: Conn) -> None:
    clinic = add_clinic(conn, stage="shadow")
    order = new_order(clinic, "inbound", "cli")
    begin(conn, order, 45)
    _stage(conn, clinic, "live")
    conn.execute("UPDATE idexx_sync.leases SET expires_at = now()")

    again = begin(conn, order, 45)

    assert again.job is not None
    assert (again.job.attempt, again.job.manner) == (2, "observe")


def test_equal_requests_join_in_shadow_too_and_previews_do_not_join_others(conn: Conn) -> None:
    clinic = add_clinic(conn, stage="shadow")
    request = RunRequest(clinic, "inbound", "api", WindowParams())
    job = submit(conn, dispatch, request)
    begin(conn, new_order(clinic, "cases", "cli"), 45)
    update(conn, "idexx_sync.jobs", {"manner": "observe", "status": "running"}, id=job.id)

    assert submit(conn, dispatch, request).id == job.id
    with pytest.raises(Conflict):
        submit(conn, dispatch, RunRequest(clinic, "inbound", "api", WindowParams(), "preview"))
    _stage(conn, clinic, "live")
    with pytest.raises(Conflict):
        submit(conn, dispatch, request)


def _stage(conn: Conn, clinic_id: UUID, stage: Stage) -> None:
    update(conn, "idexx_sync.clinic_settings", {"stage": stage}, clinic_id=clinic_id)
