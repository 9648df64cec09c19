"""Orders over the HTTP API, and what becomes of them."""

import time
from typing import Any

import httpx


def with_key(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


def job_at_end(http: httpx.Client, key: str, job: dict[str, Any]) -> dict[str, Any]:
    give_up = time.monotonic() + 90
    while job["status"] in ("queued", "running") and time.monotonic() < give_up:
        time.sleep(0.2)
        answer = http.get(f"/api/sync/jobs/{job['id']}", headers=with_key(key))
        assert answer.status_code == 200, answer.text
        job = answer.json()
    return job


def wait_until_running(http: httpx.Client, key: str, job: dict[str, Any]) -> None:
    give_up = time.monotonic() + 30
    while job["status"] != "running":
        assert time.monotonic() < give_up
        time.sleep(0.1)
        job = http.get(f"/api/sync/jobs/{job['id']}", headers=with_key(key)).json()
