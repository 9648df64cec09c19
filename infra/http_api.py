"""The HTTP API: our table of routes as resources of API Gateway, and who may pass."""

import json
from collections.abc import Mapping
from typing import Final

from aws_cdk import (
    Acknowledgment,
    CfnOutput,
    Duration,
    RemovalPolicy,
    Size,
    Stack,
    Validations,
)
from aws_cdk.aws_apigateway import (
    AccessLogFormat,
    AuthorizationType,
    EndpointType,
    IdentitySource,
    IResource,
    LambdaIntegration,
    LogGroupLogDestination,
    MethodDeploymentOptions,
    MethodLoggingLevel,
    RequestAuthorizer,
    RestApi,
    SecurityPolicy,
    StageOptions,
)
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_logs import FilterPattern, LogGroup, MetricFilter
from constructs import Construct

from idexx_sync.api.routes import ROUTES, FunctionName
from infra.gateway_responses import answer_problems
from infra.image import RETENTION, ImageFunction
from infra.options import Domain
from infra.stages import Stage

KEY_HEADER: Final = "X-API-Key"
ELSEWHERE: Final[FunctionName] = "status"
"""The function that answers where no route is."""
VERBS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What a method that takes any is throttled by, each for itself."""
COMPRESSED_FROM: Final = 1024
"""Bytes of an answer, if its caller takes gzip."""
AUTHORIZER_FAILURES: Final = "AuthorizerFailures"
"""Requests whose key could not be checked. The function's own errors would not tell: a refusal of a
bad key is one of them, as the gateway wants it."""
ACCESS_LOG: Final = {
    "request_id": "$context.requestId",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "key_id": "$context.authorizer.key_id",
    "clinic_id": "$context.authorizer.clinic_id",
    "gateway_error": "$context.error.responseType",
    "authorizer_status": "$context.authorizer.status",
    "function_status": "$context.integration.status",
}
"""One line for each request: no key, no address, no query."""
LOG_POLICY: Final = (
    "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
)


class HttpApi(Construct):
    """A REST API whose resources take any method, so that we ourselves answer the wrong ones."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        authorizer: ImageFunction,
        functions: Mapping[FunctionName, ImageFunction],
    ) -> None:
        super().__init__(scope, id_)
        self.api = RestApi(
            self,
            "Api",
            rest_api_name=stage.stack_name,
            endpoint_types=[EndpointType.REGIONAL],
            min_compression_size=Size.bytes(COMPRESSED_FROM),
            # One for the whole region: who removes this stack must not take it from others.
            cloud_watch_role=stage.sets_gateway_log_role,
            cloud_watch_role_removal_policy=(
                RemovalPolicy.RETAIN if stage.sets_gateway_log_role else None
            ),
            deploy_options=self._deployment(stage),
        )
        self._authorizer = RequestAuthorizer(
            self,
            "Authorizer",
            handler=authorizer.function,
            identity_sources=[IdentitySource.header(KEY_HEADER)],
            results_cache_ttl=Duration.seconds(stage.authorizer_cache_s),
        )
        integrations = {
            name: LambdaIntegration(function.function, scope_permission_to_method=False)
            for name, function in functions.items()
        }
        for path, owner in owners().items():
            self._open(path, integrations[owner])
        answer_problems(self.api)
        self._keep_execution_log(stage)
        if stage.domain is not None:
            self._name(stage.domain)
        self._explain()

    def _deployment(self, stage: Stage) -> StageOptions:
        log = LogGroup(self, "AccessLog", retention=RETENTION[stage.log_days])
        MetricFilter(
            self,
            "AuthorizerFailures",
            log_group=log,
            filter_pattern=FilterPattern.string_value("$.gateway_error", "=", "AUTHORIZER_*"),
            metric_namespace=stage.stack_name,
            metric_name=AUTHORIZER_FAILURES,
            metric_value="1",
            default_value=0,
        )
        return StageOptions(
            stage_name=stage.name,
            tracing_enabled=True,
            logging_level=MethodLoggingLevel.ERROR,
            data_trace_enabled=False,
            throttling_rate_limit=stage.requests_per_second,
            throttling_burst_limit=stage.burst,
            method_options={
                f"{path}/{verb}": MethodDeploymentOptions(
                    logging_level=MethodLoggingLevel.ERROR,
                    throttling_rate_limit=stage.public_requests_per_second,
                    throttling_burst_limit=stage.public_burst,
                )
                for path in sorted(public_paths())
                for verb in VERBS
            },
            access_log_destination=LogGroupLogDestination(log),
            access_log_format=AccessLogFormat.custom(json.dumps(ACCESS_LOG)),
        )

    def _keep_execution_log(self, stage: Stage) -> None:
        """The gateway would make it by itself, and it would never end."""
        log = LogGroup(
            self,
            "ExecutionLog",
            log_group_name=f"API-Gateway-Execution-Logs_{self.api.rest_api_id}/{stage.name}",
            retention=RETENTION[stage.log_days],
            removal_policy=RemovalPolicy.DESTROY,  # it is named, and its name is the API's
        )
        self.api.deployment_stage.node.add_dependency(log)

    def _name(self, domain: Domain) -> None:
        named = self.api.add_domain_name(
            "Domain",
            domain_name=domain.name,
            base_path=domain.base_path,
            certificate=Certificate.from_certificate_arn(
                self, "Certificate", domain.certificate_arn
            ),
            endpoint_type=EndpointType.REGIONAL,
            security_policy=SecurityPolicy.TLS_1_2,
        )
        CfnOutput(Stack.of(self), "DomainTarget", value=named.domain_name_alias_domain_name)

    def _open(self, path: str, integration: LambdaIntegration) -> None:
        """Any method of the path, for who has a key unless a public route is there."""
        resource: IResource = self.api.root.resource_for_path(path) if path else self.api.root
        if path not in public_paths():
            resource.add_method(
                "ANY",
                integration,
                authorizer=self._authorizer,
                authorization_type=AuthorizationType.CUSTOM,
            )
            return
        method = resource.add_method("ANY", integration, authorization_type=AuthorizationType.NONE)
        Validations.of(method).acknowledge(
            Acknowledgment(
                id="AwsSolutions-APIG4",
                reason="Public by our table of routes: it tells nothing about any clinic.",
            )
        )

    def _explain(self) -> None:
        Validations.of(self).acknowledge(
            Acknowledgment(
                id="AwsSolutions-APIG2",
                reason="The functions judge each request and name each fault in the caller's "
                "terms; the gateway's validator could only say that the body is invalid.",
            ),
            Acknowledgment(
                id="AwsSolutions-APIG3",
                reason="Callers are known programs with keys of 190 random bits; each method is "
                "throttled for all of them together, public ones far below the others, and what "
                "a key may order and wait for is bounded by the functions. "
                "A stage may have a limit for each address (`requests_per_address`).",
            ),
            Acknowledgment(
                id="AwsSolutions-COG4",
                reason="Callers are programs, not people: our own authorizer checks their keys.",
            ),
            Acknowledgment(
                id=f"AwsSolutions-IAM4[Policy::{LOG_POLICY}]",
                reason="The role by which API Gateway writes access logs, as AWS defines it.",
            ),
        )


def owners() -> dict[str, FunctionName]:
    """Each resource's path -> the function that answers there; also those between the routes."""
    found: dict[str, FunctionName] = {"": ELSEWHERE, "/{proxy+}": ELSEWHERE}
    for route in ROUTES:
        parts = route.path.split("/")
        for length in range(2, len(parts)):
            found.setdefault("/".join(parts[:length]), ELSEWHERE)
    return found | {route.path: route.function for route in ROUTES}


def public_paths() -> frozenset[str]:
    """Paths all of whose routes need no key."""
    with_key = {route.path for route in ROUTES if route.needs_key}
    return frozenset(route.path for route in ROUTES) - with_key
