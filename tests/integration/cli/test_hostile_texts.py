"""Whatever stands in Neo, in ODIS's database or in an answer of the API: no text of it acts on the
terminal of who looks at it, and none pretends to be a line of ours."""

import io
import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.api.routes import find_route
from idexx_sync.core import logs
from idexx_sync.database.connection import Conn, Database
from idexx_sync.operations.models import JobView
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.command_line import Answer, CommandLine
from tests.kit.database import query
from tests.kit.gateway import STAGE, Response
from tests.kit.hostile import HOSTILE, acting, full_of_it
from tests.kit.http_gateway import Request, serving
from tests.kit.lending import Lending
from tests.kit.records import chart, seen

ID = str(UUID(int=7))
NAMES = ("id", "action", "reason", "fields", "code", "column", "table", "start", "kind", "cause")
"""What free objects of a job or a hold have."""
SHOWN = "A\\x1b[31mB\\x9b2J\\u202eC\\nFORGED line\\tD"
"""The beginning of HOSTILE on a terminal."""
WIDE = 5000
"""Nothing is wrapped."""
OVER_API = [
    "jobs list", f"jobs show {ID}", f"jobs watch {ID}", f"jobs retry {ID} --no-watch",
    f"jobs cancel {ID}", "holds list", f"holds show {ID}", f"holds approve {ID} --seen V --yes",
    f"holds reject {ID} --seen V --yes", "clinics list", f"clinics show {ID}", "status", "whoami",
    f"jobs changes {ID} --values", "dead-letters list", f"dead-letters show {ID}",
    f"dead-letters retry {ID} --no-watch", f"dead-letters discard {ID} --reason why",
    "alerts list", f"alerts show {ID}", f"alerts ack {ID}",
    f"alerts mute {ID} --until 2026-05-05", f"alerts unmute {ID}",
]  # fmt: skip
OVER_DATABASE = [
    "clinics list", "status", "jobs changes JOB --values",
    "clinics show CLINIC", "clinics identity CLINIC", "credentials show --clinic "
    "CLINIC", "keys list", "keys revoke KEY", "jobs list", "jobs show JOB", "jobs watch JOB",
    "holds list", "holds show HOLD", "holds reject HOLD --seen SEEN --yes", "migrate --check",
    "explain appointment 600101 --clinic CLINIC --values", "explain appointment 600101 --clinic "
    "CLINIC", "explain appointment 600101 --offline --clinic CLINIC",
    "explain time --clinic CLINIC --day 2026-05-04 --at 06:00 --values",
    "explain time --clinic CLINIC --day 2026-05-04 --at 06:00 --offline",
    "find --clinic CLINIC --values", "find --clinic CLINIC --offline --day 2026-05-04",
    "alerts list", "alerts show ALERT", "alerts ack ALERT",
]  # fmt: skip

WITHOUT_FREE_TEXT = [
    "credentials show --clinic CLINIC", "keys revoke KEY", "holds reject HOLD --seen SEEN --yes",
    "migrate --check",
    "find --clinic CLINIC --offline --day 2026-05-04",
]  # fmt: skip


@pytest.fixture
def bench(conn: Conn, database: str, lent: Database) -> CasesBench:
    acting_user = add_user(conn)
    clinic_id = add_clinic(conn, acting_user_id=acting_user, live_from=date(2026, 1, 1))
    return CasesBench(conn, database, clinic_id, lent=lent)


@pytest.fixture
def idexx_sync(bench: CasesBench, lending: Lending) -> CommandLine:
    return CommandLine(bench, lending=lending)


def harmless(answer: Answer) -> Answer:
    assert "an unexpected error" not in answer.err + answer.out
    assert list(acting(answer.out + answer.err)) == []
    return answer


def hostile_answer(request: Request) -> Response:
    path = request.path.partition("?")[0].removeprefix(f"/{STAGE}")
    route = find_route(request.method, path)
    assert route is not None
    status, model = next(iter(route.responses.items()))
    assert isinstance(model, type)
    said = full_of_it(model, NAMES)
    if "next_cursor" in said:
        said["next_cursor"] = None
    if "manner" in said:
        said["status"] = "failed"  # one that has not ended is waited for
    model.model_validate(said)
    return Response(status, {"Content-Type": "application/json"}, json.dumps(said))


def test_no_answer_of_the_api_acts_on_a_terminal(idexx_sync: CommandLine) -> None:
    with serving(hostile_answer) as server:
        over_api = idexx_sync.over_api(server.url, "idx_test_key")
        shown = [harmless(over_api(*line.split(), width=WIDE)) for line in OVER_API]
        data = [harmless(over_api(*line.split(), "--json")) for line in OVER_API]

    assert [line for line, one in zip(OVER_API, shown, strict=True) if SHOWN not in one.out] == [
        f"holds reject {ID} --seen V --yes"  # which says how many records stay
    ]
    assert data[1].json["job"]["summary"] == HOSTILE
    assert all(one.out.isascii() for one in data)


def test_no_problem_of_the_api_acts_on_a_terminal(idexx_sync: CommandLine) -> None:
    problem = {"code": HOSTILE, "detail": HOSTILE, "errors": [{"detail": HOSTILE, "pointer": "/a"}]}
    refused = Response(422, {"Content-Type": "application/problem+json"}, json.dumps(problem))

    with serving(lambda _request: refused) as server:
        over_api = idexx_sync.over_api(server.url, "idx_test_key")
        for line in OVER_API:
            assert SHOWN in harmless(over_api(*line.split(), width=WIDE)).err
            assert harmless(over_api(*line.split(), "--json")).json["error"]["kind"] == HOSTILE


