"""The API of a rig's database, as an operator calls it."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from pydantic import SecretStr

from idexx_sync.api.handler import ApiDependencies, api_handler
from idexx_sync.api.routes import ROUTES, find_route
from idexx_sync.api.status import status_operations
from idexx_sync.core.vocabulary import SCOPES
from idexx_sync.database.connection import Database
from idexx_sync.keys.authorizer import AuthorizerDependencies, authorizer
from idexx_sync.keys.format import read_peppers
from idexx_sync.keys.store import create_key
from tests.faults.clinic import FaultClinic
from tests.kit.api import Invocations
from tests.kit.database import as_role, query
from tests.kit.gateway import Gateway
from tests.kit.settings import PEPPER

MOST: Final = 2
"""So many jobs, holds, alerts and letters are asked for one by one after a scenario."""
OK: Final = 200


@contextmanager
def calling(clinic: FaultClinic) -> Iterator[Gateway]:
    """With an operator's key, for the time of the block."""
    url, peppers = clinic.rig.url, read_peppers(PEPPER)
    theirs, ours = (Database(SecretStr(as_role(url, role))) for role in ("authorizer", "api"))
    made = create_key(
        clinic.conn,
        peppers,
        clinic_id=None,
        scopes=SCOPES,
        name="a test",
        stage="test",
        now=clinic.now,
    )
    dependencies = ApiDependencies(ours, Invocations())
    handler = api_handler("status", status_operations(), lambda: dependencies)
    clinic.rig.traces.keep_secret("key of the API", made.text.get_secret_value())
    doorkeeper = authorizer(lambda: AuthorizerDependencies(theirs, peppers))
    key = made.text.get_secret_value()
    try:
        yield Gateway({"status": handler}, doorkeeper, lambda: clinic.now, key)
    finally:
        ours.close()
        theirs.close()


def paths(clinic: FaultClinic, most: int | None = None) -> Iterator[str]:
    """All that can be asked for about the clinic, or of each kind so many, whichever they are."""
    ids = {
        "{clinic_id}": [clinic.clinic_id],
        **{
            part: [
                row["id"]
                for row in query(
                    clinic.conn,
                    f"SELECT id FROM idexx_sync.{table} ORDER BY id DESC LIMIT %s",
                    (most,),
                )
            ]
            for part, table in {
                "{job_id}": "jobs",
                "{hold_id}": "holds",
                "{alert_id}": "alerts",
                "{letter_id}": "dead_letters",
            }.items()
        },
    }
    for route in ROUTES:
        if route.method == "GET" and route.needs_key:
            part = next((one for one in ids if one in route.path), None)
            if part is None and "{" in route.path:
                raise AssertionError(f"nobody knows whom {route.path} is asked about")
            for id_ in ids[part] if part else [""]:
                yield route.path.replace(part or "{}", str(id_))


def look_at_answers(clinic: FaultClinic) -> None:
    """All that the API says of the clinic now is looked at (V8)."""
    with calling(clinic) as gateway:
        for path in paths(clinic, MOST):
            answer = gateway.get(path)
            route = find_route("GET", path)
            assert route is not None
            clinic.rig.traces.look_at(f"the answer of {route.path}", answer.text)
            if answer.status != OK:
                raise RuntimeError(f"{route.path} answers {answer.status}")


def look_at_new_answers(clinic: FaultClinic, group: str) -> None:
    """The same, where the API has something to say that no rig has heard yet: a scenario of
    another group, or an end, an alert, a hold or a letter of another kind."""
    kinds = {
        tuple(row["kind"])
        for row in query(
            clinic.conn,
            """
            SELECT ARRAY['job', sync, status, manner, error_kind] AS kind
              FROM idexx_sync.jobs WHERE clinic_id = %s
            UNION SELECT ARRAY['alert', kind, (closed_at IS NULL)::text]
              FROM idexx_sync.alerts WHERE clinic_id = %s
            UNION SELECT ARRAY['hold', cause, status]
              FROM idexx_sync.holds WHERE clinic_id = %s
            UNION SELECT ARRAY['letter', shape, outcome, status] FROM idexx_sync.dead_letters
            """,
            [clinic.clinic_id] * 3,
        )
    }
    if [kind for kind in (*kinds, ("group", group)) if _is_new(clinic, kind)]:
        look_at_answers(clinic)


def _is_new(clinic: FaultClinic, kind: tuple[str | None, ...]) -> bool:
    """Whether no rig has asked about it yet; now one has."""
    mark = clinic.rig.measured / f"asked-{sha256(repr(kind).encode()).hexdigest()}"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
