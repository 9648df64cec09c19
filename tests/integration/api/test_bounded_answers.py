"""However much was sent or is stored, an answer is short, and says what it leaves out."""

import json
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.api.problems import MOST_FAULTS
from idexx_sync.operations.models import (
    MOST_FINDINGS,
    MOST_FINDINGS_LISTED,
    MOST_LISTED_BYTES,
)
from tests.kit.api import Api

INBOUND = "/api/sync/inbound"
LONG = "long " * 400


def test_of_thousands_of_faults_some_are_named_and_all_are_counted(api: Api) -> None:
    body = json.dumps({f"f{n}": 1 for n in range(5000)})

    answer = api.as_clinic().post(INBOUND, body)

    assert (answer.status, len(answer.json["errors"])) == (422, MOST_FAULTS)
    assert answer.json["detail"].endswith("; and 4980 more")
    assert len(answer.text) < 8 * 1024


@pytest.mark.parametrize("name", ["x" * 60_000, "/~" * 20_000, "\u0001" * 9_000])
def test_a_long_name_is_not_sent_back_whole(api: Api, name: str) -> None:
    answer = api.as_clinic().post(INBOUND, json.dumps({name: 1}))

    assert (answer.status, answer.code) == (422, "invalid_request")
    assert len(answer.text) < 2 * 1024


@pytest.mark.parametrize(
    "words", ["&".join(f"p{n}=1" for n in range(800)), f"{'p' * 8000}=1", "limit=1&" * 400]
)
def test_a_query_is_not_either(api: Api, words: str) -> None:
    answer = api.as_clinic().get(f"/api/sync/jobs?{words}")

    assert answer.status == 422
    assert len(answer.text) < 8 * 1024


def add_jobs(api: Api, number: int, result: dict[str, Any], message: str = "") -> set[str]:
    ids = [uuid4() for _ in range(number)]
    api.bench.conn.cursor().executemany(
        "INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, status, result, error_message) "
        "VALUES (%s, %s, 'inbound', 'cli', 'succeeded', %s, %s)",
        [(id_, api.bench.clinic_id, Jsonb(result), message) for id_ in ids],
    )
    return {str(id_) for id_ in ids}


def test_a_list_of_long_jobs_is_short_and_its_pages_show_each_once(api: Api) -> None:
    faults = [{"code": "refused", "table": "t", "column": LONG, "id": str(n)} for n in range(250)]
    made = add_jobs(api, 5, {"summary": LONG, "faults": faults, "for_review": [LONG] * 250}, LONG)
    caller, found, cursor = api.as_clinic(), list[str](), ""
    while True:
        page = caller.get(f"/api/sync/jobs?limit=100{cursor}")
        assert len(page.text) < MOST_LISTED_BYTES + 1024 * 1024  # one job may stand alone
        found += [job["id"] for job in page.json["jobs"]]
        if page.json["next_cursor"] is None:
            break
        cursor = f"&cursor={page.json['next_cursor']}"

    assert (len(found), set(found)) == (5, made)


def test_a_list_of_usual_jobs_has_as_many_as_were_asked_for(api: Api) -> None:
    add_jobs(api, 101, {"summary": "nothing changed (checked 60)", "counts": {"read": 60}})

    page = api.as_clinic().get("/api/sync/jobs?limit=100").json

    assert len(page["jobs"]) == 100
    assert page["next_cursor"] is not None


def test_a_job_is_shown_with_the_beginning_of_what_is_long(api: Api) -> None:
    (job,) = add_jobs(api, 1, {"plan": [{"key": LONG}] * 900, "in_doubt": {LONG: LONG}}, LONG)

    told = api.as_clinic().get(f"/api/sync/jobs/{job}").json

    assert len(told["message"]) == 1000
    assert told["message"].endswith("…")
    assert (len(told["plan"]), len(told["in_doubt"])) == (200, 1)


def test_a_hold_says_how_much_it_names_and_shows_the_beginning(api: Api) -> None:
    findings = {f"{n:06}": {"start": "2026-05-04 09:00:00", "missing": True} for n in range(4000)}
    hold = uuid4()
    api.bench.conn.execute(
        "INSERT INTO idexx_sync.holds (id, clinic_id, sync, cause, findings, job_id, opened_at, "
        "updated_at) VALUES (%s, %s, 'inbound', 'unproven_visit_losses', %s, %s, "
        "idexx_sync.clock(), idexx_sync.clock())",
        (hold, api.bench.clinic_id, Jsonb(findings), uuid4()),
    )
    caller = api.as_clinic()

    shown = caller.get(f"/api/sync/holds/{hold}").json
    (listed,) = caller.get("/api/sync/holds").json["holds"]

    assert (shown["found"], len(shown["findings"])) == (4000, MOST_FINDINGS)
    assert (listed["found"], len(listed["findings"])) == (4000, MOST_FINDINGS_LISTED)
    assert "000000" in shown["findings"]
