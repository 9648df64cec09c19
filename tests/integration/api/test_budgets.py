"""What one key may order and wait for: counted in Postgres, and ending by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from idexx_sync.api.budgets import GIVEN_BACK_WITHIN_S
from idexx_sync.core.errors import NotFound
from idexx_sync.database.connection import connect
from idexx_sync.keys import budget_store
from idexx_sync.keys.budget_store import ENDS_WITHIN_S, Granted, UsedUp, give_back, spend
from idexx_sync.keys.budgets import LONGEST_WAIT_S, OF_A_CLINIC, WAITS_IN_ALL, Budget
from tests.kit.api import Api
from tests.kit.database import query
from tests.kit.gateway import Gateway, Response
from tests.kit.records import visits

INBOUND = "/api/sync/inbound"
WAIT = {"Prefer": "wait=20"}
SMALL = Budget(orders_a_minute=6, waits_at_once=2)


@pytest.fixture
def key_id(api: Api) -> UUID:
    api.as_clinic()
    (key,) = query(api.bench.conn, "SELECT id FROM public.clinic_api_keys")
    found: UUID = key["id"]
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key has a budget that is soon used up."""
    monkeypatch.setattr("idexx_sync.api.budgets.budget_of", lambda **_: SMALL)


def use_up(caller: Gateway) -> None:
    for _ in range(SMALL.orders_a_minute):
        assert caller.post(INBOUND).status == 202


def waits(api: Api) -> int:
    (found,) = query(
        api.bench.conn,
        "SELECT count(*) AS n FROM idexx_sync.key_budgets, jsonb_object_keys(waits)",
    )
    return int(found["n"])


def many_keys(api: Api, number: int) -> list[UUID]:
    api.as_clinic()
    made = query(
        api.bench.conn,
        """
        INSERT INTO public.clinic_api_keys (clinic_id, api_key, key_name, key_hint)
        SELECT k.clinic_id, encode(sha256(n::text::bytea), 'hex'), 'one of many', k.key_hint
          FROM generate_series(1, %s) n, (SELECT * FROM public.clinic_api_keys LIMIT 1) k
        RETURNING id
        """,
        (number,),
    )
    return [UUID(str(key["id"])) for key in made]


def at_once[T](api: Api, number: int, ask: Callable[[object], T]) -> list[T]:
    """So many processes, as far as the database can tell, at the same moment."""
    line = Barrier(number)

    def one(_: int) -> T:
        with connect(SecretStr(api.bench.url)) as conn:
            conn.execute("SELECT 1")
            line.wait()
            return ask(conn)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


@pytest.mark.usefixtures("small")
class TestOrders:
    def test_who_orders_too_often_is_told_when_to_come_again(self, api: Api) -> None:
        caller = api.as_clinic()
        use_up(caller)

        answer = caller.post(INBOUND)

        assert (answer.status, answer.code) == (429, "too_many_orders")
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        assert "6 runs a minute. Nothing was ordered; ask again in" in answer.json["detail"]

    def test_an_order_more_is_possible_when_it_was_said_to_be(self, api: Api) -> None:
        caller = api.as_clinic()
        use_up(caller)
        later = int(caller.post(INBOUND).headers["Retry-After"])
        api.bench.later(later / 60)

        assert [caller.post(INBOUND).status for _ in range(2)] == [202, 429]

    def test_another_key_orders_all_the_same(self, api: Api) -> None:
        use_up(api.as_clinic())

        assert api.as_clinic().post(INBOUND).status == 202
        assert api.as_other_clinic().post(INBOUND).status == 202

    def test_reading_is_no_order_and_is_always_possible(self, api: Api) -> None:
        caller = api.as_clinic()
        use_up(caller)
        (before,) = query(api.bench.conn, "SELECT xmin, * FROM idexx_sync.key_budgets")

        assert caller.get("/api/sync/jobs").status == 200
        assert caller.post(INBOUND, {"from": "soon"}).status == 422

        assert query(api.bench.conn, "SELECT xmin, * FROM idexx_sync.key_budgets") == [before]

    def test_retry_and_approval_are_orders_and_decide_nothing_beyond_them(self, api: Api) -> None:
        api.bench.pims.records = visits(20)
        job = api.bench.sync()
        api.bench.pims.records = []
        api.bench.later()
        api.bench.sync()
        hold = api.bench.hold("empty_calendar")["id"]
        caller = api.as_clinic()
        use_up(caller)

        answers = [
            caller.post(f"/api/sync/jobs/{job.id}/retry"),
            caller.post(f"/api/sync/holds/{hold}/approve", {"seen": api.bench.version(hold)}),
        ]

        assert [answer.code for answer in answers] == ["too_many_orders"] * 2
        assert api.bench.hold("empty_calendar")["status"] == "open"
        api.bench.later(1)
        assert caller.post(f"/api/sync/jobs/{job.id}/retry").status in (202, 409)

    def test_of_many_at_once_exactly_the_budget_is_granted(self, api: Api, key_id: UUID) -> None:
        answers = at_once(
            api,
            12,
            lambda conn: spend(conn, key_id, SMALL, waits=False),  # type: ignore[arg-type]
        )

        assert sum(isinstance(answer, Granted) for answer in answers) == SMALL.orders_a_minute

    def test_a_moment_that_lies_far_ahead_locks_nobody_out(self, api: Api, key_id: UUID) -> None:
        """As after the database's clock was set back."""
        spend(api.bench.conn, key_id, SMALL, waits=True)
        api.bench.later(-60)

        assert isinstance(spend(api.bench.conn, key_id, SMALL, waits=True), Granted)
        assert waits(api) == 1

    def test_a_key_that_is_gone_does_not_exist(self, api: Api) -> None:
        with pytest.raises(NotFound):
            spend(api.bench.conn, UUID(int=7), SMALL, waits=False)


