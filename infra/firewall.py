"""A limit for each address that asks, for stages that want one."""

from typing import Final

from aws_cdk.aws_apigateway import RestApi
from aws_cdk.aws_wafv2 import CfnWebACL, CfnWebACLAssociation
from constructs import Construct

SECONDS: Final = 300
"""Over which AWS counts."""


class Firewall(Construct):
    """Who has asked too often within five minutes gets 403 until fewer requests are counted: one
    caller without a key can't use up what all of them may ask together."""

    def __init__(self, scope: Construct, id_: str, *, api: RestApi, requests: int) -> None:
        super().__init__(scope, id_)
        acl = CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_counted("all"),
            rules=[
                CfnWebACL.RuleProperty(
                    name="too-many-of-one-address",
                    priority=0,
                    action=CfnWebACL.RuleActionProperty(block={}),
                    statement=CfnWebACL.StatementProperty(
                        rate_based_statement=CfnWebACL.RateBasedStatementProperty(
                            limit=requests, aggregate_key_type="IP", evaluation_window_sec=SECONDS
                        )
                    ),
                    visibility_config=_counted("too-many-of-one-address"),
                )
            ],
        )
        CfnWebACLAssociation(
            self,
            "Before",
            resource_arn=api.deployment_stage.stage_arn,
            web_acl_arn=acl.attr_arn,
        )


def _counted(name: str) -> CfnWebACL.VisibilityConfigProperty:
    """No samples of requests: their headers hold keys."""
    return CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
