"""What a deployed stage needs of its AWS account before its first deployment: secrets, and runs at
once. The names are the ones under which the stage's functions look."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from idexx_sync.core.imprints import SecretName

DatabasePart = Literal["migrate", "worker", "api", "authorizer", "upkeep", "operator"]
"""A part of the service with a role of its own in the database, `idexx_sync_PART`."""
PARTS: Final[tuple[DatabasePart, ...]] = get_args(DatabasePart)
DATABASES: Final[Mapping[str, DatabasePart]] = {f"{part}-database": part for part in PARTS}
"""Secret with an address of the database -> whose. No function reads that of the operator."""
KEYS: Final[Mapping[str, SecretName]] = {
    name.replace("_", "-"): name for name in get_args(SecretName)
}
"""Secret that is made of random bytes -> by what name the database knows it."""
TOKENS: Final[Mapping[str, str]] = {"axiom-token": "axiom_token", "slack-token": "slack_token"}
"""Secret that somebody else has made -> by what name it is asked for."""
SECRETS: Final[tuple[str, ...]] = (*KEYS, *DATABASES, *TOKENS)

RESERVED: Final[Mapping[str, int]] = {"prod": 109, "staging": 66}
"""Stage in AWS -> runs at once that its functions reserve, all together."""
LEFT_FREE: Final = 100
"""Runs at once that AWS wants to be left unreserved in an account."""
LEFT_FREE_WHEN_NEW: Final = 10
"""The same in an account whose quota is below that."""


def secret_name(stage: str, secret: str) -> str:
    """Its name in Secrets Manager."""
    return f"idexx-sync/{stage}/{secret}"


def function_name(stage: str, function: str) -> str:
    """Its name in Lambda."""
    return f"idexx-sync-{stage}-{function}"
