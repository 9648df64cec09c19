"""What the command line makes of an API's answers, and where the key does not go."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from idexx_sync.cli.api_client import ApiClient
from idexx_sync.cli.errors import CommandError
from idexx_sync.operations.models import JobList, JobView
from tests.kit.both_ways import World, world_in
from tests.kit.command_line import Answer, CommandLine
from tests.kit.gateway import Response
from tests.kit.hostile_http import hostile_site
from tests.kit.http_gateway import Request, serving
from tests.kit.lending import Lending
from tests.kit.settings import make_settings

CANARY = "idx_live_canary00_a8Kq-canary-canary-canary-0000_c4nary"
JSON, HTML = {"Content-Type": "application/json"}, {"Content-Type": "text/html; charset=utf-8"}
PROBLEM = {"Content-Type": "application/problem+json"}
EVERY_COMMAND: list[list[object]] = [
    ["jobs", "list"],
    ["jobs", "show", uuid4()],
    ["jobs", "watch", uuid4()],
    ["jobs", "retry", uuid4()],
    ["jobs", "cancel", uuid4()],
    ["holds", "list"],
    ["holds", "show", uuid4()],
    ["holds", "approve", uuid4(), "--seen", "none", "--yes"],
    ["holds", "reject", uuid4(), "--seen", "none", "--yes"],
    ["jobs", "changes", uuid4()],
    ["jobs", "show", "beef"],
    ["clinics", "list"],
    ["clinics", "show", "West"],
    ["status"],
    ["whoami"],
]


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    body = {"type": "about:blank", "title": "-", "status": status, "code": code, "detail": detail}
    return Response(status, PROBLEM, json.dumps({**body, **more}))


def asked(idexx_sync: CommandLine, response: Response, *words: object) -> Answer:
    """What the command line makes of this answer of the API."""
    with serving(lambda _request: response) as server:
        return idexx_sync.over_api(server.url, CANARY)(*(words or ("jobs", "list")))


@pytest.fixture
def world(lending: Lending, database: str) -> Iterator[World]:
    with world_in(lending, database) as made:
        yield made


PROBLEMS = [
    (problem(401, "unauthorized", "Send a valid key."), 5, "valid key; check IDEXX_SYNC_API_KEY"),
    (problem(403, "scope_missing", "This needs jobs:read."), 5, "This needs jobs:read."),
    (problem(404, "not_found", "There is no such job."), 1, "list them with: idexx-sync clinics"),
    (problem(409, "sync_running", "Job 1 is under way."), 1, "Job 1 is under way."),
    (problem(429, "throttled", "Too many requests."), 1, "Too many requests."),
    (problem(500, "internal", "Tell them the id 7."), 1, "Tell them the id 7."),
    (problem(503, "database_unavailable", "It does not answer."), 6, "It does not answer."),
    (problem(503, "worker_unavailable", "Not started."), 6, "Not started."),
    (problem(504, "gateway_timeout", "It took too long."), 6, "It took too long."),
    (problem(418, "of_next_year", "A code of a newer API."), 1, "A code of a newer API."),
]


@pytest.mark.parametrize(("response", "code", "said"), PROBLEMS)
def test_a_problem_is_told_and_decides_the_exit_code(
    idexx_sync: CommandLine, response: Response, code: int, said: str
) -> None:
    shown, data = asked(idexx_sync, response), asked(idexx_sync, response, "jobs", "list", "--json")

    assert (shown.code, shown.out) == (code, "")
    assert said in shown.err
    assert data.code == code
    assert data.json["error"]["kind"] == response.json["code"]


def test_the_fields_of_a_problem_are_named(idexx_sync: CommandLine) -> None:
    errors = [
        {"detail": "too large", "parameter": "limit"},
        {"detail": "unknown", "pointer": "/a/b"},
    ]
    response = problem(422, "invalid_request", "limit: too large", errors=errors)

    shown, data = asked(idexx_sync, response), asked(idexx_sync, response, "jobs", "list", "--json")

    assert shown.err == "idexx-sync: limit: too large; a/b: unknown\n"
    assert data.json["error"]["errors"] == errors


def test_a_real_refusal_names_the_field(world: World) -> None:
    key = SecretStr(world.api.key(None))
    with ApiClient(world.server.url, key) as client, pytest.raises(CommandError) as caught:
        client.ask("list_jobs", JobList, {"limit": 5000})

    assert caught.value.kind == "invalid_request"
    assert caught.value.message.startswith("limit: ")


def test_a_key_that_may_not_is_not_authorised(world: World) -> None:
    weak = world.database.over_api(world.server.url, world.api.key(None, "metrics:read"))
    wrong = world.database.over_api(world.server.url, CANARY)

    assert weak("jobs", "list").code == wrong("jobs", "list").code == 5
    assert "scope jobs:read" in weak("jobs", "list").err


def test_another_clinics_job_does_not_exist(world: World) -> None:
    other = world.database.over_api(world.server.url, world.api.key(world.api.other_clinic))

    answer = other("jobs", "show", world.names["GOOD"])

    assert answer.code == 1
    assert answer.err == (
        "idexx-sync: There is no such job; list them with: idexx-sync jobs list\n"
    )
    assert world.names["GOOD"] not in other("jobs", "list").out


NOT_OURS = [
    (Response(200, HTML, "<h1>Welcome</h1>"), 1, "status 200 and text/html"),
    (Response(200, JSON, '{"hello": "world"}'), 1, "status 200 and application/json"),
    (Response(200, JSON, '{"jobs": [{}], "next_cursor": null}'), 1, "application/json"),
    (Response(200, JSON, ""), 1, "status 200"),
    (Response(201, JSON, '{"jobs": [], "next_cursor": null}'), 1, "status 201"),
    (Response(200, {}, "\udcff".encode(errors="replace").decode()), 1, "and something"),
    (Response(401, HTML, "<h1>Log in</h1>"), 5, "status 401 and text/html"),
    (Response(403, JSON, '{"message":"Missing Authentication Token"}'), 5, "status 403"),
    (Response(404, HTML, "<h1>Nginx</h1>"), 1, "status 404 and text/html"),
    (Response(404, {"Content-Type": "\x1b[31mred"}, "<nothing>"), 1, "status 404 and something"),
    (Response(500, JSON, "null"), 1, "status 500"),
    (Response(502, HTML, "<h1>Bad gateway</h1>"), 6, "status 502"),
    (Response(503, HTML, "<h1>Maintenance</h1>"), 6, "status 503"),
]


@pytest.mark.parametrize(("response", "code", "said"), NOT_OURS)
def test_an_answer_that_is_not_ours_says_what_to_check(
    idexx_sync: CommandLine, response: Response, code: int, said: str
) -> None:
    answer = asked(idexx_sync, response)

    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert "check IDEXX_SYNC_API_URL" in answer.err
    assert not response.text or response.text not in answer.err


def test_an_address_without_the_stage_is_not_ours(world: World) -> None:
    url = world.server.url.rpartition("/")[0]

    answer = world.database.over_api(url, world.api.key(None))("jobs", "list", "--json")

    assert (answer.code, answer.json["error"]["kind"]) == (5, "api_answer")
    assert "the stage included" in answer.json["error"]["message"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(idexx_sync: CommandLine, status: int) -> None:
    with serving(lambda _request: Response(200, JSON, "{}")) as elsewhere:
        answer = asked(idexx_sync, Response(status, {"Location": elsewhere.url}, ""))

    assert elsewhere.seen == []
    assert answer.code == 1
    assert "a redirect, which is not followed" in answer.err


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_nobody_there(idexx_sync: CommandLine) -> None:
    for words in EVERY_COMMAND:
        answer = idexx_sync.over_api(f"http://127.0.0.1:{free_port()}", CANARY)(*words, "--json")

        assert (answer.code, answer.json["error"]["kind"]) == (6, "api_unreachable")
        assert "could not be reached" in answer.json["error"]["message"]
        assert "check IDEXX_SYNC_API_URL" in answer.json["error"]["message"]


def unreachable(server: socket.socket, operation: str) -> str:
    """What is said when this server is asked."""
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    client = ApiClient(url, SecretStr(CANARY), timeout_s=0.3)
    with client, pytest.raises(CommandError) as caught:
        if operation == "list_jobs":
            client.ask("list_jobs", JobList)
        else:
            client.ask("cancel_job", JobView, job_id=uuid4())
    assert (caught.value.exit_code, caught.value.kind) == (6, "api_unreachable")
    assert caught.value.__cause__ is caught.value.__context__ is None
    return caught.value.message


@pytest.mark.parametrize("operation", ["list_jobs", "cancel_job"])
def test_nothing_comes_back(operation: str) -> None:
    """Of what changes something it is said that it may have happened."""
    unknown = "whether it was carried out is not known"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = unreachable(silent, operation)

        assert "did not answer within 0.3 s" in message
        assert (unknown in message) == (operation == "cancel_job")

    with socket.create_server(("127.0.0.1", 0)) as cutting:

        def cut() -> None:
            with closing(cutting.accept()[0]) as peer:
                peer.recv(100)

        thread = Thread(target=cut)
        thread.start()
        message = unreachable(cutting, operation)
        thread.join()

        assert "broke the connection" in message
        assert (unknown in message) == (operation == "cancel_job")


def test_a_proxy_never_sees_a_key_over_plain_http(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda _request: Response(200, JSON, "{}")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)

        assert world.run("api", "jobs list").code == 0
    assert proxy.seen == []


def echo(request: Request) -> Response:
    """As a debugging proxy does: all that was sent comes back."""
    return problem(400, "echo", " ".join(request.headers.values()), errors=[{"detail": CANARY}])


def echo_in_a_job(request: Request) -> Response:
    if "/api/clinics" in request.path:
        return Response(200, JSON, json.dumps({"clinics": [], "next_cursor": None}))
    job = dict.fromkeys(JobView.model_fields) | {
        "id": str(uuid4()),
        "clinic_id": str(uuid4()),
        "sync": "inbound",
        "trigger": "api",
        "status": "failed",
        "manner": "apply",
        "dry_run": False,
        "planned": None,
        "attempt": 1,
        "queued_at": "2026-05-04T14:00:00Z",
        "summary": f"{request.headers['x-api-key']} was sent",
    }
    return Response(200, JSON, json.dumps(job))


def test_the_key_is_never_told(idexx_sync: CommandLine, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Answer] = []
    with caplog.at_level(logging.DEBUG):
        answers += [asked(idexx_sync, case[0]) for case in [*PROBLEMS, *NOT_OURS]]
        with serving(echo) as server:
            remote = idexx_sync.over_api(server.url, CANARY)
            for words in EVERY_COMMAND:
                answers += [remote(*words), remote(*words, "--json")]
            assert {request.headers["x-api-key"] for request in server.seen} == {CANARY}
            assert not [request for request in server.seen if CANARY in request.path]
            server.answering = echo_in_a_job
            answers.append(remote("jobs", "show", uuid4()))
        answers.append(remote("jobs", "list"))

    assert "[key] was sent" in answers[-2].out
    assert answers[-1].code == 6
    assert CANARY not in "".join(answer.out + answer.err for answer in answers)
    assert CANARY not in caplog.text + repr(remote.client_settings)


def test_other_commands_keep_the_database(world: World) -> None:
    seen = len(world.server.seen)
    world.over_api.settings = make_settings(world.bench.url)

    shown = ["credentials", "show", "--clinic", str(world.bench.clinic_id)]
    for words in (shown, ["keys", "list"], ["migrate", "--check"]):
        assert world.over_api(*words).code == 0
    assert world.over_api("sync", "inbound", "--clinic", world.bench.clinic_id).code == 3
    assert len(world.server.seen) == seen


def test_the_console_script_needs_no_database_beside_the_api(world: World) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("IDEXX_", "DATABASE_"))}

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from idexx_sync.cli.app import main; main()", *words],
            capture_output=True,
            text=True,
            env=environ | settings,
            check=False,
        )

    key = world.api.key(None)
    listed = run(
        "jobs", "list", IDEXX_SYNC_API_URL=f"{world.server.url}/", IDEXX_SYNC_API_KEY=f"{key}\n"
    )
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout == world.run("database", "jobs list").out

    keyless = run("jobs", "list", "--json", IDEXX_SYNC_API_URL=world.server.url)
    assert keyless.returncode == 1
    assert "IDEXX_SYNC_API_KEY" in json.loads(keyless.stdout)["error"]["message"]


@pytest.mark.parametrize("path", ["/drip/head", "/drip/body", "/flood/103"])
def test_r27_an_answer_that_drips_in_is_given_up_in_time(path: str) -> None:
    with (
        hostile_site() as origin,
        ApiClient(f"{origin}{path}?", SecretStr(CANARY), timeout_s=0.3) as api,
    ):
        began = monotonic()
        with pytest.raises(CommandError) as caught:
            api.ask("list_jobs", JobList)
        assert monotonic() - began < 3
    assert (caught.value.kind, caught.value.exit_code) == ("api_unreachable", 6)
    assert "did not answer within 0.3 s" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_r27_an_answer_that_never_ends_is_not_ours() -> None:
    with (
        hostile_site() as origin,
        ApiClient(f"{origin}/flood/body?", SecretStr(CANARY), timeout_s=20) as api,
        pytest.raises(CommandError) as caught,
    ):
        api.ask("list_jobs", JobList)
    assert caught.value.kind == "api_answer"


def test_r27_an_answer_that_unpacks_into_millions_of_bytes_is_left_packed() -> None:
    with (
        hostile_site() as origin,
        ApiClient(f"{origin}/large/gzip?", SecretStr(CANARY)) as api,
        pytest.raises(CommandError) as caught,
    ):
        api.ask("list_jobs", JobList)
    assert caught.value.kind == "api_answer"
