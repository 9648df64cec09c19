"""A synthesised template, asked in the words of the tests."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Resource = dict[str, Any]
Grant = tuple[str, str]
"""An action, and a resource that it may touch."""


@dataclass(frozen=True)
class Function:
    """A function with all that belongs to it."""

    logical_id: str
    handler: str
    properties: Resource
    statements: list[Resource]
    """What its role may do."""
    events: Resource | None
    """How asynchronous events are retried, and where they end."""

    @property
    def grants(self) -> set[Grant]:
        return grants_of(self.statements)

    @property
    def environment(self) -> dict[str, Any]:
        found: dict[str, Any] = self.properties["Environment"]["Variables"]
        return found


@dataclass(frozen=True)
class Template:
    """The template of a stage, beside the rest of its cloud assembly."""

    path: Path

    @cached_property
    def resources(self) -> dict[str, Resource]:
        found: dict[str, Resource] = json.loads(self.path.read_text())["Resources"]
        return found

    @cached_property
    def outputs(self) -> dict[str, Resource]:
        found: dict[str, Resource] = json.loads(self.path.read_text())["Outputs"]
        return found

    @cached_property
    def images(self) -> dict[str, Resource]:
        """Tag -> what is built for it."""
        path = self.path.with_name(self.path.name.replace(".template.", ".assets."))
        found = json.loads(path.read_text())["dockerImages"]
        return {tag: image["source"] for tag, image in found.items()}

    def of_type(self, type_: str) -> dict[str, Resource]:
        """Logical id -> properties."""
        return {
            id_: resource["Properties"]
            for id_, resource in self.resources.items()
            if resource["Type"] == type_
        }

    def only(self, type_: str) -> tuple[str, Resource]:
        (found,) = self.of_type(type_).items()
        return found

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Handler (`inbound_sync.api`) -> its function; those of the CDK are not here."""
        found = [
            self._function(*item)
            for item in self.of_type("AWS::Lambda::Function").items()
            if "ImageConfig" in item[1]
        ]
        return {function.handler: function for function in found}

    def _function(self, id_: str, properties: Resource) -> Function:
        (command,) = properties["ImageConfig"]["Command"]
        role = properties["Role"]["Fn::GetAtt"][0]
        events = self.of_type("AWS::Lambda::EventInvokeConfig").values()
        return Function(
            logical_id=id_,
            handler=command.removeprefix("functions.").replace(".handler.", "."),
            properties=properties,
            statements=self.statements_of(role),
            events=next((event for event in events if event["FunctionName"] == {"Ref": id_}), None),
        )

    def statements_of(self, role: str) -> list[Resource]:
        """What the role may do."""
        return list(self._statements(role))

    def _statements(self, role: str) -> Iterator[Resource]:
        properties = self.resources[role]["Properties"]
        assert not properties.get("ManagedPolicyArns")
        assert not properties.get("Policies")
        for policy in self.of_type("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Roles"]:
                yield from policy["PolicyDocument"]["Statement"]

    @cached_property
    def paths(self) -> dict[str, str]:
        """Logical id of an API's resource -> its path; the root's is that of the API."""
        root, _ = self.only("AWS::ApiGateway::RestApi")
        resources = self.of_type("AWS::ApiGateway::Resource")

        def path(id_: str) -> str:
            if id_ == root:
                return ""
            properties = resources[id_]
            return f"{path(target(properties['ParentId']))}/{properties['PathPart']}"

        return {id_: path(id_) for id_ in [root, *resources]}

    @cached_property
    def methods(self) -> dict[str, list[Resource]]:
        """Path -> its methods."""
        found: dict[str, list[Resource]] = {path: [] for path in self.paths.values()}
        for method in self.of_type("AWS::ApiGateway::Method").values():
            found[self.paths[target(method["ResourceId"])]].append(method)
        return found


def grants_of(statements: list[Resource]) -> set[Grant]:
    """What the statements allow, however the CDK has put them together."""
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {
        (action, flat(resource))
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def granted(actions: Iterable[str], resource: str) -> set[Grant]:
    """All of the actions on one resource."""
    return {(action, resource) for action in actions}


def target(reference: Resource) -> str:
    """The logical id that a reference leads to."""
    if "Ref" in reference:
        return str(reference["Ref"])
    return str(reference["Fn::GetAtt"][0])


def flat(value: Any) -> str:
    """A value put together by CloudFormation as one text: `${Function.Arn}` for a reference."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(flat(part) for part in parts)
        case {"Fn::Sub": text}:
            return str(text)
        case _:
            return str(value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
