"""What bootstrap prepares is what the template of each stage names and reserves."""

from dataclasses import asdict

import pytest

from idexx_sync.core.account import is_placeholder
from idexx_sync.core.deployments import DATABASES, KEYS, RESERVED, SECRETS, TOKENS, secret_name
from idexx_sync.core.imprints import VARIABLES
from idexx_sync.database.rights import RIGHTS
from infra.stages import LOCAL, STAGES, Stage

NO_FUNCTION_READS = {"operator-database"}


def reserved(stage: Stage) -> int:
    """All that the stage's functions take away from the account's other ones."""
    behind_the_gateway = 1 + len(stage.workers)  # one for all, and one of each sync
    return sum(
        (
            sum(limits.reserved_concurrency or 0 for limits in stage.workers.values()),
            behind_the_gateway * (stage.api_at_once or 0),
            stage.authorizer_at_once or 0,
            stage.dead_letters_at_once or 0,
            stage.watchdog_at_once or 0,
            stage.config_sync_at_once or 0,
        )
    )


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_every_secret_that_a_function_names_is_made(stage: Stage) -> None:
    made = {secret_name(stage.name, one) for one in SECRETS}
    unread = {secret_name(stage.name, one) for one in NO_FUNCTION_READS}

    assert set(asdict(stage.secrets).values()) == made - unread


def test_every_stage_in_aws_can_be_prepared_with_what_it_reserves() -> None:
    assert {
        name: reserved(stage) for name, stage in STAGES.items() if name != LOCAL.name
    } == RESERVED


def test_every_role_of_the_database_has_a_secret() -> None:
    assert {f"idexx_sync_{part}" for part in DATABASES.values()} == RIGHTS.keys()
    assert set(KEYS.values()) == VARIABLES.keys()
    assert len(SECRETS) == len({*KEYS, *DATABASES, *TOKENS})


@pytest.mark.parametrize(
    ("value", "says_nothing"),
    [
        ("", True),
        (" \n", True),
        ("{}", True),
        ("TODO", True),
        ("<change-me>", True),
        ("PLACEHOLDER", True),
        ("xoxb-1", False),
        ('{"password": "made-up"}', False),
        ("todo-1", False),
    ],
)
def test_what_counts_as_no_value(value: str, says_nothing: bool) -> None:
    assert is_placeholder(value) == says_nothing
