"""Every route with every combination of the scopes that it needs: its own, and its sync's.

What a route needs is said here by its method and path alone, so that a new one is tried at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from idexx_sync.api.models import (
    DecisionBody,
    MuteBody,
    ReconciliationRequest,
    RefreshBody,
    SyncRequest,
    WhyBody,
)
from idexx_sync.api.routes import ROUTES, Route
from idexx_sync.core.catalog import CATALOG, SYNCS, SyncName
from idexx_sync.core.vocabulary import CLINIC_SCOPES, SCOPES, Scope
from tests.kit.api import Api
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import insert, query
from tests.kit.gateway import Response
from tests.kit.rows import add_alert, add_letter
from tests.kit.shelf import Shelf

ABOUT_NO_SYNC: Final = {
    "refresh_schedules",
    "acknowledge_alert",
    "mute_alert",
    "unmute_alert",
    *("pause_clinic", "resume_clinic", "pause_all", "resume_all"),
}
"""Operations that change something and act on no sync; each a decision of its own."""
STARTS: Final = {row.operation: row.scope for row in CATALOG.values()}
KEYED: Final = [route for route in ROUTES if route.scope is not None]


def names(route: Route) -> str | None:
    """The variable part by which its path names something of a sync."""
    return next(
        (name for name in ("job_id", "hold_id", "letter_id") if f"{{{name}}}" in route.path), None
    )


def needed(route: Route, sync: SyncName) -> list[Scope]:
    """In the order in which they are asked for."""
    assert route.scope is not None
    acts = route.method != "GET" and names(route) is not None
    return [route.scope, CATALOG[sync].scope] if acts else [route.scope]


@dataclass(frozen=True)
class Things:
    """A clinic with an ended job, an open hold, a parked letter and an alert of each sync, and two
    keys to ask with."""

    api: Api
    ids: dict[SyncName, dict[str, str]]
    keys: dict[bool, UUID]
    """By whether it is an operator's."""

    def ask(
        self,
        route: Route,
        sync: SyncName,
        scopes: set[Scope],
        *,
        operator: bool = True,
        clinic_id: UUID | None = None,
    ) -> Response:
        """As the authorizer would hand the request on."""
        clinic_id = clinic_id or self.api.bench.clinic_id
        body = {"clinic_id": str(clinic_id)}
        if route.body is DecisionBody:
            body = {"seen": self.api.bench.version(self.ids[sync]["hold_id"])}
        if issubclass(route.body, WhyBody):
            body = {"reason": "a test"}
        if route.body is MuteBody:
            body = {"until": "2026-05-05T00:00:00Z"}
        bodies = (
            *(SyncRequest, ReconciliationRequest, RefreshBody),
            *(DecisionBody, WhyBody, MuteBody),
        )
        has_body = issubclass(route.body, bodies)
        path = route.path.format(**self.ids[sync], clinic_id=clinic_id)
        event = self.api.gateway._event(route.method, path, body if has_body else None, {})
        event["requestContext"]["authorizer"] = {
            "key_id": str(self.keys[operator]),
            "clinic_id": "" if operator else str(clinic_id),
            "operator": "true" if operator else "false",
            "scopes": " ".join(scopes if operator else scopes & CLINIC_SCOPES),
        }
        answer = self.api.gateway.functions[route.function](event, None)
        return Response(answer["statusCode"], answer["headers"], answer["body"])

    def stored(self) -> list[dict[str, Any]]:
        """All that a decision or an order would change."""
        return [
            *query(self.api.bench.conn, "SELECT * FROM idexx_sync.jobs ORDER BY id"),
            *query(self.api.bench.conn, "SELECT * FROM idexx_sync.holds ORDER BY id"),
            *query(self.api.bench.conn, "SELECT * FROM idexx_sync.dead_letters ORDER BY id"),
            *query(self.api.bench.conn, "SELECT * FROM idexx_sync.alerts ORDER BY id"),
            *query(self.api.bench.conn, "SELECT * FROM idexx_sync.pauses ORDER BY id"),
        ]


