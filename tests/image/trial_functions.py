"""Every function of the template answers in the image, as it would on AWS."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg import Connection

from dev_tools.image.unpacked import GROUP, USER, Target, Unpacked
from infra.image import name_of
from local_stack.stack import LocalStack
from local_stack.stack_clinics import LocalClinic
from tests.e2e.orders import job_at_end, with_key
from tests.image.inside import mounts_of, python_of, status_of
from tests.kit.paths import ROOT

NAMES = sorted(path.stem for path in (ROOT / "infra" / "events").glob("*.json"))
Invoke = Callable[[str], tuple[Any, bool]]
REFUSED = {"authorizer"}
"""Whose event is answered by an error: an unknown key."""


def test_there_is_an_event_for_each_function(stack: LocalStack) -> None:
    listed = stack.aws.client("lambda").list_functions(MaxItems=100)["Functions"]
    deployed = {
        name_of(one["ImageConfigResponse"]["ImageConfig"]["Command"][0])
        for one in listed
        if one["FunctionName"].startswith("idexx-sync-local-") and one["PackageType"] == "Image"
    }

    assert deployed == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_its_event(
    invoke: Invoke, stack: LocalStack, images: dict[Target, Unpacked], name: str
) -> None:
    answer, failed = invoke(name)

    assert failed == (name in REFUSED), answer
    image = images["browser" if name.endswith("-worker") else "core"]
    pid = python_of(stack, name)
    inside = Path(f"/proc/{pid}/root")
    assert (inside / "var/task/functions").stat().st_ino == (
        image.root / "var/task/functions"
    ).stat().st_ino
    status = status_of(pid)
    assert (status["Uid"][0], status["Gid"][0]) == (str(USER), str(GROUP))
    assert {status[one][0] for one in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
    assert status["NoNewPrivs"] == ["1"]
    mounts = mounts_of(pid)
    assert "ro" in mounts["/"]
    assert "ro" in mounts["/dev/shm"]
    assert "rw" in mounts["/tmp"]


def test_good_keys_pass_and_bad_ones_do_not(http: httpx.Client, clinic: LocalClinic) -> None:
    for key, expected in ((clinic.key, 200), (clinic.key[:-1] + "_", 401), ("", 401)):
        answer = http.get("/api/sync/jobs", headers=with_key(key) if key else {})
        assert answer.status_code == expected, answer.text


def test_health_names_the_images_commit(http: httpx.Client, images: dict[Target, Unpacked]) -> None:
    answer = http.get("/health").json()

    assert answer["commit"] == images["core"].commit


@pytest.mark.parametrize("sync", ["inbound", "cases", "reconciliation"])
def test_a_whole_sync_with_a_login(
    stack: LocalStack,
    http: httpx.Client,
    clinic: LocalClinic,
    conn: Connection[tuple[Any, ...]],
    sync: str,
) -> None:
    clinic.neo.expire_sessions()
    logins = len(clinic.neo.logins())

    operator = with_key(stack.clinics.operator_key)
    ordered = http.post(f"/api/sync/{sync}", json={"clinic_id": str(clinic.id)}, headers=operator)

    assert ordered.status_code == 202, ordered.text
    job = job_at_end(http, clinic.key, ordered.json())
    assert job["status"] in ("succeeded", "succeeded_with_warnings"), job
    assert job["error"] is None
    assert len(clinic.neo.logins()) == logins + 1
    rows = conn.execute(
        "SELECT count(*) FROM schedule_appointments WHERE clinic_id = %s", (clinic.id,)
    ).fetchone()
    assert rows is not None
    assert rows[0] > 100
