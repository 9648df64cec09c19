"""Jobs over the API: lists by pages and filters, retry, cancel."""

from threading import Event, Thread
from uuid import uuid4

import pytest
from pydantic import SecretStr

from idexx_sync.database.connection import Database
from idexx_sync.jobs.model import Job
from tests.kit.api import Api
from tests.kit.bench import Bench
from tests.kit.database import query

INBOUND = "/api/sync/inbound"


def listed(api: Api, words: str = "") -> list[str]:
    """Ids of all pages of a list, in its order."""
    caller, found, cursor = api.as_clinic(), list[str](), ""
    while True:
        page = caller.get(f"/api/sync/jobs?limit=2{words}{cursor}").json
        found += [job["id"] for job in page["jobs"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_a_job_has_all_that_is_known_of_it(api: Api) -> None:
    job = api.bench.sync()

    told = api.as_clinic().get(f"/api/sync/jobs/{job.id}").json

    assert told | {"counts": {}, "finished_at": None, "started_at": None, "queued_at": None} == {
        "id": str(job.id),
        "clinic_id": str(api.bench.clinic_id),
        "timezone": "America/Los_Angeles",
        "sync": "inbound",
        "trigger": "schedule",
        "status": "succeeded",
        "manner": "apply",
        "mode": None,
        "dry_run": False,
        "window": ["2026-05-04", "2026-05-10"],
        "attempt": 1,
        "scheduled_time": None,
        "retry_of": None,
        "catch_up_of": None,
        "made_up_by": None,
        "request_id": None,
        "queued_at": None,
        "started_at": None,
        "finished_at": None,
        "summary": "3 created (checked 3)",
        "counts": {},
        "warnings": {},
        "held": {},
        "fresh": False,
        "unfresh": "other_days",
        "message": None,
        "error": None,
        "for_review": None,
        "left_out": None,
        "in_doubt": None,
        "unread": None,
        "days_lost": None,
        "discrepancies": None,
        "days_left": None,
        "unknown_fields": None,
        "faults": None,
        "planned": None,
        "plan": None,
    }
    assert told["counts"]["created"] == 3
    assert told["finished_at"].endswith("Z")


def test_a_failed_job_says_who_must_act(api: Api) -> None:
    api.bench.configure("clinics", timezone="Mars/Olympus")
    job = api.bench.sync()

    told = api.as_clinic().get(f"/api/sync/jobs/{job.id}").json

    assert told["error"]["kind"] == "configuration_invalid"
    assert told["error"]["who_acts"] == "odis"
    assert "clinics.timezone" in told["error"]["message"]


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5])
def test_pages_show_each_job_once_newest_first(api: Api, number: int) -> None:
    made = [str(api.bench.sync().id) for _ in range(number)]

    assert listed(api) == made[::-1]


def test_jobs_of_the_same_moment_are_not_lost_between_pages(api: Api) -> None:
    made = {str(api.bench.sync().id) for _ in range(5)}
    api.bench.conn.execute("UPDATE idexx_sync.jobs SET queued_at = '2026-05-04 14:00+00'")

    assert len(listed(api)) == 5
    assert set(listed(api)) == made


def test_a_job_that_comes_meanwhile_does_not_shift_the_pages(api: Api) -> None:
    old = [str(api.bench.sync().id) for _ in range(4)]
    caller = api.as_clinic()
    first = caller.get("/api/sync/jobs?limit=2").json
    api.bench.sync()

    second = caller.get(f"/api/sync/jobs?limit=2&cursor={first['next_cursor']}").json

    assert [job["id"] for job in first["jobs"] + second["jobs"]] == old[::-1]


def test_filters_narrow_the_list(api: Api) -> None:
    good = api.bench.sync()
    api.bench.configure("clinics", timezone="Mars/Olympus")
    bad = api.bench.sync()

    assert listed(api, "&status=failed") == [str(bad.id)]
    assert listed(api, "&status=succeeded&sync=inbound") == [str(good.id)]
    assert listed(api, "&sync=cases") == []


def test_an_operator_sees_all_clinics_or_one(api: Api) -> None:
    job = api.bench.sync()
    other = Bench(api.bench.conn, api.bench.url, api.other_clinic, lent=api.bench.database)
    other_job = other.sync()
    caller = api.as_operator()

    def seen(words: str) -> set[str]:
        return {job["id"] for job in caller.get(f"/api/sync/jobs{words}").json["jobs"]}

    assert seen("") == {str(job.id), str(other_job.id)}
    assert seen(f"?clinic_id={api.other_clinic}") == {str(other_job.id)}


