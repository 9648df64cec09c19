"""Secrets that exist under names of the stage, and who may read which."""

from typing import Final, Literal

from aws_cdk.aws_secretsmanager import ISecret, Secret
from constructs import Construct

from infra.image import ImageFunction
from infra.keys import Keys
from infra.stages import SecretNames

SecretName = Literal[
    "migrate_database",
    "worker_database",
    "api_database",
    "authorizer_database",
    "upkeep_database",
    "pepper",
    "local_key",
    "fingerprint_key",
    "slack",
    "axiom",
]
VARIABLES: Final[dict[SecretName, str]] = {
    "migrate_database": "IDEXX_SYNC_DATABASE_SECRET",
    "worker_database": "IDEXX_SYNC_DATABASE_SECRET",
    "api_database": "IDEXX_SYNC_DATABASE_SECRET",
    "authorizer_database": "IDEXX_SYNC_DATABASE_SECRET",
    "upkeep_database": "IDEXX_SYNC_DATABASE_SECRET",
    "pepper": "IDEXX_SYNC_PEPPER_SECRET",
    "local_key": "IDEXX_SYNC_LOCAL_KEY_SECRET",
    "fingerprint_key": "IDEXX_SYNC_FINGERPRINT_KEY_SECRET",
    "slack": "IDEXX_SYNC_SLACK_SECRET",
    "axiom": "IDEXX_SYNC_AXIOM_SECRET",
}
"""Secret -> the variable in which a function finds its name."""


class SecretsByName(Construct):
    """The stage's secrets. None is made here: a value never passes through a template."""

    def __init__(self, scope: Construct, id_: str, *, names: SecretNames, keys: Keys) -> None:
        super().__init__(scope, id_)
        self._keys = keys
        self._secrets: dict[SecretName, ISecret] = {
            name: Secret.from_secret_name_v2(self, name, getattr(names, name)) for name in VARIABLES
        }

    def let_read(self, function: ImageFunction, *names: SecretName) -> None:
        """The function learns the secrets' names and may read them."""
        for name in names:
            secret = self._secrets[name]
            function.set(VARIABLES[name], secret.secret_name)
            secret.grant_read(function.function)
        for statement in self._keys.to_read_secrets():
            function.function.add_to_role_policy(statement)
