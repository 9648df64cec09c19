"""Fixtures of whoever calls a running stack; the fixture `stack` is the importer's own."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import Connection

from local_stack.stack import LocalStack
from tests.kit.plain_http import NO_TLS

LONGEST_ANSWER_S = 60


@pytest.fixture
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    """A client of the stack's API."""
    with httpx.Client(
        verify=NO_TLS, base_url=stack.api_url, timeout=LONGEST_ANSWER_S, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def conn(stack: LocalStack) -> Iterator[Connection[tuple[Any, ...]]]:
    """An autocommit connection to the stack's database, as its owner."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield connection
