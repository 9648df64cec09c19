"""What Lambda itself writes into a function's log, as fields: when an invocation began and ended,
what it took, and that it was killed, which nobody else can tell. Pure.

Only the fields that are named here are taken over, each with its shape; of what else stands in
such a line nothing is. The lines are those of Lambda's text format (AWS, "Lambda function logs"),
which also hold a line end: a traced function's report goes on with `XRAY TraceId`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Fields = dict[str, Any]

_ID: Final = r"(?P<invocation_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_NUMBER: Final = r"\d{1,12}(?:\.\d{1,6})?"
_STARTED: Final = re.compile(rf"START RequestId: {_ID} Version: [\w$.-]{{1,80}}\s*")
_ENDED: Final = re.compile(rf"END RequestId: {_ID}\s*")
_TIMED_OUT: Final = re.compile(
    rf"[\d:.TZ-]{{1,40}} {_ID} Task timed out after (?P<seconds>{_NUMBER}) seconds\s*"
)
_EXITED: Final = re.compile(
    rf"RequestId: {_ID} (?:Process exited before completing request|"
    r"Error: [^\r\n]{0,300}?(?:signal: (?P<reason>[a-z_]{1,40}))?"
    r"(?:\s+(?P<error>(?:Runtime|Extension)\.\w{1,60}))?)\s*"
)
_NOT_BEGUN: Final = re.compile(r"\[ERROR\] (?P<error>Runtime\.\w{1,60})\b.*", re.DOTALL)
_REPORTS: Final = {"REPORT ": "invocation reported", "INIT_REPORT ": "start reported"}
_VALUE: Final = re.compile(rf"(?P<number>{_NUMBER})(?: ms| MB)?|(?P<word>[\w.:-]{{1,200}})")
_NAMED: Final[Mapping[str, str]] = {
    "RequestId": "invocation_id",
    "Duration": "duration_ms",
    "Billed Duration": "billed_ms",
    "Memory Size": "memory_mb",
    "Max Memory Used": "memory_used_mb",
    "Init Duration": "init_ms",
    "Phase": "step",
    "Status": "status",
    "Error Type": "error",
    "XRAY TraceId": "xray_trace_id",
}
"""What Lambda names in a report -> our field."""
_WORDS: Final = frozenset({"invocation_id", "step", "status", "error", "xray_trace_id"})


def fields_of(message: str) -> Fields | None:
    """The fields of a line of Lambda's own, `message` and `level` among them; None: it is none."""
    for prefix, said in _REPORTS.items():
        if message.startswith(prefix):
            return _report(said, message.removeprefix(prefix))
    for pattern, said, level in (
        (_STARTED, "invocation begun", "INFO"),
        (_ENDED, "invocation ended", "INFO"),
        (_TIMED_OUT, "invocation timed out", "ERROR"),
        (_EXITED, "function's process ended", "ERROR"),
        (_NOT_BEGUN, "function does not start", "ERROR"),
    ):
        if found := pattern.fullmatch(message):
            told = {name: _typed(name, value) for name, value in found.groupdict().items() if value}
            return {"level": level, "message": said, **told}
    return None


def _report(said: str, rest: str) -> Fields | None:
    """None where it says nothing that a report says."""
    told: Fields = {}
    for part in re.split(r"[\t\r\n]+", rest):
        name, _, value = part.partition(": ")
        field = _NAMED.get(name)
        shape = _VALUE.fullmatch(value.strip())
        if field is None or shape is None:
            continue
        if field in _WORDS:
            told[field] = value.strip()
        elif shape["number"] is not None:
            told[field] = float(shape["number"])
    if not told.keys() & {"invocation_id", "init_ms"}:
        return None
    level = "ERROR" if told.get("status") in ("timeout", "error", "failure") else "INFO"
    return {"level": level, "message": said, **told}


def _typed(name: str, value: str) -> Any:
    shape: Callable[[str], Any] = float if name == "seconds" else str
    return shape(value)
