"""Keys in the database: made, found, used, rotated, revoked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.core.errors import Conflict, InvalidInput, NotFound, RequestRefused
from idexx_sync.core.vocabulary import CLINIC_SCOPES, OPERATOR_SCOPES, SCOPES
from idexx_sync.keys.format import Peppers, hashed, hint_of, is_key, read_peppers
from idexx_sync.keys.lookup import FIND_KEY, FoundKey, find_key, touch_key
from idexx_sync.keys.store import NewKey, create_key, key_by_id, keys_listed, revoke_key, rotate_key
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.races import at_once
from tests.kit.settings import LOCAL_KEY, PEPPER

Conn = Connection[tuple[Any, ...]]

NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
PEPPERS = read_peppers(PEPPER)
NEXT = read_peppers(LOCAL_KEY)
BOTH = Peppers(NEXT.begun + PEPPERS.begun)


@pytest.fixture
def clinic_id(conn: Conn) -> UUID:
    return add_clinic(conn)


def make(conn: Conn, clinic_id: UUID | None, **changes: Any) -> NewKey:
    return create_key(
        conn,
        PEPPERS,
        **{
            "clinic_id": clinic_id,
            "scopes": ["jobs:read"],
            "name": "a tester",
            "stage": "test",
            "now": NOW,
            **changes,
        },
    )


def find(
    conn: Conn, made: NewKey, now: datetime = NOW, peppers: Peppers = PEPPERS
) -> FoundKey | None:
    set_business_time(conn, now)
    return find_key(conn, hashed(made.text.get_secret_value(), peppers))


def state(conn: Conn, made: NewKey, now: datetime = NOW) -> str:
    """As a request sees it, and as the list must show it."""
    found = find(conn, made, now)
    assert found is not None
    assert key_by_id(conn, made.key.id).state(now) == found.state
    return found.state


def test_a_new_key_is_found_by_its_text(conn: Conn, clinic_id: UUID) -> None:
    made = make(conn, clinic_id, scopes=["sync:inbound", "jobs:read", "sync:inbound"])

    assert is_key(made.text.get_secret_value())
    assert find(conn, made) == FoundKey(
        id=made.key.id,
        clinic_id=clinic_id,
        name="a tester",
        is_operator=False,
        scopes=("jobs:read", "sync:inbound"),
        state="valid",
        is_due=True,
    )
    assert find(conn, replace(made, text=make(conn, clinic_id).text)) != find(conn, made)


def test_only_its_hash_and_hint_are_stored(conn: Conn, clinic_id: UUID) -> None:
    made = make(conn, clinic_id)
    text = made.text.get_secret_value()

    (row,) = query(conn, "SELECT * FROM public.clinic_api_keys")
    assert row["api_key"] == hashed(text, PEPPERS)[0]
    assert row["key_hint"] == hint_of(text)
    assert text[18:50] not in f"{row}{made}{made!r}"


def test_an_operators_key_has_no_clinic_and_may_hold_every_scope(conn: Conn) -> None:
    found = find(conn, make(conn, None, scopes=SCOPES))

    assert found is not None
    assert (found.clinic_id, found.is_operator) == (None, True)
    assert set(found.scopes) == set(SCOPES)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"scopes": []}, "scopes: a key needs at least one of"),
    ({"scopes": ["jobs:read", "jobs:reed"]}, "scopes: 'jobs:reed' is none of"),
    ({"scopes": ["sync:reconciliation"]}, "scopes: sync:reconciliation is for operators' keys"),
    ({"name": " "}, "name: 1 to 100 printable characters"),
    ({"name": "x" * 101}, "name: 1 to 100 printable characters"),
    ({"name": "two\nlines"}, "name: 1 to 100 printable characters"),
    ({"expires_at": NOW}, "expires_at: the key would be expired"),
    ({"clinic_id": UUID(int=7)}, "clinic_id: there is no clinic"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_refused_by_name(
    conn: Conn, clinic_id: UUID, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestRefused) as raised:
        make(conn, **{"clinic_id": clinic_id, **wrong})

    assert isinstance(raised.value, NotFound | InvalidInput)
    assert raised.value.message.startswith(said)
    assert raised.value.field == said.partition(":")[0]
    assert query(conn, "SELECT 1 FROM public.clinic_api_keys") == []


@pytest.mark.parametrize("scope", sorted(OPERATOR_SCOPES))
def test_the_database_keeps_operators_scopes_from_clinics_keys(
    conn: Conn, clinic_id: UUID, scope: str
) -> None:
    made = make(conn, clinic_id)
    operators = make(conn, None, scopes=[scope])

    for key in (made, operators):
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute(
                """
                UPDATE public.clinic_api_keys
                   SET scopes = scopes || %s, clinic_id = %s, is_operator = false WHERE id = %s
                """,
                ([scope], clinic_id, key.key.id),
            )


def test_an_operators_scope_in_a_clinics_row_means_nothing(conn: Conn, clinic_id: UUID) -> None:
    made = make(conn, clinic_id)
    conn.execute("ALTER TABLE clinic_api_keys DROP CONSTRAINT clinic_api_keys_operator_scopes")
    conn.execute("UPDATE clinic_api_keys SET scopes = %s", ([*SCOPES, "everything"],))

    found = find(conn, made)

    assert found is not None
    assert found.scopes == tuple(sorted(CLINIC_SCOPES))


@pytest.mark.parametrize("hashes", [1, 2])
def test_a_key_is_found_by_one_indexed_statement(conn: Conn, clinic_id: UUID, hashes: int) -> None:
    conn.execute(
        """
        INSERT INTO public.clinic_api_keys (clinic_id, api_key, scopes)
        SELECT %s, md5(n::text) || md5(n::text), '{jobs:read}' FROM generate_series(1, 5000) n
        """,
        (clinic_id,),
    )
    conn.execute("ANALYZE public.clinic_api_keys")
    made = make(conn, clinic_id)
    wanted = hashed(made.text.get_secret_value(), BOTH)[:hashes]

    def scans() -> dict[str, int]:
        """Those of this connection that are not written down yet, earlier tests' among them."""
        (read,) = query(
            conn,
            "SELECT seq_scan, idx_scan FROM pg_stat_xact_all_tables "
            "WHERE relid = 'public.clinic_api_keys'::regclass",
        )
        return read

    with conn.transaction():
        before = scans()
        for _ in range(10):  # however Postgres plans the function's statement once it knows it
            conn.execute(FIND_KEY[hashes], wanted)
        after = scans()

    assert after["seq_scan"] == before["seq_scan"]
    assert after["idx_scan"] >= before["idx_scan"] + 10


