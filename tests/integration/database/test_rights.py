"""Who may do what in a database of the hosting platform: strangers, its users, and roles of ours.

The database is migrated as there: by the owner of ODIS's tables, who is no superuser.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database import migrations
from idexx_sync.database.rights import FUNCTIONS, MEMBER_OF, RIGHTS, Rights
from idexx_sync.database.rights_check.check import wrong_rights
from idexx_sync.database.schema import refuse_unfit
from local_stack.postgres import Postgres
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import as_role, insert, query
from tests.kit.paths import ODIS_TABLES, ROOT
from tests.kit.wrong_rights import FINE, WRONG, mend, statements_of

type Conn = Connection[tuple[Any, ...]]

OURS = ("public.clinic_api_keys", "public.case_sync_audits")
VERBS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
WHOLE = ("DELETE", "TRUNCATE", "TRIGGER")


@contextmanager
def hosted_database(postgres: Postgres, name: str) -> Iterator[tuple[Conn, str]]:
    """ODIS's tables in a database whose owner is as the platform's: the superuser's connection,
    and the owner's address. What a creator of roles may do with them, this one may with ours."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'made-up' CREATEROLE BYPASSRLS")
        for role in RIGHTS:
            admin.execute(f"GRANT {role} TO {name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    owner = make_conninfo(postgres.dsn(name), user=name, password="made-up")
    with psycopg.connect(owner, autocommit=True) as conn:
        conn.execute(ODIS_TABLES.read_bytes())
    with psycopg.connect(postgres.dsn(name), autocommit=True) as conn:
        yield conn, owner
    postgres.drop_database(name)
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture(scope="module")
def owner(hosted: tuple[Conn, str]) -> str:
    return hosted[1]


@pytest.fixture(scope="module")
def hosted(postgres: Postgres, prepared: str) -> Iterator[tuple[Conn, str]]:
    with hosted_database(postgres, "hosted") as (conn, owner):
        with psycopg.connect(owner, autocommit=True) as migrating:
            migrations.apply(migrating)
        yield conn, owner


@pytest.fixture
def conn(hosted: tuple[Conn, str]) -> Iterator[Conn]:
    """Whatever a test does in there, nothing of it stays."""
    with hosted[0].transaction(force_rollback=True):
        yield hosted[0]


@contextmanager
def acting(conn: Conn, role: str, **claims: Any) -> Iterator[Conn]:
    """As that role; with claims as the platform hands them on from a user's token."""
    with conn.transaction(force_rollback=True):
        conn.execute(f"SET LOCAL ROLE {role}")
        token = psycopg.types.json.Jsonb({"role": role, **claims})
        conn.execute("SELECT set_config('request.jwt.claims', %s::jsonb::text, true)", (token,))
        yield conn


@pytest.fixture
def clinic(conn: Conn) -> UUID:
    """A clinic with a key, a job and an audit."""
    clinic_id = add_clinic(conn)
    insert(
        conn,
        "public.clinic_api_keys",
        {"clinic_id": clinic_id, "api_key": "a" * 64, "scopes": ["jobs:read"]},
    )
    insert(
        conn,
        "public.case_sync_audits",
        {"clinic_id": clinic_id, "sync_type": "create", "status": "success", "job_id": uuid4()},
    )
    return clinic_id


FORGE = """INSERT INTO public.case_sync_audits (clinic_id, sync_type, status)
           SELECT id, 'create', 'success' FROM public.clinics"""
ATTACKS: dict[str, LiteralString] = {
    "read keys": "SELECT api_key FROM public.clinic_api_keys",
    "make a key an operator's": "UPDATE public.clinic_api_keys "
    "SET is_operator = true, clinic_id = NULL, scopes = '{sync:reconciliation}'",
    "put a hash in": "UPDATE public.clinic_api_keys SET api_key = repeat('b', 64)",
    "make a key": "INSERT INTO public.clinic_api_keys (is_operator, api_key) VALUES (true, 'c')",
    "remove keys": "DELETE FROM public.clinic_api_keys",
    "forge an audit": FORGE,
    "change audits": "UPDATE public.case_sync_audits SET status = 'error'",
    "remove audits": "TRUNCATE public.case_sync_audits",
    "read jobs": "SELECT 1 FROM idexx_sync.jobs",
    "read credentials": "SELECT sealed FROM idexx_sync.credentials",
    "read sessions": "SELECT sealed FROM idexx_sync.sessions",
    "lead the login elsewhere": "UPDATE idexx_sync.clinic_settings SET base_url = 'https://x'",
    "write a case": "UPDATE public.cases SET status = 'completed'",
    "look a key up": "SELECT * FROM idexx_sync.find_key(repeat('a', 64))",
    "tell ODIS": "SELECT idexx_sync.tell_changes(gen_random_uuid(), '{}')",
    "number logins": "SELECT nextval('idexx_sync.logins_id_seq')",
    "undo migrations": "DELETE FROM idexx_sync.migrations",
}
KEYS = {name for name in ATTACKS if "key" in name or "hash" in name}
AUDITS = {name for name in ATTACKS if "audit" in name}
OWN_TABLES = {"write a case", "forge an audit", "change audits"}
MAY: dict[str, set[str]] = {
    "anon": {"write a case"},  # of which its policies leave none
    "authenticated": {"write a case"},
    "service_role": (KEYS | AUDITS | {"write a case"}) - {"look a key up"},
    "idexx_sync_worker": OWN_TABLES
    | {"read jobs", "read credentials", "read sessions", "tell ODIS"},
    "idexx_sync_api": {"read jobs"},
    "idexx_sync_authorizer": {"look a key up"},
    "idexx_sync_operator": OWN_TABLES
    | {"read jobs", "read credentials", "read sessions", "tell ODIS"}
    | {"lead the login elsewhere", "make a key"},
}
"""Role -> what is no attack of that one; `migrate` owns what is ours."""


@pytest.mark.parametrize("role", MAY)
def test_only_those_may_do_it_whose_work_it_is(conn: Conn, clinic: UUID, role: str) -> None:
    may = set()
    for name, statement in ATTACKS.items():
        with acting(conn, role, sub=str(uuid4())):
            try:
                conn.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                continue
            may.add(name)

    assert may == MAY[role], clinic


@pytest.mark.parametrize("role", ["member", "viewer", "owner"])
def test_a_user_sees_the_own_clinics_audits_and_writes_none(
    conn: Conn, clinic: UUID, role: str
) -> None:
    other = add_clinic(conn)
    insert(
        conn,
        "public.case_sync_audits",
        {"clinic_id": other, "sync_type": "create", "status": "success"},
    )
    user = add_user(conn, clinic)
    conn.execute("UPDATE public.user_clinic_access SET role = %s", (role,))

    def seen(**claims: Any) -> set[UUID]:
        with acting(conn, "authenticated", **claims):
            found = conn.execute("SELECT clinic_id FROM public.case_sync_audits").fetchall()
        return {clinic_id for (clinic_id,) in found}

    assert seen(sub=str(user)) == {clinic}
    assert seen(sub=str(uuid4())) == set()
    assert seen() == set()
    assert seen(app_metadata={"super_admin": True}) == {clinic, other}
    for name in KEYS | AUDITS:
        with (
            acting(conn, "authenticated", sub=str(user), app_metadata={"super_admin": True}),
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(ATTACKS[name])


def test_the_service_role_writes_audits_with_their_own_stamps(conn: Conn, clinic: UUID) -> None:
    with acting(conn, "service_role"):
        assert conn.execute(FORGE).rowcount == 1
        last = "SELECT synced_at FROM public.case_sync_audits WHERE clinic_id = %s"
        assert conn.execute(last, (clinic,)).fetchone() is not None


def test_a_hash_is_replaced_only_by_whoever_was_presented_the_key(conn: Conn, clinic: UUID) -> None:
    (key,) = query(conn, "SELECT id FROM public.clinic_api_keys WHERE clinic_id = %s", (clinic,))
    old, new, own = ("a" * 64, "b" * 64, "c" * 64)

    def touched(*hashes: str) -> Any:
        row = conn.execute(
            "SELECT idexx_sync.touch_key(%s, %s, interval '0')", (key["id"], list(hashes))
        ).fetchone()
        assert row is not None
        return row[0]

    def stored() -> Any:
        return query(conn, "SELECT api_key FROM public.clinic_api_keys")[0]["api_key"]

    with conn.transaction(force_rollback=True):
        conn.execute("SET LOCAL ROLE idexx_sync_authorizer")
        answers = [touched(own), touched(own, "d" * 64), touched("open sesame", old)]
        conn.execute("RESET ROLE")
        assert (answers, stored()) == ([False] * 3, old)
        conn.execute("SET LOCAL ROLE idexx_sync_authorizer")
        answers = [touched(new, old), touched(old)]
        conn.execute("RESET ROLE")
        assert (answers, stored()) == ([True, False], new)


def all_rights(role: str) -> Rights:
    """The role's, and those that it has as a member of others."""
    merged: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in (role, *MEMBER_OF.get(role, ())):
        for relation, verbs in RIGHTS[one].items():
            for verb, columns in verbs.items():
                held = merged.setdefault(relation, {})
                whole = not columns or held.get(verb) == ()
                held[verb] = () if whole else (*held.get(verb, ()), *columns)
    return merged


def test_each_role_has_exactly_its_columns(conn: Conn) -> None:
    """As Postgres itself would judge, whoever granted it and by whatever way."""
    columns = query(
        conn,
        """
        SELECT format('%%s.%%s', c.relnamespace::regnamespace, c.relname) AS relation, c.oid,
               array_agg(a.attname::text) AS columns, pg_get_userbyid(c.relowner)::text AS owner
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
         WHERE c.relnamespace IN ('public'::regnamespace, 'idexx_sync'::regnamespace)
           AND c.relkind IN ('r', 'p', 'v') AND (a.attnum > 0 OR a.attname = 'xmin') AND %s
         GROUP BY c.oid
        """,
        (True,),
    )
    strangers: dict[str, Rights] = {
        "public": {},
        "anon": {},
        "authenticated": {"public.case_sync_audits": {"SELECT": ()}},
    }
    expected, found = set(), set()
    for role in (*RIGHTS, *strangers):
        rights = strangers[role] if role in strangers else all_rights(role)
        for table in columns:
            name = table["relation"]
            is_ours = name in OURS or name.startswith("idexx_sync.")
            if table["owner"] == role or (role in strangers and not is_ours):
                continue
            for verb, given in rights.get(name, {}).items():
                for column in given or table["columns"]:
                    expected.add((role, name, "" if verb in WHOLE else column, verb))
            held = conn.execute(
                """
                SELECT c, v FROM unnest(%(columns)s::text[]) AS c, unnest(%(verbs)s::text[]) AS v
                 WHERE has_column_privilege(%(role)s, %(oid)s::oid, c, v)
                 UNION ALL
                SELECT '', v FROM unnest(%(whole)s::text[]) AS v
                 WHERE has_table_privilege(%(role)s, %(oid)s::oid, v)
                """,
                {**table, "role": role, "verbs": list(VERBS), "whole": list(WHOLE)},
            ).fetchall()
            found |= {(role, name, column, verb) for column, verb in held}

    assert found == expected


def test_each_function_is_executed_by_its_roles_only(conn: Conn) -> None:
    roles = ["public", "anon", "authenticated", "service_role", *RIGHTS]
    may = conn.execute(
        """
        SELECT r, p.proname::text FROM unnest(%s::text[]) AS r, pg_proc p
         WHERE p.pronamespace = 'idexx_sync'::regnamespace
           AND has_function_privilege(r, p.oid, 'EXECUTE')
           AND pg_get_userbyid(p.proowner) <> r
        """,
        (roles,),
    ).fetchall()
    expected = {
        (role, name)
        for role in roles
        for of in (role, *MEMBER_OF.get(role, ()))
        for name in FUNCTIONS.get(of, ())
    }

    assert set(may) == expected


def test_who_may_look_into_our_schema(conn: Conn) -> None:
    may = conn.execute(
        """
        SELECT r FROM unnest(%s::text[]) AS r
         WHERE has_schema_privilege(r, 'idexx_sync', 'USAGE') ORDER BY r
        """,
        (["public", "anon", "authenticated", "service_role"],),
    ).fetchall()

    assert may == [("service_role",)]


LATER = """
    CREATE TABLE idexx_sync.later (id bigserial, clinic_id uuid REFERENCES public.clinics (id));
    CREATE TABLE public.later_here (id bigserial);
    CREATE FUNCTION idexx_sync.later() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""


def test_what_a_later_migration_makes_is_closed_from_its_beginning(
    postgres: Postgres, hosted: tuple[Conn, str], tmp_path: Path
) -> None:
    """Whoever migrates then needs no rights but our role's, and the platform's defaults are on."""
    conn, owner = hosted
    for one in migrations.migrations_in():
        (tmp_path / f"{one.name}.sql").write_bytes(one.sql)
    (tmp_path / "999_later.sql").write_text(LATER)
    with psycopg.connect(owner, autocommit=True) as odis:
        odis.execute("CREATE TABLE public.odis_later (id int)")
    address = as_role(postgres.dsn(conn.info.dbname), "migrate")
    with psycopg.connect(address, autocommit=True) as migrating:
        assert migrations.apply(migrating, tmp_path) == ["999_later"]

    may = conn.execute(
        """
        SELECT r, c.oid::regclass::text
          FROM unnest('{public,anon,authenticated,service_role}'::text[]) AS r, pg_class c
         WHERE c.relname LIKE '%later%' AND c.relkind = 'r'
           AND has_table_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
        """
    ).fetchall()
    called = conn.execute(
        """
        SELECT r FROM unnest('{public,anon,authenticated,service_role}'::text[]) AS r
         WHERE has_function_privilege(r, 'idexx_sync.later()', 'EXECUTE')
        """
    ).fetchall()
    said = wrong_rights(conn)
    with psycopg.connect(address, autocommit=True) as migrating:
        migrating.execute(
            "DROP TABLE idexx_sync.later, public.later_here; DROP FUNCTION idexx_sync.later();"
            "DELETE FROM idexx_sync.migrations WHERE name = '999_later'"
        )
    conn.execute("DROP TABLE public.odis_later")

    assert {role for role, _ in may} == {"anon", "authenticated", "service_role"}
    assert {table for _, table in may} == {"odis_later"}
    assert called == []
    assert said == {
        "idexx_sync.later": "row level security is off; "
        "run: ALTER TABLE idexx_sync.later ENABLE ROW LEVEL SECURITY"
    }


def test_what_is_wrong_is_named_with_what_mends_it(conn: Conn) -> None:
    for change, _, _ in WRONG.values():
        conn.execute(change)

    found = wrong_rights(conn)

    unsaid = [what for what, (_, place, says) in WRONG.items() if says not in found.get(place, "")]
    assert unsaid == []
    mend(conn, found)
    assert wrong_rights(conn) == {}


def test_a_role_that_is_gone_is_named_and_then_what_it_lacks(conn: Conn) -> None:
    conn.execute("ALTER ROLE idexx_sync_authorizer RENAME TO another")

    gone = wrong_rights(conn)
    mend(conn, gone)
    lacking = wrong_rights(conn)
    mend(conn, lacking)

    assert "there is no such role" in gone["idexx_sync_authorizer"]
    assert "idexx_sync_authorizer needs EXECUTE" in lacking["idexx_sync.find_key(text[])"]
    assert wrong_rights(conn) == {}


def test_what_does_no_harm_is_not_named(conn: Conn) -> None:
    before = wrong_rights(conn)
    for change in FINE.values():
        conn.execute(change)

    assert (before, wrong_rights(conn)) == ({}, {})


def test_nothing_is_said_of_whom_an_operator_calls_an_administrator(conn: Conn) -> None:
    conn.execute("CREATE ROLE backup LOGIN BYPASSRLS; GRANT pg_read_all_data TO backup")
    conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA idexx_sync TO backup, anon")

    found = wrong_rights(conn, frozenset({"backup", "anon"}))

    assert found["idexx_sync.jobs"].startswith("anon may SELECT and must not")
    assert "backup" not in str(found)


@pytest.mark.parametrize(
    ("hidden", "topic", "others"),
    [("pg_rewrite", "views", ["idexx_sync_worker"]), ("pg_auth_members", "roles", [])],
)
def test_what_can_not_be_seen_is_said_and_the_rest_is_compared(
    conn: Conn, hidden: str, topic: str, others: list[str]
) -> None:
    conn.execute(f"REVOKE SELECT ON pg_catalog.{hidden} FROM PUBLIC")
    conn.execute("GRANT idexx_sync_worker TO authenticated")

    with acting(conn, "idexx_sync_api"):
        found = wrong_rights(conn)

    assert f"permission denied for table {hidden}" in found[f"rights of {topic}"]
    assert found.keys() == {f"rights of {topic}", *others}


@contextmanager
def without_roles(conn: Conn, *roles: str) -> Iterator[None]:
    """For the time of the block the cluster has no roles of these names."""
    for role in roles:
        conn.execute(f"ALTER ROLE {role} RENAME TO away_{role}")
    try:
        yield
    finally:
        for role in roles:
            conn.execute(f"ALTER ROLE away_{role} RENAME TO {role}")


def test_a_plain_database_is_migrated_and_what_is_somebody_elses_is_named(
    postgres: Postgres,
    prepared: str,
) -> None:
    """Neither the platform's roles are there nor its functions, and one table is another's."""
    with hosted_database(postgres, "plain") as (conn, owner):
        conn.execute(
            "DROP FUNCTION public.user_has_clinic_access, public.is_super_admin CASCADE;"
            "ALTER TABLE public.vapi_bookings OWNER TO postgres"
        )
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            conn.execute(
                f"ALTER DEFAULT PRIVILEGES FOR ROLE plain IN SCHEMA public "
                f"REVOKE ALL ON {kind} FROM anon, authenticated, service_role"
            )
        conn.execute(f"REVOKE {', '.join(RIGHTS)} FROM plain")  # of whom another database has them
        with (
            without_roles(conn, "anon", "authenticated", "service_role"),
            psycopg.connect(owner, autocommit=True) as migrating,
        ):
            with pytest.raises(ConfigurationInvalid, match="not plain's to grant") as no:
                refuse_unfit(migrating)
            ((role, statement),) = statements_of(str(no.value))
            assert (role, statement) == (None, "GRANT idexx_sync_migrate TO plain")
            conn.execute(statement.encode())
            refuse_unfit(migrating)
            migrations.apply(migrating)
            said = wrong_rights(conn, frozenset({"hosted"}))
        policies = query(
            conn, "SELECT policyname FROM pg_policies WHERE tablename = 'case_sync_audits'"
        )

    assert said.keys() == {"public.vapi_bookings"}
    assert "idexx_sync_worker needs SELECT (clinic_id" in said["public.vapi_bookings"]
    assert "hides its rows from idexx_sync_worker" in said["public.vapi_bookings"]
    assert policies == [{"policyname": "idexx_sync"}]


def test_who_may_not_make_roles_is_told_which(
    postgres: Postgres,
    prepared: str,
) -> None:
    with hosted_database(postgres, "roleless") as (conn, owner):
        conn.execute("ALTER ROLE roleless NOCREATEROLE")
        with (
            without_roles(conn, "idexx_sync_api"),
            psycopg.connect(owner, autocommit=True) as migrating,
            pytest.raises(ConfigurationInvalid, match="may not make the role idexx_sync_api") as no,
        ):
            migrations.apply(migrating)
        pending = migrations.pending(conn)

    assert "CREATE ROLE idexx_sync_api NOLOGIN" in str(no.value)
    assert pending[0] == "022_rights"


def test_whoever_can_not_see_what_was_applied_is_told_so(conn: Conn) -> None:
    conn.execute("CREATE ROLE outsider; GRANT USAGE ON SCHEMA idexx_sync TO outsider")
    conn.execute("GRANT SELECT ON idexx_sync.migrations TO outsider")

    for ask in (migrations.pending, migrations.apply):
        with (
            acting(conn, "outsider"),
            pytest.raises(ConfigurationInvalid, match="connect as one of our roles") as no,
        ):
            ask(conn)
        assert no.value.code == "migrations_hidden"
    with acting(conn, "idexx_sync_api"):
        assert migrations.pending(conn) == []


SINCE_022 = [one.name for one in migrations.migrations_in() if one.name >= "022"]
BEFORE_022 = """
    SELECT id, idexx_sync.clock() FROM public.clinic_api_keys WHERE api_key IN (repeat('a', 64))
"""
"""How the authorizer of before asked for a key, as a login with rights on that table alone."""


def statements_under(heading: str) -> list[LiteralString]:
    """The blocks of SQL that docs/secrets.md has in that section, in their order."""
    section = (ROOT / "docs" / "secrets.md").read_text().partition(f"## {heading}\n")[2]
    return re.findall(r"```sql\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)


def test_an_upgrade_as_the_docs_have_it_refuses_no_key(
    postgres: Postgres, prepared: str, tmp_path: Path
) -> None:
    bridge, logins, taken_back = statements_under("Upgrading a deployment from before the roles")
    find = "SELECT id FROM idexx_sync.find_key(repeat('a', 64))"
    for migration in migrations.migrations_in()[: -len(SINCE_022)]:
        (tmp_path / f"{migration.name}.sql").write_bytes(migration.sql)

    with hosted_database(postgres, "upgraded") as (admin, owner):

        def found(statement: LiteralString, role: str = "old_authorizer") -> int:
            with acting(admin, role):
                return len(query(admin, statement))

        with psycopg.connect(owner, autocommit=True) as migrating:
            migrations.apply(migrating, tmp_path)
            migrating.execute("CREATE ROLE old_authorizer LOGIN PASSWORD 'made-up'")
            rights = "GRANT SELECT, UPDATE ON public.clinic_api_keys TO old_authorizer"
            migrating.execute(rights)
            key = {"clinic_id": add_clinic(admin), "api_key": "a" * 64, "scopes": ["jobs:read"]}
            insert(admin, "public.clinic_api_keys", key)

            migrating.execute(bridge)
            assert found(BEFORE_022) == 1
            assert migrations.apply(migrating) == SINCE_022
            assert (found(BEFORE_022), len(query(migrating, BEFORE_022))) == (1, 1)
            migrating.execute(logins)
            assert (found(BEFORE_022), found(find)) == (1, 1)
            assert found("SELECT name FROM idexx_sync.migrations", "sync_api") > 0
            migrating.execute(taken_back)
            assert found(find) == 1

            assert wrong_rights(admin, frozenset({"hosted"})) == {}

            # What it would have been without the bridge.
            migrating.execute(rights)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                found(BEFORE_022)
            migrating.execute(bridge.partition(";")[2])
            assert found(BEFORE_022) == 0
        for role in ("old_authorizer", "sync_worker", "sync_api", "sync_migrate"):
            admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