def spoil(bench: CasesBench) -> None:
    """Writes HOSTILE wherever the database takes it and the commands look."""
    result = {
        name: full_of_it(JobView.model_fields[name].annotation, NAMES)
        for name in ("summary", "counts", "warnings", "held", "unfresh", "for_review", "in_doubt",
                     "unread", "unknown_fields", "faults", "plan")
    }  # fmt: skip
    findings = {HOSTILE: {"start": HOSTILE, "kind": HOSTILE, "status": [HOSTILE, HOSTILE]}}
    effect = {"action": "update", "from": HOSTILE, "to": f"{HOSTILE}!", "slots": [HOSTILE]}
    learned = {"rooms": {HOSTILE: HOSTILE}, "types": {HOSTILE: HOSTILE}, "branches": [HOSTILE]}
    for statement, *values in (
        ("UPDATE clinics SET name = %s, timezone = %s", HOSTILE, HOSTILE),
        ("UPDATE idexx_sync.clinic_settings SET room_ids = ARRAY[%s], base_url = %s, "
         "identity = %s, identity_version = 1, identity_refused = %s, "
         "identity_refused_since = now(), identity_refused_at = now()",
         HOSTILE, HOSTILE, Jsonb(learned), Jsonb({"seen": learned, "differs": HOSTILE})),
        ("UPDATE idexx_sync.jobs SET error_message = %s, error_kind = %s, status = 'failed', "
         "result = result || %s", HOSTILE, HOSTILE, Jsonb(result)),
        ("INSERT INTO idexx_sync.holds (id, clinic_id, sync, cause, findings, consequence, job_id, "
            "decided_by, reason, opened_at, updated_at) "
         "SELECT id, clinic_id, sync, %s, %s, %s, id, %s, %s, now(), now() "
           "FROM idexx_sync.jobs LIMIT 1",
         HOSTILE, Jsonb(findings), Jsonb({HOSTILE: effect}), HOSTILE, HOSTILE),
        ("INSERT INTO idexx_sync.hold_events (clinic_id, hold_id, event, at, version, by_whom, "
            "reason) "
         "SELECT clinic_id, id, 'rejected', now(), %s, %s, %s FROM idexx_sync.holds LIMIT 1",
         HOSTILE, HOSTILE, HOSTILE),
        ("UPDATE clinic_api_keys SET key_name = %s", HOSTILE),
        ("INSERT INTO idexx_sync.alerts (clinic_id, kind, syncs, who_acts, code, records, "
            "acknowledged_by, muted_by, muted_until) "
         "SELECT id, %s, ARRAY[%s, NULL], 'odis', %s, ARRAY[%s, NULL], %s, %s, '9000-01-01' "
           "FROM clinics LIMIT 1",
         HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        ("UPDATE schedule_appointments SET patient_name = %s, client_name = %s, "
         "provider_name = %s, appointment_type = %s", HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        ("UPDATE cases SET metadata = jsonb_set(metadata, '{pimsAppointment,sourceStatus}', %s)",
         Jsonb(HOSTILE)),
        ("UPDATE idexx_sync.changes SET reasons = ARRAY[%s], error = %s", HOSTILE, HOSTILE),
    ):  # fmt: skip
        bench.conn.execute(statement, values)


def test_nothing_in_the_database_acts_on_a_terminal(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    said = dict.fromkeys(
        ("patient_name", "client_name", "provider_name", "reason", "type"), HOSTILE
    )
    bench.shows(seen(**said))
    bench.writes(chart(notes_html=HOSTILE, reason=HOSTILE))
    bench.sync()
    bench.cases()
    key = idexx_sync(
        "keys", "create", "--operator", "--scope", "jobs:read", "--name", "x", "--json"
    )
    spoil(bench)
    ids: dict[str, Any] = {
        "CLINIC": bench.clinic_id,
        "KEY": key.json["key"]["id"],
        "JOB": query(bench.conn, "SELECT id FROM idexx_sync.jobs LIMIT 1")[0]["id"],
        "HOLD": bench.holds()[0]["id"],
        "SEEN": bench.version(bench.holds()[0]["id"]),
        "ALERT": query(bench.conn, "SELECT id FROM idexx_sync.alerts LIMIT 1")[0]["id"],
    }

    for line in OVER_DATABASE:
        words = [ids.get(word, word) for word in line.split()]
        answer = harmless(idexx_sync(*words, width=WIDE))
        assert SHOWN in answer.out or line in WITHOUT_FREE_TEXT, line
        assert isinstance(harmless(idexx_sync(*words, "--json")).json, dict)


def test_what_was_typed_is_shown_written_out(idexx_sync: CommandLine) -> None:
    clinic = idexx_sync.bench.clinic_id
    for words in (
        ("clinics", "show", HOSTILE),
        ("clinics", "add", clinic, "--base-url", HOSTILE),
        ("explain", "appointment", HOSTILE, "--clinic", clinic),
        ("explain", "time", "--clinic", clinic, "--day", "2026-05-04", "--at", HOSTILE),
        ("find", "--clinic", clinic, "--day", HOSTILE),
        ("keys", "create", "--operator", "--scope", HOSTILE, "--name", HOSTILE),
        ("jobs", "list", HOSTILE),
        ("alerts", "list", "--kind", HOSTILE),
        ("alerts", "mute", ID, "--until", HOSTILE),
        (HOSTILE,),
    ):
        assert harmless(idexx_sync(*words)).code == 2


def test_a_line_of_the_log_is_one_line_of_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", stream)

    logs.logger().info(HOSTILE, error_message=HOSTILE, extra={HOSTILE: HOSTILE})

    (line,) = stream.getvalue().splitlines()
    assert line.isascii()
    assert json.loads(line)["error_message"] == HOSTILE