def test_states_follow_the_row_and_the_clock(conn: Conn, clinic_id: UUID) -> None:
    made = make(conn, clinic_id, expires_at=NOW + timedelta(days=1))
    last = NOW + timedelta(days=1, microseconds=-1)

    assert state(conn, made, last) == "valid"
    assert state(conn, made, NOW + timedelta(days=1)) == "expired"
    for inactive in ("false", "NULL"):
        conn.execute(f"UPDATE clinic_api_keys SET is_active = {inactive}")
        assert state(conn, made) == "inactive"
    conn.execute("UPDATE clinic_api_keys SET is_active = true, revoked_at = idexx_sync.clock()")
    assert state(conn, made) == "revoked"


def test_revoking_twice_is_revoking_once(conn: Conn, clinic_id: UUID) -> None:
    made, other = make(conn, clinic_id), make(conn, clinic_id)

    first = revoke_key(conn, made.key.id, NOW)
    again = revoke_key(conn, made.key.id, NOW + timedelta(hours=1))

    assert first == again
    assert first.revoked_at == NOW
    assert state(conn, made) == "revoked"
    assert state(conn, other) == "valid"
    with pytest.raises(NotFound, match="there is no key"):
        revoke_key(conn, uuid4(), NOW)
    with pytest.raises(NotFound, match="there is no key"):
        key_by_id(conn, uuid4())


def rotate(conn: Conn, made: NewKey, now: datetime = NOW, **more: Any) -> NewKey:
    return rotate_key(conn, PEPPERS, made.key.id, stage="test", now=now, **more)


def test_rotation_gives_both_keys_a_day(conn: Conn, clinic_id: UUID) -> None:
    old = make(conn, clinic_id, scopes=["holds:read", "jobs:read"], name="night shift")

    new = rotate(conn, old)

    assert new.text != old.text
    same = ("clinic_id", "is_operator", "name", "scopes", "expires_at")
    assert {getattr(new.key, field) == getattr(old.key, field) for field in same} == {True}
    day = timedelta(days=1)
    assert state(conn, old, NOW + day - timedelta(seconds=1)) == "valid"
    assert state(conn, old, NOW + day) == "expired"
    assert state(conn, new, NOW + 1000 * day) == "valid"
    assert key_by_id(conn, old.key.id).replaced_by == new.key.id


def test_a_rotated_key_never_ends_later_than_it_would_have(conn: Conn, clinic_id: UUID) -> None:
    hour = timedelta(hours=1)
    old = make(conn, clinic_id, expires_at=NOW + 30 * hour)

    new = rotate(conn, old, NOW + 20 * hour)

    assert key_by_id(conn, old.key.id).expires_at == NOW + 30 * hour
    assert new.key.expires_at == NOW + 50 * hour  # as long as the old one was made for


def test_the_overlap_and_the_end_can_be_chosen(conn: Conn, clinic_id: UUID) -> None:
    old = make(conn, clinic_id)
    week = NOW + timedelta(days=7)

    new = rotate(conn, old, overlap=timedelta(0), expires_at=week)

    assert state(conn, old) == "expired"
    assert new.key.expires_at == week