class TestRetry:
    def test_an_ended_job_is_ordered_again_with_what_it_was_to_do(self, api: Api) -> None:
        caller = api.as_clinic()
        first = caller.post(INBOUND, {"from": "2026-05-04", "to": "2026-05-04"}).json
        api.work()

        answer = caller.post(f"/api/sync/jobs/{first['id']}/retry")

        job = answer.json
        assert answer.status == 202
        assert (job["retry_of"], job["trigger"], job["window"]) == (
            first["id"],
            "retry",
            ["2026-05-04", "2026-05-04"],
        )
        assert job["request_id"] == answer.headers["X-Request-Id"]
        assert api.work().status == "succeeded"

    def test_a_job_under_way_is_not(self, api: Api) -> None:
        caller = api.as_clinic()
        job = caller.post(INBOUND).json

        answer = caller.post(f"/api/sync/jobs/{job['id']}/retry")

        assert (answer.status, answer.code) == (409, "job_not_final")
        ends_it = f"; end it first with: idexx-sync jobs cancel {job['id']}"
        assert answer.json["detail"].endswith(ends_it)

    def test_another_run_may_be_in_the_way(self, api: Api) -> None:
        old = api.bench.sync()
        caller = api.as_clinic()
        running = caller.post(INBOUND).json

        answer = caller.post(f"/api/sync/jobs/{old.id}/retry")

        assert (answer.status, answer.json["job_id"]) == (409, running["id"])


class TestCancel:
    def test_a_queued_job_never_runs(self, api: Api) -> None:
        caller = api.as_clinic()
        job = caller.post(INBOUND).json

        answer = caller.post(f"/api/sync/jobs/{job['id']}/cancel")

        assert (answer.status, answer.json["status"]) == (200, "cancelled")
        assert answer.json["message"].startswith("cancelled by key ")
        assert api.work().status == "cancelled"
        assert api.bench.pims.reads == 0

    def test_a_running_job_writes_nothing_any_more(self, api: Api) -> None:
        caller = api.as_clinic()
        job = caller.post(INBOUND).json
        answers: list[int] = []
        api.bench.pims.before_answer = lambda: answers.append(
            caller.post(f"/api/sync/jobs/{job['id']}/cancel").status
        )

        ended = api.work()

        assert answers == [200]
        assert (ended.status, ended.error_kind) == ("cancelled", None)
        assert api.bench.rows() == []

    def test_the_clinic_is_free_at_once(self, api: Api) -> None:
        caller = api.as_clinic()
        job = caller.post(INBOUND).json
        second: list[Job] = []

        def cancel_and_order() -> None:
            api.bench.pims.before_answer = None
            caller.post(f"/api/sync/jobs/{job['id']}/cancel")
            caller.post(INBOUND)
            bench = Bench(api.bench.conn, api.bench.url, api.bench.clinic_id)
            bench.pims = api.bench.pims
            second.append(bench.sync())
            bench.database.close()

        api.bench.pims.before_answer = cancel_and_order
        api.work()

        assert second[0].status == "succeeded"
        assert len(api.bench.rows()) == 3

    def test_it_waits_for_a_write_that_is_under_way(self, api: Api) -> None:
        """Whoever holds the lease's row is about to commit: then there is nothing to cancel."""
        caller = api.as_clinic()
        job_id = caller.post(INBOUND).json["id"]
        begun, answers = Event(), list[int]()
        api.bench.conn.execute(
            "INSERT INTO idexx_sync.leases VALUES (%s, %s, 'inbound', 1, %s, now())",
            (api.bench.clinic_id, job_id, uuid4()),
        )
        writer = Database(SecretStr(api.bench.url)).connection()
        with writer.transaction():
            writer.execute("SELECT 1 FROM idexx_sync.leases FOR NO KEY UPDATE")
            writer.execute("UPDATE idexx_sync.jobs SET status = 'succeeded'")

            def cancel() -> None:
                begun.set()
                answers.append(caller.post(f"/api/sync/jobs/{job_id}/cancel").status)

            thread = Thread(target=cancel)
            thread.start()
            begun.wait()
            while not query(
                writer, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ):
                assert thread.is_alive()
        thread.join()
        writer.close()

        assert answers == [409]

    def test_an_ended_job_has_ended(self, api: Api) -> None:
        job = api.bench.sync()

        answer = api.as_clinic().post(f"/api/sync/jobs/{job.id}/cancel")

        assert (answer.status, answer.code) == (409, "job_final")
