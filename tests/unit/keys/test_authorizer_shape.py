"""What the authorizer decides without a database, and what it costs to load it."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.keys.authorizer import AuthorizerDependencies, authorizer, presented_key
from idexx_sync.keys.format import generate_key
from tests.kit.authorizing import request_event

KEY = generate_key("test")
OTHER = generate_key("test")
UNWANTED = (
    "boto3",
    "playwright",
    "httpx",
    "typer",
    "rich",
    "idexx_sync.pims.neo",
    "idexx_sync.jobs",
)


def no_dependencies() -> AuthorizerDependencies:
    raise AssertionError("the database was needed")


NO_KEYS = {
    "no header": request_event(),
    "empty": request_event(""),
    "a word": request_event("secret"),
    "too short": request_event(KEY[:-1]),
    "too long": request_event(KEY + "0"),
    "a blank before": request_event(f" {KEY}"),
    "a line end after": request_event(f"{KEY}\n"),
    "a bearer token": request_event(f"Bearer {KEY}"),
    "two in one value": request_event(f"{KEY}, {KEY}"),
    "wrong checksum": request_event(KEY[:-1] + ("0" if KEY[-1] != "0" else "1")),
    "another kind": request_event(KEY.replace("idx_test", "idx_live")),
    "another script": request_event("ключ"),
    "two keys": request_event(KEY, OTHER),
    "a key and nothing": request_event(KEY, ""),
    "two spellings": request_event(KEY, x_api_key=[OTHER]),
    "another header": request_event(Authorization=[KEY]),
    "headers are null": {**request_event(KEY), "headers": None, "multiValueHeaders": None},
    "no headers at all": {"type": "REQUEST", "methodArn": "arn"},
}
"""Under names, because each worker of a parallel run makes other keys."""


@pytest.mark.parametrize("event", NO_KEYS.values(), ids=NO_KEYS)
def test_what_cannot_be_a_key_is_refused_without_a_database(event: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$") as refusal:
        authorizer(no_dependencies)(event, None)

    assert type(refusal.value) is Exception
    assert refusal.value.args == ("Unauthorized",)


@given(st.text(max_size=80))
def test_no_text_but_a_key_needs_a_database(text: str) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer(no_dependencies)(request_event(text), None)


@pytest.mark.parametrize("header", ["X-API-Key", "x-api-key", "X-Api-Key", "X-API-KEY"])
def test_the_header_counts_in_any_case(header: str) -> None:
    assert presented_key(request_event(KEY, header=header)) == KEY


def test_the_same_value_twice_is_one_key() -> None:
    assert presented_key(request_event(KEY, KEY)) == KEY
    assert presented_key(request_event(KEY, x_api_key=[KEY])) == KEY


def test_headers_will_do_where_there_are_no_multi_value_ones() -> None:
    event = request_event(KEY)
    del event["multiValueHeaders"]

    assert presented_key(event) == KEY


def test_loading_the_handler_loads_little_else() -> None:
    script = "import json, sys, functions.authorizer.handler; print(json.dumps([*sys.modules]))"

    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    loaded: set[str] = set(json.loads(said))
    assert "idexx_sync.keys.authorizer" in loaded
    assert loaded.isdisjoint(UNWANTED)