def test_only_a_valid_key_that_was_not_rotated_can_be(conn: Conn, clinic_id: UUID) -> None:
    expired = make(conn, clinic_id, expires_at=NOW + timedelta(hours=1))
    revoked, rotated = make(conn, clinic_id), make(conn, clinic_id)
    revoke_key(conn, revoked.key.id, NOW)
    new = rotate(conn, rotated)
    before = keys_listed(conn)

    for made, said in (
        (expired, "is expired"),
        (revoked, "is revoked"),
        (rotated, f"was rotated already; rotate {new.key.id} instead"),
        (replace(new, key=replace(new.key, id=uuid4())), "there is no key"),
    ):
        with pytest.raises(RequestRefused, match=said):
            rotate(conn, made, NOW + timedelta(hours=2))
    assert keys_listed(conn) == before


def test_of_many_rotations_at_once_one_succeeds(conn: Conn, database: str, clinic_id: UUID) -> None:
    old = make(conn, clinic_id)

    def attempt(_number: int) -> bool:
        with psycopg.connect(database, autocommit=True) as own:
            try:
                rotate(own, old)
            except Conflict:
                return False
        return True

    assert sorted(at_once(20, attempt)) == [False] * 19 + [True]
    assert len(keys_listed(conn)) == 2


def test_the_list_is_newest_first_of_one_clinic_or_of_operators(
    conn: Conn, clinic_id: UUID
) -> None:
    minute = timedelta(minutes=1)
    first = make(conn, clinic_id).key
    second = make(conn, add_clinic(conn), now=NOW + minute).key
    third = make(conn, None, now=NOW + 2 * minute).key

    assert keys_listed(conn) == [third, second, first]
    assert keys_listed(conn, clinic_id=clinic_id) == [first]
    assert keys_listed(conn, operators=True) == [third]


def test_a_use_is_written_down_at_most_once_a_minute(conn: Conn, clinic_id: UUID) -> None:
    made = make(conn, clinic_id)
    hashes = hashed(made.text.get_secret_value(), PEPPERS)

    def touch(seconds: int) -> tuple[bool, bool, datetime | None]:
        now = NOW + timedelta(seconds=seconds)
        found = find(conn, made, now)
        assert found is not None
        wrote = touch_key(conn, made.key.id, hashes)
        return found.is_due, wrote, key_by_id(conn, made.key.id).last_used_at

    assert touch(0) == (True, True, NOW)
    assert touch(59) == (False, False, NOW)
    assert touch(60) == (True, True, NOW + timedelta(seconds=60))


def test_a_use_is_never_waited_for(conn: Conn, database: str, clinic_id: UUID) -> None:
    made = make(conn, clinic_id)
    hashes = hashed(made.text.get_secret_value(), PEPPERS)

    with psycopg.connect(database) as other:
        other.execute("SELECT 1 FROM clinic_api_keys FOR UPDATE")
        conn.execute("SET lock_timeout = '1s'")
        assert not touch_key(conn, made.key.id, hashes)
    assert touch_key(conn, made.key.id, hashes)


def test_while_the_pepper_is_replaced_both_count_and_a_use_moves_the_key_to_the_new_one(
    conn: Conn, clinic_id: UUID
) -> None:
    made, unused = make(conn, clinic_id), make(conn, clinic_id)
    assert find(conn, made, peppers=NEXT) is None

    found = find(conn, made, peppers=BOTH)
    assert found is not None
    assert touch_key(conn, found.id, hashed(made.text.get_secret_value(), BOTH))

    assert find(conn, made, peppers=NEXT) is not None
    assert find(conn, made, peppers=PEPPERS) is None
    assert find(conn, unused, peppers=BOTH) is not None
    assert find(conn, unused, peppers=NEXT) is None
    assert find(conn, create_with(conn, clinic_id, BOTH), peppers=NEXT) is not None


def create_with(conn: Conn, clinic_id: UUID, peppers: Peppers) -> NewKey:
    return create_key(
        conn,
        peppers,
        clinic_id=clinic_id,
        scopes=["jobs:read"],
        name="x",
        stage="test",
        now=NOW,
    )


def test_migration_005_takes_operators_scopes_from_clinics_keys(
    conn: Conn, clinic_id: UUID
) -> None:
    from idexx_sync.database.migrations import migrations_in

    made = make(conn, clinic_id, scopes=["jobs:read", "sync:inbound"])
    operators = make(conn, None, scopes=SCOPES)
    conn.execute("""
        ALTER TABLE clinic_api_keys DROP CONSTRAINT clinic_api_keys_operator_scopes,
                                    DROP COLUMN replaced_by;
        UPDATE clinic_api_keys SET scopes = scopes || '{sync:reconciliation}' WHERE NOT is_operator
    """)
    (migration,) = [one for one in migrations_in() if one.name == "005_clinic_api_keys_scopes"]

    conn.execute(migration.sql)

    assert key_by_id(conn, made.key.id) == made.key
    assert key_by_id(conn, operators.key.id) == operators.key
