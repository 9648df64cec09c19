"""One stack whose functions run in the image, for all trials."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from dev_tools.image.unpacked import FOLDER, TARGETS, Target, Unpacked
from infra.image import ROOT
from local_stack.home import home
from local_stack.stack import LocalStack, Manner, running_stack
from local_stack.stack_clinics import LocalClinic
from tests.image.figures import Figures
from tests.kit.stack_callers import conn, http

__all__ = ["conn", "http"]

EVENTS = ROOT / "infra" / "events"
INVENTED_CLINIC = "00000000-0000-4000-8000-000000000001"
FIGURES = pytest.StashKey[Figures]()


@pytest.fixture(scope="session")
def images() -> dict[Target, Unpacked]:
    return {target: Unpacked.kept(FOLDER, target) for target in TARGETS}


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    with TemporaryDirectory(prefix="idexx-sync-image-") as folder:
        Path(folder).chmod(0o755)
        manner = Manner(durable=False, images=FOLDER)
        with home(Path(folder)) as place, running_stack(place, manner) as running:
            with psycopg.connect(running.database_url, autocommit=True) as conn:
                # No run comes by itself while others are measured.
                conn.execute("UPDATE public.clinic_schedule_configs SET sync_schedules = NULL")
            yield running


@pytest.fixture(scope="session")
def clinic(stack: LocalStack) -> LocalClinic:
    return stack.clinics.members[0]


@pytest.fixture(scope="session")
def invoke(stack: LocalStack, clinic: LocalClinic) -> Callable[[str], tuple[Any, bool]]:
    """Invokes a function with its event file: what it answers, and whether that is a failure."""
    functions = stack.aws.client("lambda")

    def call(name: str) -> tuple[Any, bool]:
        event = (EVENTS / f"{name}.json").read_text().replace(INVENTED_CLINIC, str(clinic.id))
        answer = functions.invoke(FunctionName=f"idexx-sync-local-{name}", Payload=event.encode())
        return json.load(answer["Payload"]), "FunctionError" in answer

    return call


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash.setdefault(FIGURES, Figures())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = config.stash.get(FIGURES, Figures())
    for line in found.lines:
        terminalreporter.write_line(line)
