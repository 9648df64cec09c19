"""Puts the template into the simulated AWS, as `cdk deploy` would into the real one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from local_stack.simulated_aws import SimulatedAws

STACK: Final = "idexx-sync-local"
BOOTSTRAP: Final = "/cdk-bootstrap/hnb659fds/version"
"""What `cdk bootstrap` leaves behind, and every template asks for."""
BUCKET: Final = "templates"
DEPLOYED_WITHIN_S: Final = 60


class DeployFailed(Exception):
    """CloudFormation gave up; the message says at what."""


@dataclass(frozen=True)
class Deployed:
    outputs: Mapping[str, str]

    def api_url(self, aws: SimulatedAws) -> str:
        """Where the simulated AWS serves the API: its own address, as it has no DNS."""
        return f"{aws.url}/restapis/{self.outputs['ApiId']}/local/_user_request_"


def deploy(
    aws: SimulatedAws, template: Path, *, secrets: Mapping[str, str], parameters: Mapping[str, str]
) -> Deployed:
    """Create the stack. Raises DeployFailed."""
    _fill(aws, secrets, {BOOTSTRAP: "21", **parameters})
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=_uploaded(aws, template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    outputs = _created(cloudformation)
    _reserve_concurrency(aws, json.loads(template.read_text()))
    return Deployed(outputs)


def invoke(aws: SimulatedAws, function: str, event: dict[str, Any]) -> Any:
    """A function's answer; DeployFailed when it failed."""
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise DeployFailed(f"{function}: {payload}; see {aws.logs}")
    return payload


def _fill(aws: SimulatedAws, secrets: Mapping[str, str], parameters: Mapping[str, str]) -> None:
    manager = aws.client("secretsmanager")
    for name, value in secrets.items():
        manager.create_secret(Name=name, SecretString=value)
    store = aws.client("ssm")
    for name, value in parameters.items():
        store.put_parameter(Name=name, Value=value, Type="String")


def _uploaded(aws: SimulatedAws, template: Path) -> str:
    """CloudFormation takes nothing larger than 50 kB in a call."""
    storage = aws.client("s3")
    storage.create_bucket(Bucket=BUCKET)
    storage.put_object(Bucket=BUCKET, Key=template.name, Body=template.read_bytes())
    return f"{aws.url}/{BUCKET}/{template.name}"


def _created(cloudformation: Any) -> dict[str, str]:
    give_up = monotonic() + DEPLOYED_WITHIN_S
    while monotonic() < give_up:
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            raise DeployFailed(_reason(cloudformation))
        sleep(0.05)
    raise DeployFailed(f"the stack is not there after {DEPLOYED_WITHIN_S} s")


def _reason(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [one for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    return "; ".join(
        f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason')}" for one in failed
    )


def _reserve_concurrency(aws: SimulatedAws, template: dict[str, Any]) -> None:
    """MiniStack's CloudFormation passes over it; its Lambda does not."""
    functions = aws.client("lambda")
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if (most := properties.get("ReservedConcurrentExecutions")) is not None:
            functions.put_function_concurrency(
                FunctionName=properties["FunctionName"], ReservedConcurrentExecutions=most
            )