@pytest.fixture(scope="module")
def things(shelf: Shelf) -> Iterator[Things]:
    name = shelf.take()
    url = shelf.postgres.dsn(name)
    with (
        shelf.lending.connection(url) as conn,
        shelf.lending.database(url) as of_runs,
        shelf.lending.database(url) as of_api,
        shelf.lending.database(url) as of_keys,
    ):
        bench = Bench(conn, url, add_clinic(conn), lent=of_runs)
        api = Api(bench, add_clinic(conn), of_api, lent=of_keys)
        api.as_clinic()
        api.as_operator()
        keys = query(conn, "SELECT id, is_operator FROM public.clinic_api_keys")
        yield Things(
            api,
            {sync: add_things(bench, sync) for sync in SYNCS},
            {key["is_operator"]: key["id"] for key in keys},
        )
    shelf.give_back(name)


def add_things(bench: Bench, sync: SyncName) -> dict[str, str]:
    job_id, hold_id = uuid4(), uuid4()
    whose = {"clinic_id": bench.clinic_id, "sync": sync}
    insert(
        bench.conn,
        "idexx_sync.jobs",
        {**whose, "id": job_id, "trigger": "api", "status": "succeeded", "finished_at": bench.now},
    )
    bench.conn.execute(
        """
        INSERT INTO idexx_sync.holds (id, clinic_id, sync, cause, findings, job_id, opened_at,
                                      updated_at)
        VALUES (%s, %s, %s, 'unproven_visit_losses', '{}', %s, idexx_sync.clock(),
                idexx_sync.clock())
        """,
        (hold_id, bench.clinic_id, sync, job_id),
    )
    letter_id = add_letter(bench.conn, bench.clinic_id, sync)
    alert_id = add_alert(bench.conn, bench.clinic_id, f"{sync}_failed", syncs=[sync])
    named = {"job": job_id, "hold": hold_id, "letter": letter_id, "alert": alert_id}
    return {f"{what}_id": str(id_) for what, id_ in named.items()}


def subsets(of: list[Scope]) -> Iterator[tuple[Scope, ...]]:
    return chain.from_iterable(combinations(of, size) for size in range(len(of) + 1))


@pytest.mark.parametrize("operator", [True, False], ids=["operator", "clinic"])
@pytest.mark.parametrize("route", KEYED, ids=lambda route: route.operation)
def test_a_key_needs_the_scope_of_the_operation_and_that_of_the_sync(
    things: Things, route: Route, operator: bool
) -> None:
    before = things.stored()
    allowed: list[tuple[SyncName, set[Scope]]] = []
    for sync in SYNCS if names(route) else SYNCS[:1]:
        wanted = needed(route, sync)
        for held in subsets(wanted):
            for others in (set[Scope](), set(SCOPES) - set(wanted)):
                scopes = {*held, *others}
                has = scopes if operator else scopes & CLINIC_SCOPES
                lacking = [scope for scope in wanted if scope not in has]
                if not lacking:
                    allowed.append((sync, scopes))
                    continue
                answer = things.ask(route, sync, scopes, operator=operator)
                assert (answer.status, answer.code) == (403, "scope_missing"), (sync, scopes)
                assert answer.json["detail"].endswith(f" {lacking[0]}.")
    assert things.stored() == before

    for sync, scopes in allowed:
        answer = things.ask(route, sync, scopes, operator=operator)
        assert answer.status in {200, 202, 409}, (sync, scopes, answer.text)


def test_whatever_changes_something_acts_on_a_sync_or_is_known_not_to() -> None:
    for route in ROUTES:
        if route.method == "GET":
            assert route.operation not in STARTS
        elif names(route) is None and route.operation not in ABOUT_NO_SYNC:
            assert route.scope == STARTS[route.operation], route.operation  # type: ignore[index]


@pytest.mark.parametrize("route", [r for r in KEYED if names(r)], ids=lambda r: r.operation)
def test_of_another_clinics_job_hold_or_letter_nobody_learns_the_sync(
    things: Things, route: Route
) -> None:
    assert route.scope is not None
    for sync in SYNCS:
        answer = things.ask(
            route, sync, {route.scope}, operator=False, clinic_id=things.api.other_clinic
        )
        assert (answer.status, answer.code) == (404, "not_found")


def test_the_document_says_that_the_syncs_scope_is_needed(things: Things) -> None:
    paths = things.api.gateway.get("/openapi.json").json["paths"]
    for route in KEYED:
        told = paths[route.path][route.method.lower()]["description"]
        for sync in SYNCS:
            for scope in needed(route, sync):
                assert f"`{scope}`" in told
