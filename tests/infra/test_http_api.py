"""The API in the template: who may pass, which function answers, what the gateway itself says."""

import json
import re

import pytest

from idexx_sync.api.problems import MEDIA_TYPE, UNAUTHORIZED_DETAIL, Problem, ProblemView
from idexx_sync.api.routes import ROUTES
from tests.infra.template import Template, flat, target

PUBLIC = {"/health", "/ready", "/openapi.json", "/docs"}
"""Said here once more, so that a route can't become public unnoticed."""
RESPONSE_TYPES = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 503,
    "AUTHORIZER_CONFIGURATION_ERROR": 503,
    "AUTHORIZER_FAILURE": 503,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "DEFAULT_4XX": 400,
    "DEFAULT_5XX": 503,
    "EXPIRED_TOKEN": 401,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 401,
    "INVALID_SIGNATURE": 401,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}


def test_every_resource_takes_any_method_and_there_is_one_for_unknown_paths(prod: Template) -> None:
    for path, methods in prod.methods.items():
        assert [method["HttpMethod"] for method in methods] == ["ANY"], path
    assert {"", "/{proxy+}", "/api", *(route.path for route in ROUTES)} <= prod.methods.keys()


def test_all_but_the_public_routes_need_a_key(prod: Template) -> None:
    authorizer, _ = prod.only("AWS::ApiGateway::Authorizer")
    open_paths = set()
    for path, (method,) in prod.methods.items():
        if method["AuthorizationType"] == "NONE":
            open_paths.add(path)
        else:
            assert method["AuthorizationType"] == "CUSTOM"
            assert method["AuthorizerId"] == {"Ref": authorizer}

    assert open_paths == PUBLIC == {route.path for route in ROUTES if not route.needs_key}


def test_each_path_leads_to_the_function_that_the_table_of_routes_names(prod: Template) -> None:
    functions = {function.logical_id: handler for handler, function in prod.functions.items()}
    leads_to = {}
    for path, (method,) in prod.methods.items():
        integration = method["Integration"]
        assert integration["Type"] == "AWS_PROXY"
        (leads_to[path],) = (
            handler
            for id_, handler in functions.items()
            if f"${{{id_}.Arn}}" in flat(integration["Uri"])
        )

    routes = {route.path: f"{route.function}.api" for route in ROUTES}
    assert {path: handler for path, handler in leads_to.items() if path in routes} == routes
    assert {handler for path, handler in leads_to.items() if path not in routes} == {"status.api"}


@pytest.mark.parametrize(("stage", "seconds"), [("prod", 60), ("staging", 60), ("local", 2)])
def test_the_authorizer_is_asked_by_key_and_its_answer_kept_as_the_stage_says(
    request: pytest.FixtureRequest, stage: str, seconds: int
) -> None:
    template: Template = request.getfixturevalue(stage)

    _, authorizer = template.only("AWS::ApiGateway::Authorizer")

    assert authorizer["Type"] == "REQUEST"
    assert authorizer["IdentitySource"] == "method.request.header.X-API-Key"
    assert authorizer["AuthorizerResultTtlInSeconds"] == seconds
    function = template.functions["authorizer.handler"]
    assert f"${{{function.logical_id}.Arn}}/invocations" in flat(authorizer["AuthorizerUri"])


