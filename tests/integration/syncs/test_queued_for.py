"""Which cases ODIS is still going to call or write about, and what is not known of it."""

from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

import pytest
from psycopg import Connection, connect
from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Database, writing
from idexx_sync.syncs.queued_store import Queued, queued_for
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import insert

type Conn = Connection[tuple[Any, ...]]

CALLS, EMAILS = "scheduled_discharge_calls", "scheduled_discharge_emails"


@pytest.fixture
def clinic_id(conn: Conn) -> UUID:
    return add_clinic(conn)


def add_case(conn: Conn, clinic_id: UUID) -> UUID:
    case_id = uuid4()
    insert(conn, "public.cases", {"id": case_id, "clinic_id": clinic_id})
    return case_id


def plan(conn: Conn, clinic_id: UUID, table: str, status: str, case_id: UUID | None = None) -> UUID:
    """A call or an e-mail with that status, for a case; the case."""
    case_id = case_id or add_case(conn, clinic_id)
    values = {"user_id": add_user(conn, clinic_id), "case_id": case_id, "status": status}
    more = {"dynamic_variables": Jsonb({})} if table == CALLS else {}
    insert(conn, f"public.{table}", {**values, **more})
    return case_id


def test_a_case_counts_as_long_as_its_call_or_e_mail_has_not_ended(
    conn: Conn, lent: Database, clinic_id: UUID
) -> None:
    queued = {
        *(plan(conn, clinic_id, CALLS, word) for word in ("queued", "ringing", "in_progress")),
        plan(conn, clinic_id, EMAILS, "queued"),
    }
    ended = {
        *(plan(conn, clinic_id, CALLS, word) for word in ("completed", "failed", "cancelled")),
        *(plan(conn, clinic_id, EMAILS, word) for word in ("sent", "failed", "cancelled")),
    }
    twice = plan(conn, clinic_id, CALLS, "completed")
    plan(conn, clinic_id, CALLS, "queued", twice)
    plan(conn, clinic_id, EMAILS, "queued", twice)
    plan(conn, clinic_id, CALLS, "queued")  # of a case that nobody asks for
    asked = {*queued, *ended, twice, add_case(conn, clinic_id), uuid4()}

    assert queued_for(lent.connection(), asked) == Queued(frozenset({*queued, twice}))
    assert queued_for(lent.connection(), []) == Queued(frozenset())


CHANGED: Final[dict[str, LiteralString]] = {
    "gone": "DROP TABLE public.scheduled_discharge_calls",
    "without a status": "ALTER TABLE public.scheduled_discharge_calls DROP COLUMN status",
    "cases by another column": "ALTER TABLE public.scheduled_discharge_calls "
    "RENAME COLUMN case_id TO visit_id",
    "cases by text": "ALTER TABLE public.scheduled_discharge_calls DROP CONSTRAINT "
    "scheduled_discharge_calls_case_id_fkey, ALTER COLUMN case_id TYPE text",
    "a view of what we may not read": "ALTER TABLE public.scheduled_discharge_calls "
    "RENAME TO calls; CREATE VIEW public.scheduled_discharge_calls AS "
    "SELECT case_id, status FROM public.calls; "
    "ALTER VIEW public.scheduled_discharge_calls OWNER TO idexx_sync_authorizer; "
    "GRANT SELECT ON public.scheduled_discharge_calls TO idexx_sync_worker",
    "a view that breaks": "ALTER TABLE public.scheduled_discharge_calls "
    "RENAME TO calls; CREATE VIEW public.scheduled_discharge_calls AS "
    "SELECT case_id, (1 / (length(status::text) - length(status::text)))::text AS status "
    "FROM public.calls; "
    "GRANT SELECT ON public.scheduled_discharge_calls TO idexx_sync_worker",
    "no right": "REVOKE SELECT (case_id, status) ON public.scheduled_discharge_calls "
    "FROM idexx_sync_worker",
    "a right on half of it": "REVOKE SELECT (status) ON public.scheduled_discharge_calls "
    "FROM idexx_sync_worker",
    "no policy": "DROP POLICY idexx_sync ON public.scheduled_discharge_calls",
    "a policy that narrows": "CREATE POLICY less ON public.scheduled_discharge_calls "
    "AS RESTRICTIVE TO idexx_sync_worker USING (status = 'queued')",
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_table_that_can_not_be_read_is_named_and_the_other_one_counts(
    conn: Conn, lent: Database, clinic_id: UUID, change: LiteralString
) -> None:
    called = plan(conn, clinic_id, CALLS, "ringing")
    written = plan(conn, clinic_id, EMAILS, "queued")

    conn.execute(change)
    with writing(lent.connection()):
        found = queued_for(lent.connection(), [called, written])
        assert lent.connection().execute("SELECT 1").fetchone() == (1,)  # the transaction goes on

    assert found == Queued(frozenset({written}), (CALLS,))


def test_a_table_that_somebody_has_locked_is_not_waited_for(
    conn: Conn, lent: Database, database: str, clinic_id: UUID
) -> None:
    called = plan(conn, clinic_id, CALLS, "ringing")
    with connect(database) as other:
        other.execute(f"LOCK TABLE public.{CALLS} IN ACCESS EXCLUSIVE MODE")

        assert queued_for(lent.connection(), [called]) == Queued(frozenset(), (CALLS,))


def test_without_both_nothing_is_known(conn: Conn, lent: Database, clinic_id: UUID) -> None:
    case_id = add_case(conn, clinic_id)
    conn.execute(f"DROP TABLE public.{CALLS}, public.{EMAILS}")

    assert queued_for(lent.connection(), [case_id]) == Queued(frozenset(), (CALLS, EMAILS))


def test_a_status_that_nobody_knows_has_not_ended(
    conn: Conn, lent: Database, clinic_id: UUID
) -> None:
    """As a type of ODIS's own, too."""
    conn.execute(
        f"ALTER TABLE public.{CALLS} DROP CONSTRAINT {CALLS}_status_check, "
        "ALTER COLUMN status DROP DEFAULT, ALTER COLUMN status DROP NOT NULL"
    )
    conn.execute("CREATE TYPE public.call_status AS ENUM ('on_hold', 'completed')")
    conn.execute(
        f"ALTER TABLE public.{CALLS} ALTER COLUMN status TYPE public.call_status "
        "USING status::public.call_status"
    )
    on_hold = plan(conn, clinic_id, CALLS, "on_hold")
    completed = plan(conn, clinic_id, CALLS, "completed")

    assert queued_for(lent.connection(), [on_hold, completed]) == Queued(frozenset({on_hold}))
