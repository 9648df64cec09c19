"""A network of the stack's own, for stages whose functions need addresses that stay."""

from typing import Final

from aws_cdk import ArnFormat, CfnOutput, Fn, Stack
from aws_cdk.aws_ec2 import (
    CfnEIP,
    FlowLogDestination,
    FlowLogTrafficType,
    IpAddresses,
    SecurityGroup,
    SubnetConfiguration,
    SubnetType,
    Vpc,
)
from aws_cdk.aws_iam import Effect, PolicyStatement
from aws_cdk.aws_lambda import CfnFunction
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from infra.image import RETENTION, ImageFunction
from infra.options import Network
from infra.stages import Stage

INTERFACES: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda itself does as the function's role; AWS names no narrower resource for it."""


class FunctionNetwork(Construct):
    """Private subnets, and gateways through which what is in them reaches Neo, the database, Axiom,
    Slack and AWS from addresses that stay. Nothing reaches in."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, network: Network) -> None:
        super().__init__(scope, id_)
        self._vpc = Vpc(
            self,
            "Vpc",
            ip_addresses=IpAddresses.cidr(network.cidr),
            max_azs=network.zones,
            nat_gateways=network.gateways,
            # Its own rules let nobody in but its members, of which there are none.
            restrict_default_security_group=False,
            subnet_configuration=[
                SubnetConfiguration(
                    name="Gateways",
                    subnet_type=SubnetType.PUBLIC,
                    cidr_mask=28,
                    map_public_ip_on_launch=False,
                ),
                SubnetConfiguration(name="Functions", subnet_type=SubnetType.PRIVATE_WITH_EGRESS),
            ],
        )
        log = LogGroup(self, "RefusedLog", retention=RETENTION[stage.log_days])
        self._vpc.add_flow_log(
            "Refused",
            destination=FlowLogDestination.to_cloud_watch_logs(log),
            traffic_type=FlowLogTrafficType.REJECT,
        )
        self._group = SecurityGroup(
            self,
            "OnlyOut",
            vpc=self._vpc,
            description="Functions: only out.",
            allow_all_outbound=True,
        )
        CfnOutput(
            Stack.of(self),
            "Addresses",
            value=Fn.join(",", [address.ref for address in self._addresses()]),
        )

    def take_in(self, function: ImageFunction) -> None:
        """The function works in the network; its code can't ask for interfaces, only Lambda can."""
        made = function.function.node.default_child
        assert isinstance(made, CfnFunction)
        made.vpc_config = CfnFunction.VpcConfigProperty(
            security_group_ids=[self._group.security_group_id],
            subnet_ids=[subnet.subnet_id for subnet in self._vpc.private_subnets],
        )
        # By its name: by a reference, policy and function would wait for each other.
        own = Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=function.full_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for statement in (
            PolicyStatement(actions=list(INTERFACES), resources=["*"]),
            PolicyStatement(
                effect=Effect.DENY,
                actions=list(INTERFACES),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": own}},
            ),
        ):
            function.function.add_to_role_policy(statement)
        function.function.node.add_dependency(self._vpc)

    def _addresses(self) -> list[CfnEIP]:
        found = (subnet.node.try_find_child("EIP") for subnet in self._vpc.public_subnets)
        return [address for address in found if isinstance(address, CfnEIP)]