class TestWaits:
    def test_a_wait_is_given_back_however_the_request_ends(self, api: Api) -> None:
        caller = api.as_clinic()
        api.while_waiting = lambda: api.work() if waits(api) == 1 else None
        assert caller.post(INBOUND, headers=WAIT).status == 200
        assert waits(api) == 0

        api.while_waiting = None
        assert caller.post(INBOUND, headers=WAIT).status == 202
        other_days = caller.post(INBOUND, {"from": "2026-05-04"}, headers=WAIT)
        assert other_days.code == "sync_running"
        api.work()
        api.invocations.refusing = True
        assert caller.post(INBOUND, headers=WAIT).code == "worker_unavailable"
        assert waits(api) == 0

    def test_one_wait_too_many_is_refused_and_orders_nothing(self, api: Api, key_id: UUID) -> None:
        refused: list[Response] = []

        def while_all_wait() -> None:
            api.while_waiting = None
            for _ in range(OF_A_CLINIC.waits_at_once - 1):
                assert isinstance(spend(api.bench.conn, own, OF_A_CLINIC, waits=True), Granted)
            refused.append(caller.post("/api/sync/cases", headers=WAIT))
            refused.append(caller.post("/api/sync/cases"))

        caller = api.as_clinic()
        (own,) = {key["id"] for key in query(api.bench.conn, "SELECT id FROM clinic_api_keys")} - {
            key_id
        }
        api.while_waiting = while_all_wait
        caller.post(INBOUND, headers=WAIT)

        answer, without = refused
        assert (answer.status, answer.code) == (429, "too_many_waits")
        assert 1 <= int(answer.headers["Retry-After"]) <= ENDS_WITHIN_S
        assert "3 requests wait at once. Nothing was ordered; ask without" in answer.json["detail"]
        assert without.status == 202
        assert [sync for sync, _ in api.invocations.made] == ["inbound", "cases"]

    def test_of_many_at_once_exactly_as_many_wait(self, api: Api, key_id: UUID) -> None:
        many = Budget(orders_a_minute=60, waits_at_once=3)
        answers = at_once(
            api,
            10,
            lambda conn: spend(conn, key_id, many, waits=True),  # type: ignore[arg-type]
        )

        assert sum(isinstance(answer, Granted) and bool(answer.wait) for answer in answers) == 3
        assert {answer.what for answer in answers if isinstance(answer, UsedUp)} == {"waits"}
        assert waits(api) == 3

    def test_what_a_dead_process_holds_ends_by_itself(self, api: Api, key_id: UUID) -> None:
        for _ in range(SMALL.waits_at_once):
            spend(api.bench.conn, key_id, SMALL, waits=True)
        api.bench.later((LONGEST_WAIT_S + 1) / 60)
        assert isinstance(spend(api.bench.conn, key_id, SMALL, waits=True), UsedUp)
        api.bench.later(5 / 60)

        assert isinstance(spend(api.bench.conn, key_id, SMALL, waits=True), Granted)
        assert waits(api) == 1

    def test_what_is_no_wait_counts_for_nobody(self, api: Api, key_id: UUID) -> None:
        spend(api.bench.conn, key_id, SMALL, waits=True)
        odd = '{"a": "infinity", "b": null, "c": 1e300, "d": [], "e": -1}'
        api.bench.conn.execute("UPDATE idexx_sync.key_budgets SET waits = %s", (odd,))
        found = spend(api.bench.conn, key_id, SMALL, waits=True)

        assert isinstance(found, Granted)
        assert found.wait is not None
        assert waits(api) == 1

    def test_giving_back_ends_ones_own_wait_only(self, api: Api, key_id: UUID) -> None:
        first, second = (spend(api.bench.conn, key_id, SMALL, waits=True) for _ in range(2))
        assert isinstance(first, Granted)
        assert first.wait is not None
        give_back(api.bench.conn, key_id, first.wait)
        give_back(api.bench.conn, key_id, first.wait)

        (left,) = query(api.bench.conn, "SELECT waits FROM idexx_sync.key_budgets")
        assert isinstance(second, Granted)
        assert list(left["waits"]) == [str(second.wait)]

    def test_when_too_many_of_all_keys_wait_one_more_is_answered_at_once(
        self, api: Api, key_id: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(budget_store, "WAITS_IN_ALL", 2)
        for _ in range(2):
            spend(api.bench.conn, key_id, OF_A_CLINIC, waits=True)

        answer = api.as_clinic().post(INBOUND, headers=WAIT)

        assert answer.status == 202
        assert "Preference-Applied" not in answer.headers
        assert (api.slept, waits(api)) == ([], 2)

    def test_of_many_keys_at_once_no_more_than_all_together_may_wait(self, api: Api) -> None:
        number = 3 * WAITS_IN_ALL
        keys = iter(many_keys(api, number))
        answers = at_once(
            api,
            number,
            lambda conn: spend(conn, next(keys), OF_A_CLINIC, waits=True),  # type: ignore[arg-type]
        )

        granted = [answer for answer in answers if isinstance(answer, Granted)]
        assert len(granted) == number
        assert sum(answer.wait is not None for answer in granted) == WAITS_IN_ALL
        assert waits(api) == WAITS_IN_ALL

    def test_who_wants_no_wait_waits_for_nobody_who_does(self, api: Api, key_id: UUID) -> None:
        (other,) = many_keys(api, 1)
        with (
            connect(SecretStr(api.bench.url)) as counting,
            connect(SecretStr(api.bench.url)) as conn,
            counting.transaction(),
        ):
            spend(counting, other, OF_A_CLINIC, waits=True)
            conn.execute("SET lock_timeout = '200ms'")

            assert isinstance(spend(conn, key_id, OF_A_CLINIC, waits=False), Granted)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                spend(conn, key_id, OF_A_CLINIC, waits=True)

    def test_a_wait_that_can_not_be_given_back_is_no_failure(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise psycopg.OperationalError("gone")

        monkeypatch.setattr("idexx_sync.api.budgets.give_back", broken)
        api.while_waiting = lambda: api.work() if len(api.slept) == 1 else None

        assert api.as_clinic().post(INBOUND, headers=WAIT).status == 200

    def test_who_waits_and_who_gives_back_leave_time_to_answer(self) -> None:
        assert LONGEST_WAIT_S + GIVEN_BACK_WITHIN_S < 25
        assert OF_A_CLINIC.waits_at_once < WAITS_IN_ALL


def test_the_document_and_the_page_say_the_figures(api: Api) -> None:
    document = api.gateway.get("/openapi.json").json
    order = document["paths"][INBOUND]["post"]

    assert f"a key may order {OF_A_CLINIC.orders_a_minute} a minute" in order["description"]
    assert "Retry-After" in order["responses"]["429"]["headers"]
    assert "`too_many_waits`" in order["responses"]["429"]["description"]
