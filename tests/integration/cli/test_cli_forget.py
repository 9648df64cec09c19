"""Rule R25: a clinic's data are deleted by one command, and nobody else's."""

from uuid import UUID

import pytest

from idexx_sync.database.connection import Conn, Database
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import CommandLine, Terminal
from tests.kit.database import insert, query, update
from tests.kit.lending import Lending
from tests.kit.records import MORNING, visits
from tests.kit.rows import add_credentials, add_hold, add_job, add_letter, add_login

STAYS = {"leases"}
"""Tables of ours of which a clinic's row stays."""


@pytest.fixture
def bench(conn: Conn, database: str, lent: Database) -> Bench:
    made = Bench(conn, database, add_clinic(conn), lent=lent)
    made.pims.records = visits(3)
    made.sync()
    return made


@pytest.fixture
def idexx_sync(bench: Bench, lending: Lending) -> CommandLine:
    return CommandLine(bench, lending=lending)


def ours(conn: Conn) -> list[str]:
    found = query(
        conn,
        "SELECT table_name AS name FROM information_schema.columns "
        "WHERE table_schema = 'idexx_sync' AND column_name = 'clinic_id' ORDER BY 1",
    )
    return [one["name"] for one in found]


def fill(conn: Conn, clinic_id: UUID) -> None:
    """Something in most tables of ours."""
    add_hold(conn, clinic_id, "times_shifted")
    add_credentials(conn, clinic_id)
    add_login(conn, clinic_id, MORNING, "ok")
    add_letter(conn, clinic_id, job_id=add_job(conn, clinic_id, MORNING, "failed"))
    word = {"clinic_id": clinic_id, "field": "status", "word": "odd", "first_seen_at": MORNING}
    insert(conn, "idexx_sync.unknown_words", {**word, "job_id": clinic_id})
    key = {"clinic_id": clinic_id, "external_id": "1", "case_id": clinic_id}
    insert(conn, "idexx_sync.case_keys", key)


def rows(conn: Conn, clinic_id: UUID) -> dict[str, int]:
    counted = {}
    for table in ours(conn):
        statement = f"SELECT count(*) AS n FROM idexx_sync.{table} WHERE clinic_id = %s"
        counted[table] = query(conn, statement, (clinic_id,))[0]["n"]
    return {table: number for table, number in counted.items() if number}


def test_r25_one_command_deletes_all_of_a_clinic_and_nothing_of_another(
    conn: Conn, bench: Bench, idexx_sync: CommandLine
) -> None:
    other = add_clinic(conn)
    for clinic_id in (bench.clinic_id, other):
        fill(conn, clinic_id)
    before, others, appointments = rows(conn, bench.clinic_id), rows(conn, other), bench.keys()
    assert len(before) > 9
    bench.stage("off")

    asked = idexx_sync("clinics", "forget", bench.clinic_id, stdin=Terminal("n\n"))
    assert (asked.code, "case keys" in asked.err) == (1, True)
    assert rows(conn, bench.clinic_id) == before
    told = idexx_sync("clinics", "forget", bench.clinic_id, "--yes", "--json")

    gone = {table: number for table, number in before.items() if table not in STAYS}
    assert (told.code, told.json["deleted"]) == (0, gone)
    assert rows(conn, bench.clinic_id).keys() == STAYS
    assert rows(conn, other) == others
    assert bench.keys() == appointments
    again = idexx_sync("clinics", "forget", bench.clinic_id, "--yes")
    assert (again.code, again.out.startswith("Nothing is kept of ")) == (0, True)


def test_r25_a_clinic_that_is_on_board_or_run_is_not_forgotten(
    conn: Conn, bench: Bench, idexx_sync: CommandLine
) -> None:
    before = rows(conn, bench.clinic_id)
    switched_on = idexx_sync("clinics", "forget", bench.clinic_id, "--yes", "--json")
    bench.stage("off")
    conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp() + interval '40 s'")
    is_run = idexx_sync("clinics", "forget", bench.clinic_id, "--yes", "--json")

    for refused in (switched_on, is_run):
        assert refused.code == 1
        assert refused.json["error"]["kind"] == "clinic_on_board"
        assert "--stage off" in refused.json["error"]["message"]
    assert rows(conn, bench.clinic_id) == before


def test_r25_off_a_terminal_nobody_is_forgotten_by_mistake(
    conn: Conn, bench: Bench, idexx_sync: CommandLine
) -> None:
    bench.stage("off")
    before = rows(conn, bench.clinic_id)

    refused = idexx_sync("clinics", "forget", bench.clinic_id)
    assert refused.code == 2
    assert "give --yes" in refused.err
    assert idexx_sync("clinics", "forget", "nobody", "--yes").code == 1
    update(conn, "public.clinics", {"name": "West"}, id=bench.clinic_id)
    assert rows(conn, bench.clinic_id) == before
    assert idexx_sync("clinics", "forget", "West", "--yes").code == 0
