"""boto3's client of EventBridge Scheduler, as the mirror uses it: over moto, and refused."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from idexx_sync.schedules.mirror import aws
from idexx_sync.schedules.mirror.aws import AwsScheduler
from idexx_sync.schedules.mirror.port import AlreadyThere, NotThere, Refused, SlowDown, Unanswered
from idexx_sync.schedules.mirror.wanted import Schedule, wanted_of
from tests.kit.mirror import GROUP, TARGETS, row
from tests.kit.strict_scheduler import Fault, StrictScheduler

REGION = "us-west-2"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client over moto, with our group and another one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        client = boto3.client("scheduler", region_name=REGION)
        for group in (GROUP, "others"):
            client.create_schedule_group(Name=group)
        yield client


def schedules(*rows: Any) -> list[Schedule]:
    return list(wanted_of(rows or [row()], TARGETS).schedules.values())


def names(scheduler: AwsScheduler, prefix: str | None = None) -> list[str]:
    return sorted(one.name for one in scheduler.page(prefix, None).schedules)


@pytest.mark.parametrize("strict", [False, True])
def test_r30_what_is_made_replaced_and_deleted_is_so_in_aws(moto: Any, strict: bool) -> None:
    client = StrictScheduler(behind=moto) if strict else moto
    scheduler = AwsScheduler(GROUP, client=client)
    first, second, _ = schedules()
    (changed, *_) = schedules(row(timezone="Europe/Berlin", schedules={"inbound": "0 7 * * *"}))

    scheduler.create(first)
    scheduler.create(second)
    scheduler.update(changed)
    scheduler.delete(second.name)

    (listed,) = scheduler.page(None, None).schedules
    assert listed.name == first.name
    assert abs(listed.modified_at - datetime.now(UTC)) < timedelta(seconds=10)
    found = moto.get_schedule(GroupName=GROUP, Name=first.name)
    # moto keeps the action of the first call.
    for name, value in changed.request.items():
        assert found[name] == value


def test_r30_a_list_is_read_page_by_page_and_by_what_names_begin_with(moto: Any) -> None:
    scheduler = AwsScheduler(GROUP, client=moto)
    made = schedules(*(row(n, {"cases": "0 3 * * *"}) for n in range(1, 121)))
    for one in made:
        scheduler.create(one)
    moto.create_schedule(**{**made[0].request, "GroupName": "others", "Name": "not-ours"})

    first = scheduler.page(None, None)
    second = scheduler.page(None, first.next_token)

    pages = [[one.name for one in page.schedules] for page in (first, second)]
    assert [len(page) for page in pages] == [100, 20]
    assert {*pages[0], *pages[1]} == {one.name for one in made}
    assert second.next_token is None
    assert names(scheduler, made[0].name[:37]) == [made[0].name]


def test_r30_what_aws_says_is_a_word_of_the_port(moto: Any) -> None:
    scheduler, one = AwsScheduler(GROUP, client=moto), schedules()[0]
    scheduler.create(one)

    with pytest.raises(AlreadyThere):
        scheduler.create(one)
    scheduler.delete(one.name)
    with pytest.raises(NotThere):
        scheduler.delete(one.name)
    with pytest.raises(NotThere):
        scheduler.update(one)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("throttled", SlowDown),
        ("refused", Refused),
        ("broken", Unanswered),
        ("silent", Unanswered),
        ("done and silent", Unanswered),
    ],
)
def test_r30_a_call_that_fails_says_whether_it_may_have_been_done(
    fault: Fault, kind: type[Exception]
) -> None:
    scheduler = AwsScheduler(GROUP, client=StrictScheduler(faults={1: fault}))

    with pytest.raises(kind) as caught:
        scheduler.create(schedules()[0])

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_r30_a_service_that_falls_silent_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aws, "LONGEST_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = boto3.client(
            "scheduler",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            aws_access_key_id="made-up",
            aws_secret_access_key="made-up",
            config=Config(read_timeout=2, retries={"total_max_attempts": 1}),
        )
        began = time.monotonic()
        with pytest.raises(Unanswered):
            AwsScheduler(GROUP, client=client).page(None, None)
        assert time.monotonic() - began < 1.5


def test_r30_without_credentials_nothing_was_done_and_the_word_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # another test's has credentials

    with pytest.raises(Refused, match="NoCredentialsError"):
        AwsScheduler(GROUP).page(None, None)
