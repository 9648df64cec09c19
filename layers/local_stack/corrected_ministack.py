"""Starts MiniStack with what it does unlike AWS put right. Runs in MiniStack's own environment.

It ends when its standard input closes, and removes its folder for temporary files. By itself it
answers whoever reaches its port, web pages included; here only the API's callers, and whoever has
the access key of this start. Each correction names what MiniStack 1.5.33 does by itself;
`./run lock` pins that version.
"""

import contextvars
import json
import os
import re
import shutil
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ministack import app
from ministack.services import apigateway_v1 as gateway
from ministack.services import eventbridge
from ministack.services import lambda_svc as lambdas

from dev_tools.local_callers import is_secret, why_strange
from local_stack.corrected_ticks import correct_ticks

ADAPTER = os.environ["LOCAL_STACK_ADAPTER"]
"""Address of what runs the functions."""
SECRET = os.environ["LOCAL_STACK_SECRET"]
"""Of this start: the adapter's, and the one access key."""
PORT = int(os.environ["GATEWAY_PORT"])
HERE = f"http://127.0.0.1:{PORT}"
FOR_ANYBODY_HERE = re.compile(rb"/_ministack/ready|/restapis/\w+/\w+/_user_request_(/.*)?")
"""What needs no access key: whether it is up, and the API, which has keys of its own."""
ACCESS_KEY = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,/ ]+)/")
LONGEST_START_S = 60
THROTTLED_WAIT_S = 1.0
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Answer = dict[str, Any]


async def only_ours(scope: Answer, receive: Any, send: Any) -> None:
    """MiniStack's own application for whom it is meant; all others get a 403."""
    if scope["type"] == "lifespan" or _may_ask(scope):
        await _plain_app(scope, receive, send)
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b"not for you"})


def _may_ask(scope: Answer) -> bool:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1")
               for name, value in scope["headers"]}  # fmt: skip
    if scope["type"] != "http" or why_strange(headers, PORT) is not None:
        return False
    if FOR_ANYBODY_HERE.fullmatch(scope["raw_path"]) and "x-amz-target" not in headers:
        return True
    signed = ACCESS_KEY.match(headers.get("authorization", ""))
    return signed is not None and is_secret(signed[1], SECRET)


def every_function_has_the_adapter(_config: Answer) -> str:
    """By itself: only those with an address in their environment. The template stays as it is."""
    return ADAPTER


def run_through_adapter(
    function: Answer, event: Any, _address: str, _request_id: str
) -> dict[str, Any]:
    """By itself: what went wrong is wrapped into a message, so that an authorizer's
    `Unauthorized` becomes a 500, and a dead letter does not say what the function said."""
    config = function.get("config") or function
    wanted = _wanted(config, function.get("concurrency"))
    body = json.dumps({"function": wanted, "event": event}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    request = urllib.request.Request(ADAPTER, body, headers)
    try:
        with _opener.open(request, timeout=wanted["timeout_s"] + LONGEST_START_S) as answer:
            payload, failed = json.load(answer), "X-Amz-Function-Error" in answer.headers
    except (OSError, ValueError) as error:
        payload, failed = _unreachable(error), True
    if not failed:
        return {"body": payload}
    return {"body": payload, "error": True, "function_error": "Unhandled"}


def _wanted(config: Answer, concurrency: int | None) -> Answer:
    """What the adapter has to know of a function."""
    image = (config.get("ImageConfigResponse") or {}).get("ImageConfig") or {}
    return {
        "name": config["FunctionName"],
        "handler": (image.get("Command") or [""])[-1],
        "image": (config.get("ImageUri") or "").rpartition(":")[2],
        "timeout_s": int(config.get("Timeout") or 3),
        "memory_mb": int(config.get("MemorySize") or 128),
        "environment": (config.get("Environment") or {}).get("Variables") or {},
        "concurrency": concurrency,
        "aws_url": HERE,
    }


def _unreachable(error: Exception) -> Answer:
    return {"errorType": "Sandbox.Failure", "errorMessage": f"the adapter did not answer: {error}"}


def deliver_later(function: Answer, event: Any) -> None:
    """Asynchronous invocation. By itself: an event that meets the limit of concurrency is lost,
    and a failed one's message has neither time nor request id, and always counts three tries."""
    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(_deliver, function, event), daemon=True).start()


