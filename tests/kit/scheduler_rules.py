"""What AWS refuses of a call to EventBridge Scheduler, judged with nothing of the product.

AWS's own model of the service says names, lengths and patterns; what that leaves out, its
documentation does.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

QUEUE_ARN: Final = re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}")
MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
REQUIRED: Final = (
    *("GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow"),
    *("State", "ActionAfterCompletion", "Target"),
)
"""AWS has defaults for some of them; who replaces everything says everything."""
WORDS: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "month": (MONTHS, 1),
    "weekday": (WEEKDAYS, 1),
}
BOUNDS: Final = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (1, 7),
    "year": (1970, 2199),
}


def judge(operation: str, asked: Mapping[str, Any]) -> None:
    """Raises what AWS, or boto3 before it, raises for such a call."""
    shape = _shape(operation)
    report = ParamValidator().validate(asked, shape)
    assert not report.has_errors(), f"boto3 refuses {operation}: {report.generate_report()}"
    faults = list(_against_model(asked, shape, ""))
    if operation in ("CreateSchedule", "UpdateSchedule"):
        faults += _against_documents(asked)
    if faults:
        raise error("ValidationException", 400, operation, "; ".join(faults))


@cache
def _zones() -> frozenset[str]:
    """Read once, because that looks at a thousand files."""
    return frozenset(available_timezones())


@cache
def _shape(operation: str) -> Any:
    """Read once: AWS's own description of what the operation takes."""
    model = botocore.session.get_session().get_service_model("scheduler")
    return model.operation_model(operation).input_shape


def _against_model(value: Any, shape: Any, at: str) -> list[str]:
    """Lengths, patterns and words of a list, which boto3 leaves to the service."""
    if shape.type_name == "structure":
        return [
            fault
            for name, inner in value.items()
            for fault in _against_model(inner, shape.members[name], f"{at}.{name}")
        ]
    metadata = shape.metadata
    size = len(value) if isinstance(value, str) else value
    faults = []
    if "max" in metadata and size > metadata["max"]:
        faults.append(f"{at} is larger than {metadata['max']}")
    if "min" in metadata and size < metadata["min"]:
        faults.append(f"{at} is smaller than {metadata['min']}")
    if "pattern" in metadata and re.fullmatch(metadata["pattern"], value) is None:
        faults.append(f"{at} does not match {metadata['pattern']}")
    if "enum" in metadata and value not in metadata["enum"]:
        faults.append(f"{at} is none of {metadata['enum']}")
    return faults


def _against_documents(asked: Mapping[str, Any]) -> list[str]:
    faults = [f"{name} is missing" for name in REQUIRED if name not in asked]
    if faults:
        return faults
    target = asked["Target"]
    retries = target.get("RetryPolicy", {})
    if not {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"} <= retries.keys():
        faults.append("Target.RetryPolicy is not explicit")
    if QUEUE_ARN.fullmatch(target.get("DeadLetterConfig", {}).get("Arn", "")) is None:
        faults.append("Target.DeadLetterConfig names no queue")
    if QUEUE_ARN.fullmatch(target["Arn"]) is None:
        faults.append("Target.Arn is no queue")
    if not isinstance(json.loads(target.get("Input", "null")), dict):
        faults.append("Target.Input is no object")
    if asked["FlexibleTimeWindow"] != {"Mode": "OFF"}:
        faults.append("FlexibleTimeWindow lets it begin later")
    if asked["ScheduleExpressionTimezone"] not in _zones():
        faults.append("ScheduleExpressionTimezone is no zone")
    if not is_expression(asked["ScheduleExpression"]):
        faults.append("ScheduleExpression is none")
    return faults


@cache
def is_expression(text: str) -> bool:
    """Whether it is a `cron(…)` of six fields that AWS takes; `rate` and `at` are not ours."""
    match = re.fullmatch(r"cron\((.*)\)", text)
    fields = match[1].split(" ") if match else []
    if len(fields) != len(BOUNDS):
        return False
    told = dict(zip(BOUNDS, fields, strict=True))
    if (told["day"] == "?") == (told["weekday"] == "?"):
        return False
    return all(_is_field(name, value) for name, value in told.items())


def _is_field(name: str, text: str) -> bool:
    if name in ("day", "weekday") and text == "?":
        return True
    if name == "day" and re.fullmatch(r"L|LW|([1-9]|[12]\d|3[01])W", text):
        return True
    if name == "weekday" and ("/" in text or re.fullmatch(r"\w*L|\w+#[1-5]", text)):
        return "/" not in text
    return all(_is_term(name, term) for term in text.split(","))


def _is_term(name: str, term: str) -> bool:
    first, last = BOUNDS[name]
    span, _, step = term.partition("/")
    if "/" in term and not (step.isdigit() and 1 <= int(step) <= last):
        return False
    if span == "*":
        return True
    numbers = [_number(name, part) for part in span.split("-")]
    if len(numbers) > 2 or None in numbers:
        return False
    known = [number for number in numbers if number is not None]
    return known == sorted(known) and all(first <= number <= last for number in known)


def _number(name: str, text: str) -> int | None:
    words, first = WORDS.get(name, ((), 0))
    if text in words:
        return words.index(text) + first
    return int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else None


def error(code: str, status: int, operation: str, message: str = "") -> ClientError:
    """The error that boto3's client raises for such an answer."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "made-up",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )
