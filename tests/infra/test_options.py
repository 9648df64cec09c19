"""What a stage may have besides: what each brings, and values that make no sense."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.network import INTERFACES
from infra.options import Domain, Network
from infra.stages import PROD, Stage
from tests.infra.schedules import role_of_ticks
from tests.infra.synthesising import (
    ACCOUNT,
    CERTIFICATE,
    FULL,
    QUEUES_KEY,
    REGION,
    SECRETS_KEY,
)
from tests.infra.template import Template, flat, granted, grants_of, target

OF_SECRETS = {"kms:Decrypt"}
OF_WATCHDOG = {"kms:Decrypt", "kms:GenerateDataKey"}
OF_CONSUMER = {"kms:Decrypt"}
OF_WORKER = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
"""It consumes ticks, and the CDK lets it reach its destination by more than that takes."""


def test_no_stage_has_any_of_them_unless_it_says_so(prod: Template) -> None:
    """The others are compared with production in `test_every_stage_has_the_same_resources`."""
    kinds = {resource["Type"].rpartition("::")[0] for resource in prod.resources.values()}

    assert not kinds & {"AWS::EC2", "AWS::WAFv2", "AWS::KMS"}
    assert not prod.of_type("AWS::ApiGateway::DomainName")
    assert "kms:" not in json.dumps(prod.resources)


# -- place -----------------------------------------------------------------------------------


def test_a_stage_with_a_place_is_deployed_there_and_looks_nothing_up(full: Template) -> None:
    manifest = json.loads(full.path.with_name("manifest.json").read_text())

    assert manifest["artifacts"][FULL.stack_name]["environment"] == f"aws://{ACCOUNT}/{REGION}"
    assert "missing" not in manifest


# -- keys ------------------------------------------------------------------------------------


def test_each_function_may_decrypt_its_secrets_by_way_of_secrets_manager_only(
    full: Template,
) -> None:
    for handler, function in full.functions.items():
        found = [one for one in function.statements if SECRETS_KEY in one["Resource"]]
        if handler == "login.handler":  # it has none
            assert found == []
            continue
        (statement,) = found
        assert grants_of([statement]) == granted(OF_SECRETS, SECRETS_KEY), handler
        via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": via}


def test_queues_are_encrypted_with_the_stages_key_and_who_uses_them_may_use_it(
    full: Template,
) -> None:
    for queue in full.of_type("AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == QUEUES_KEY

    def uses(of: set[tuple[str, str]]) -> set[str]:
        return {action for action, resource in of if resource == QUEUES_KEY}

    using = {
        handler: actions
        for handler, function in full.functions.items()
        if (actions := uses(allowed(full, handler)))
    }
    workers = {name: OF_WORKER for name in full.functions if name.endswith(".worker")}
    assert using == {
        "watchdog.handler": OF_WATCHDOG,
        "dead_letters.handler": OF_CONSUMER,
        **workers,
    }
    assert uses(grants_of(full.statements_of(role_of_ticks(full)))) == OF_WATCHDOG


def allowed(template: Template, handler: str) -> set[tuple[str, str]]:
    statements = template.functions[handler].statements
    return grants_of([one for one in statements if one["Effect"] == "Allow"])


# -- network ---------------------------------------------------------------------------------


def test_every_function_works_in_private_subnets_and_leaves_by_an_address_that_stays(
    full: Template,
) -> None:
    subnets = full.of_type("AWS::EC2::Subnet")
    routes = full.of_type("AWS::EC2::Route").values()
    tables = {
        target(one["SubnetId"]): target(one["RouteTableId"])
        for one in full.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
    }
    (group,) = full.of_type("AWS::EC2::SecurityGroup")
    for function in full.functions.values():
        config = function.properties["VpcConfig"]
        assert len({target(one) for one in config["SubnetIds"]}) == 2
        assert [target(one) for one in config["SecurityGroupIds"]] == [group]
        for subnet in map(target, config["SubnetIds"]):
            assert subnets[subnet]["MapPublicIpOnLaunch"] is False
            (out,) = (one for one in routes if target(one["RouteTableId"]) == tables[subnet])
            gateway = full.resources[target(out["NatGatewayId"])]["Properties"]
            address = full.resources[target(gateway["AllocationId"])]
            assert address["Type"] == "AWS::EC2::EIP"

    told = flat(full.outputs["Addresses"]["Value"]).split(",")
    assert told == [f"${{{one}}}" for one in full.of_type("AWS::EC2::EIP")]
    assert len(told) == 2


def test_nothing_reaches_in(full: Template) -> None:
    (group,) = full.of_type("AWS::EC2::SecurityGroup").values()

    assert "SecurityGroupIngress" not in group
    assert not full.of_type("AWS::EC2::SecurityGroupIngress")


def test_only_lambda_itself_makes_interfaces_and_no_code_of_a_function(full: Template) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
    for handler, function in full.functions.items():
        assert granted(INTERFACES, "*") <= allowed(full, handler)
        (denied,) = (one for one in function.statements if one["Effect"] == "Deny")
        assert (denied["Action"], denied["Resource"]) == (list(INTERFACES), "*")
        own = {"lambda:SourceFunctionArn": f"{arn}{function.properties['FunctionName']}"}
        assert denied["Condition"] == {"ArnEquals": own}


def test_what_the_network_refused_is_logged_and_the_log_ends(full: Template) -> None:
    _, flows = full.only("AWS::EC2::FlowLog")
    log = full.resources[target(flows["LogGroupName"])]["Properties"]

    assert (flows["ResourceType"], flows["TrafficType"]) == ("VPC", "REJECT")
    assert log["RetentionInDays"] == PROD.log_days


# -- domain ----------------------------------------------------------------------------------


def test_the_api_has_the_stages_name_below_its_base_path(full: Template) -> None:
    domain, properties = full.only("AWS::ApiGateway::DomainName")
    _, mapping = full.only("AWS::ApiGateway::BasePathMapping")

    assert properties["DomainName"] == "sync.example.com"
    assert properties["RegionalCertificateArn"] == CERTIFICATE
    assert properties["SecurityPolicy"] == "TLS_1_2"
    assert (target(mapping["DomainName"]), mapping["BasePath"]) == (domain, "v1")
    assert flat(full.outputs["DomainTarget"]["Value"]) == f"${{{domain}.RegionalDomainName}}"


# -- firewall --------------------------------------------------------------------------------


def test_who_asks_too_often_from_one_address_is_refused_and_no_request_is_kept(
    full: Template,
) -> None:
    acl, properties = full.only("AWS::WAFv2::WebACL")
    _, association = full.only("AWS::WAFv2::WebACLAssociation")
    (rule,) = properties["Rules"]

    assert rule["Action"] == {"Block": {}}
    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": 500,
    }
    for counted in (properties, rule):
        assert counted["VisibilityConfig"]["SampledRequestsEnabled"] is False, "headers hold keys"
    stage, _ = full.only("AWS::ApiGateway::Stage")
    assert f"${{{stage}}}" in flat(association["ResourceArn"])
    assert target(association["WebACLArn"]) == acl


# -- log role --------------------------------------------------------------------------------


def test_the_regions_role_for_logs_of_the_gateway_may_be_anothers(
    prod: Template, full: Template
) -> None:
    _, account = prod.only("AWS::ApiGateway::Account")
    role = prod.resources[target(account["CloudWatchRoleArn"])]

    assert role["DeletionPolicy"] == "Retain", "others of the region go on with it"
    assert not full.of_type("AWS::ApiGateway::Account")


# -- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: replace(PROD, account=ACCOUNT), "account and region"),
        (lambda: replace(PROD, region=REGION), "account and region"),
        (lambda: replace(FULL, account="12345"), "account"),
        (lambda: replace(FULL, region="oregon"), "region"),
        (lambda: replace(PROD, secrets_key_arn="alias/mine"), "key"),
        (lambda: replace(FULL, queues_key_arn=QUEUES_KEY.replace("west", "east")), "us-east-2"),
        (lambda: replace(PROD, requests_per_address=9), "requests of one address"),
        (lambda: Network(cidr="10.0.0.0/28"), "network"),
        (lambda: Network(cidr="8.8.0.0/16"), "network"),
        (lambda: Network(cidr="10.0.0.1/16"), "host bits"),
        (lambda: Network(zones=1), "zones"),
        (lambda: Network(gateways=0), "gateways"),
        (lambda: Network(gateways=3), "gateways"),
        (lambda: Domain(name="localhost", certificate_arn=CERTIFICATE), "domain"),
        (lambda: Domain(name="a.example.com", certificate_arn="none"), "certificate"),
        (
            lambda: Domain(name="a.example.com", certificate_arn=CERTIFICATE, base_path="a/b"),
            "base path",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    make: Callable[[], Stage | Network | Domain], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        make()