def test_whatever_the_gateway_answers_itself_is_a_problem_of_ours(prod: Template) -> None:
    statuses = {}
    for answer in prod.of_type("AWS::ApiGateway::GatewayResponse").values():
        (template,) = answer["ResponseTemplates"].values()
        problem = ProblemView.model_validate_json(template)
        assert str(problem.status) == answer["StatusCode"]
        assert problem.model_dump(exclude_none=True) == json.loads(template)
        assert problem.request_id == "$context.requestId"
        assert template.count("$") == 1
        headers = answer["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == f"'{MEDIA_TYPE}'"
        waits = "gatewayresponse.header.Retry-After" in headers
        assert waits == (problem.status in (429, 503, 504))
        statuses[answer["ResponseType"]] = problem.status

    assert statuses == RESPONSE_TYPES


def test_the_gateway_says_of_a_missing_key_what_is_said_of_a_bad_one(prod: Template) -> None:
    (answer,) = (
        answer
        for answer in prod.of_type("AWS::ApiGateway::GatewayResponse").values()
        if answer["ResponseType"] == "UNAUTHORIZED"
    )

    said = ProblemView.model_validate_json(answer["ResponseTemplates"]["application/json"])

    assert said == Problem("unauthorized", UNAUTHORIZED_DETAIL).view("$context.requestId")


def test_requests_are_throttled_and_logged_without_keys(prod: Template) -> None:
    _, stage = prod.only("AWS::ApiGateway::Stage")
    (settings,) = (one for one in stage["MethodSettings"] if one["ResourcePath"] == "/*")
    logged = json.loads(stage["AccessLogSetting"]["Format"])

    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (50, 100)
    assert settings["DataTraceEnabled"] is False
    assert stage["TracingEnabled"] is True
    assert {"request_id", "status", "key_id"} <= logged.keys()
    assert not [value for value in logged.values() if "header" in value or "identity" in value]
    (log,) = re.findall(
        r":log-group:\$\{(\w+)\}$", flat(stage["AccessLogSetting"]["DestinationArn"])
    )
    assert prod.resources[log]["Type"] == "AWS::Logs::LogGroup"


def test_the_gateway_writes_what_failed_and_no_requests_into_a_log_that_ends(
    prod: Template,
) -> None:
    """Of errors only: what it writes of each request would hold parts of keys."""
    api, _ = prod.only("AWS::ApiGateway::RestApi")
    _, stage = prod.only("AWS::ApiGateway::Stage")
    for settings in stage["MethodSettings"]:
        assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("ERROR", False)

    (log,) = (
        id_
        for id_, one in prod.of_type("AWS::Logs::LogGroup").items()
        if flat(one.get("LogGroupName", "")) == f"API-Gateway-Execution-Logs_${{{api}}}/prod"
    )
    stage_id, _ = prod.only("AWS::ApiGateway::Stage")
    assert log in prod.resources[stage_id]["DependsOn"], "or the gateway makes it, without an end"


def test_keys_that_could_not_be_checked_are_counted_where_the_gateway_says_so(
    prod: Template,
) -> None:
    _, counted = prod.only("AWS::Logs::MetricFilter")
    _, stage = prod.only("AWS::ApiGateway::Stage")
    (field, pattern) = re.findall(r'\{ \$\.(\w+) = "(\w+\*)" \}', counted["FilterPattern"])[0]

    assert flat(stage["AccessLogSetting"]["DestinationArn"]).endswith(
        f":${{{target(counted['LogGroupName'])}}}"
    )
    logged = json.loads(stage["AccessLogSetting"]["Format"])
    assert logged[field] == "$context.error.responseType"
    ours = {name for name in RESPONSE_TYPES if name.startswith(pattern.rstrip("*"))}
    assert ours == {"AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"}


def test_what_needs_no_key_is_throttled_far_below_the_rest(prod: Template) -> None:
    _, stage = prod.only("AWS::ApiGateway::Stage")
    verbs = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
    throttled = {
        (one["ResourcePath"].replace("~1", "/").removeprefix("/"), one["HttpMethod"])
        for one in stage["MethodSettings"]
        if (one["ThrottlingRateLimit"], one["ThrottlingBurstLimit"]) == (5, 20)
    }

    assert throttled == {(path, verb) for path in PUBLIC for verb in verbs}


def test_long_answers_are_compressed(prod: Template) -> None:
    _, api = prod.only("AWS::ApiGateway::RestApi")

    assert api["MinimumCompressionSize"] == 1024


def test_nothing_but_the_api_is_public(prod: Template) -> None:
    api, _ = prod.only("AWS::ApiGateway::RestApi")
    by_api = of_lines = 0
    for permission in prod.of_type("AWS::Lambda::Permission").values():
        if permission["Principal"] == "logs.amazonaws.com":
            log = target(permission["SourceArn"])
            assert prod.resources[log]["Type"] == "AWS::Logs::LogGroup"
            of_lines += 1
            continue
        if permission["Principal"] == "events.amazonaws.com":
            rule, _ = prod.only("AWS::Events::Rule")
            assert target(permission["SourceArn"]) == rule
            continue
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert f"${{{api}}}" in flat(permission["SourceArn"])
        by_api += 1
    assert by_api
    assert of_lines == len(prod.of_type("AWS::Logs::SubscriptionFilter"))
    kinds = ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    statements = [
        (kind, statement)
        for kind in kinds
        for policy in prod.of_type(kind).values()
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    # Who puts something on a queue is a role of ours, and its own policy says so.
    assert [(kind, one["Principal"]) for kind, one in statements if one["Effect"] == "Allow"] == [
        ("AWS::SNS::TopicPolicy", {"Service": "cloudwatch.amazonaws.com"})
    ]
    assert {resource["Type"] for resource in prod.resources.values()} == {
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::Authorizer",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::GatewayResponse",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Resource",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::Events::Rule",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::SubscriptionFilter",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
        "AWS::Scheduler::ScheduleGroup",
        "Custom::Trigger",
    }
