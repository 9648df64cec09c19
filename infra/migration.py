"""The function that migrates, and when a deployment has it do so."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import CustomResourceProviderBase, Duration, Stack
from aws_cdk.aws_logs import LogGroup
from aws_cdk.triggers import Trigger
from constructs import Construct

from infra.image import LOG_WRITES, RETENTION, ImageFunction
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage
from infra.upkeep_function import NO_RETRIES

INVOKER: Final = "AWSCDK.TriggerCustomResourceProviderCustomResourceProvider"
"""CDK's own function, by which CloudFormation invokes ours."""
ANSWERS_WITHIN_S: Final = 30
"""Beyond what the function itself may take."""


class Migration(Construct):
    """Each deployment migrates before any other function changes, and stops where that fails. What
    fails after it turns the functions back and not the schema: a migration fits the release before
    its own as well."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, secrets: SecretsByName) -> None:
        super().__init__(scope, id_)
        self.function = ImageFunction(
            self,
            "Function",
            stage=stage,
            handler="functions.migrate.handler.handler",
            size=stage.migrate,
            retries=NO_RETRIES,  # whoever migrates waits for the answer
        )
        secrets.let_read(self.function, "migrate_database")
        self._stage = stage

    def precedes(self, functions: Sequence[ImageFunction]) -> None:
        """None of the functions changes until the migrations are applied."""
        if not self._stage.migrates_as_it_deploys:
            return
        trigger = Trigger(
            self,
            "Applied",
            handler=self.function.function,
            timeout=Duration.seconds(self._stage.migrate.timeout_s + ANSWERS_WITHIN_S),
        )
        trigger.execute_before(*(one.function for one in functions))
        self._tame_invoker()

    def _tame_invoker(self) -> None:
        """A log that ends, and instead of AWS's policy for all logs the right to write this one."""
        invoker = Stack.of(self).node.find_child(INVOKER)
        assert isinstance(invoker, CustomResourceProviderBase)
        log = LogGroup(self, "InvokerLog", retention=RETENTION[self._stage.log_days])
        handler, role = invoker.node.find_child("Handler"), invoker.node.find_child("Role")
        handler.add_property_override("LoggingConfig", {"LogGroup": log.log_group_name})
        role.add_property_deletion_override("ManagedPolicyArns")
        invoker.add_to_role_policy(
            {"Effect": "Allow", "Action": list(LOG_WRITES), "Resource": log.log_group_arn}
        )