def _deliver(function: Answer, event: Any) -> None:
    config = function.get("config") or function
    account, region = lambdas._account_region_from_function_config(config)
    lambdas._request_account_id.set(account)
    lambdas._request_region.set(region)
    policy = _policy(function)
    tries = policy.get("MaximumRetryAttempts")
    tries = 1 + (2 if tries is None else int(tries))
    ends = time.monotonic() + int(policy.get("MaximumEventAgeInSeconds") or 21600)
    failed = 0
    while True:
        result = lambdas._execute_function(function, event)
        if result.get("throttle"):
            pause = THROTTLED_WAIT_S  # no attempt: the function has not run
        elif not result.get("error"):
            return
        else:
            failed += 1
            if failed >= tries:
                condition = "RetriesExhausted"
                break
            pause = lambdas._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2 ** (failed - 1)
        if time.monotonic() + pause > ends:
            condition = "EventAgeExceeded"
            break
        time.sleep(pause)
    _give_up(policy, config, event, result, condition, failed)


def start_by_schedule(arn: str, payload: str) -> None:
    """A tick of a schedule. By itself: it is run here and now, whatever the function's limits,
    retries and age of events say; on AWS it is an asynchronous invocation like any other."""
    function, config, _name = lambdas._get_func_record_for_ref(arn)
    if function and config:
        deliver_later(lambdas._execution_record_for_config(function, config), json.loads(payload))


def _policy(function: Answer) -> Answer:
    found = function.get("event_invoke_config")
    found = found or (function.get("event_invoke_configs") or {}).get("$LATEST")
    return found or {}


def _give_up(
    policy: Answer, config: Answer, event: Any, result: Answer, condition: str, tries: int
) -> None:
    """Send the event where the function's failures go, in AWS's own words."""
    destination = (policy.get("DestinationConfig") or {}).get("OnFailure") or {}
    arn = destination.get("Destination") or (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if not arn:
        return
    letter = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "requestContext": {
            "requestId": str(uuid4()),
            "functionArn": f"{config['FunctionArn']}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": tries,
        },
        "requestPayload": event,
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": result.get("function_error") or "Unhandled",
        },
        "responsePayload": result.get("body"),
    }
    _send(arn, json.dumps(letter))


def _send(queue_arn: str, text: str) -> None:
    region, account, name = queue_arn.split(":")[3:6]
    body = {"QueueUrl": f"{HERE}/{account}/{name}", "MessageBody": text}
    # Unsigned, but key and region are read from where a signature would be.
    signed_by = f"AWS4-HMAC-SHA256 Credential={SECRET}/20260101/{region}/sqs/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AmazonSQS.SendMessage",
        "Authorization": f"{signed_by}, SignedHeaders=host, Signature=0",
    }
    request = urllib.request.Request(HERE, json.dumps(body).encode(), headers)
    try:
        _opener.open(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        print(f"dead letter refused: {error.code} {error.read()!r}", file=sys.stderr)


class _FunctionFailedError(Exception):
    """Behind the gateway a function failed instead of answering."""


def _answer_of_function(result: Answer) -> tuple[Answer | None, str | None]:
    if result.get("error") or result.get("throttle"):
        raise _FunctionFailedError
    answer: tuple[Answer | None, str | None] = _plain_answer_of_function(result)
    return answer


async def _invoke_behind_gateway(*arguments: Any, **more: Any) -> Any:
    """By itself: the caller is shown what a function died of, as no gateway response says."""
    try:
        return await _plain_invoke_behind_gateway(*arguments, **more)
    except _FunctionFailedError:
        return gateway._gw_error("DEFAULT_5XX", "Internal server error")


def _event_for_function(api_id: str, stage: str, *arguments: Any, **more: Any) -> Answer:
    """By itself: a path that the caller did not use, from which no answer can make an address."""
    event: Answer = _plain_event_for_function(api_id, stage, *arguments, **more)
    event["requestContext"]["path"] = f"/restapis/{api_id}/{stage}/_user_request_{event['path']}"
    return event


def keep_no_logs(*_arguments: Any, **_more: Any) -> None:
    """By itself: a log stream of its own in memory for each invocation, for ever. The functions'
    logs are files."""


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(os.environ["LOCAL_STACK_FOLDER"], ignore_errors=True)
    os._exit(0)


_plain_app = app.app
_plain_answer_of_function = gateway._lambda_proxy_response
_plain_invoke_behind_gateway = gateway._invoke_lambda_proxy_v1
_plain_event_for_function = gateway._build_lambda_event_v1
app.app = only_ours
lambdas._proxy_url_for = every_function_has_the_adapter
lambdas._execute_function_proxy = run_through_adapter
lambdas.invoke_async_with_retry = deliver_later
eventbridge._dispatch_to_lambda = start_by_schedule
lambdas._emit_lambda_logs = keep_no_logs
gateway._build_lambda_event_v1 = _event_for_function
gateway._lambda_proxy_response = _answer_of_function
gateway._invoke_lambda_proxy_v1 = _invoke_behind_gateway
correct_ticks()

if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = ["ministack"]
    app.main()
