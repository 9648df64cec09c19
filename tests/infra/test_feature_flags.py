"""The CDK's feature flags: named in code, and all that it recommends."""

import json
import tarfile
from importlib import resources

from infra.feature_flags import FEATURE_FLAGS
from tests.infra.template import Template
from tests.kit.paths import ROOT

RECOMMENDED = "package/recommended-feature-flags.json"


def test_the_cdk_builds_as_it_would_for_a_new_project() -> None:
    (library,) = (
        one for one in resources.files("aws_cdk._jsii").iterdir() if one.name.endswith(".tgz")
    )
    with tarfile.open(str(library)) as archive:
        file = archive.extractfile(RECOMMENDED)
        assert file is not None
        recommended = json.load(file)

    assert dict(FEATURE_FLAGS) == recommended


def test_no_other_place_names_flags() -> None:
    context = json.loads((ROOT / "cdk.json").read_text()).get("context", {})

    assert context == {}  # nor a stage: none is deployed that nobody has named


def deployment(template: Template) -> str:
    id_, _ = template.only("AWS::ApiGateway::Deployment")
    return id_


def test_another_time_that_keys_are_remembered_is_another_deployment_of_the_gateway(
    prod: Template, untold: Template
) -> None:
    """What it serves is a deployment, and without a new one it would go on with the old time."""

    def kept(template: Template) -> int:
        _, authorizer = template.only("AWS::ApiGateway::Authorizer")
        found: int = authorizer["AuthorizerResultTtlInSeconds"]
        return found

    assert kept(prod) != kept(untold)
    assert deployment(prod) != deployment(untold)
