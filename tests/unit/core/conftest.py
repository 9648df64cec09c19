"""What stands for Axiom."""

from collections.abc import Iterator

import pytest

from idexx_sync.core.axiom import process_axiom
from local_stack.sinks.axiom import DATASET, TOKEN
from local_stack.sinks.server import Sinks, running_sinks


@pytest.fixture
def sinks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sinks]:
    with running_sinks() as running:
        monkeypatch.setenv("IDEXX_SYNC_AXIOM_TOKEN", TOKEN)
        monkeypatch.setenv("IDEXX_SYNC_AXIOM_DATASET", DATASET)
        monkeypatch.setenv("IDEXX_SYNC_AXIOM_URL", running.url)
        process_axiom.forget()
        yield running
    process_axiom.forget()
