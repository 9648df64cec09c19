"""Lines that Lambda writes itself, in the shapes in which it writes them."""

import json
from typing import Any

import pytest

from idexx_sync.core.log_fields import REFUSED, line
from idexx_sync.core.platform_lines import fields_of

ID = "ea643eb8-1547-41f5-8c51-4ff6abe3e0d1"
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 29000.00 ms\tBilled Duration: 29000 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 57 MB\t"
)
TRACE = "XRAY TraceId: 1-643eb81e-7b15c13c3bff33247638ad8d\tSegmentId: 4c72ac137fd02fb0\t"
TOOK = {
    "invocation_id": ID,
    "duration_ms": 29000.0,
    "billed_ms": 29000.0,
    "memory_mb": 512.0,
    "memory_used_mb": 57.0,
}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "start": (
        f"START RequestId: {ID} Version: $LATEST\n",
        {"message": "invocation begun", "level": "INFO", "invocation_id": ID},
    ),
    "end": (
        f"END RequestId: {ID}\n",
        {"message": "invocation ended", "level": "INFO", "invocation_id": ID},
    ),
    "untraced": (
        f"{REPORT}\n",
        {"message": "invocation reported", "level": "INFO", **TOOK},
    ),
    "cold": (
        f"{REPORT}Init Duration: 812.31 ms\t\n",
        {"message": "invocation reported", "level": "INFO", **TOOK, "init_ms": 812.31},
    ),
    "traced": (
        f"{REPORT}\n{TRACE}Sampled: true\t\n",
        {
            "message": "invocation reported",
            "level": "INFO",
            **TOOK,
            "xray_trace_id": "1-643eb81e-7b15c13c3bff33247638ad8d",
        },
    ),
    "traced timeout": (
        f"{REPORT}Status: timeout\t\n{TRACE}Sampled: true\t\n",
        {
            "message": "invocation reported",
            "level": "ERROR",
            **TOOK,
            "status": "timeout",
            "xray_trace_id": "1-643eb81e-7b15c13c3bff33247638ad8d",
        },
    ),
    "out of memory": (
        f"{REPORT}Status: error\tError Type: Runtime.OutOfMemory\t\n",
        {
            "message": "invocation reported",
            "level": "ERROR",
            **TOOK,
            "status": "error",
            "error": "Runtime.OutOfMemory",
        },
    ),
    "timed out": (
        f"2026-01-01T00:00:00.000Z {ID} Task timed out after 29.00 seconds\n\n",
        {
            "message": "invocation timed out",
            "level": "ERROR",
            "invocation_id": ID,
            "seconds": 29.0,
        },
    ),
    "killed": (
        f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n",
        {
            "message": "function's process ended",
            "level": "ERROR",
            "invocation_id": ID,
            "reason": "killed",
            "error": "Runtime.ExitError",
        },
    ),
    "gone": (
        f"RequestId: {ID} Error: Runtime exited without providing a reason\nRuntime.ExitError\n",
        {
            "message": "function's process ended",
            "level": "ERROR",
            "invocation_id": ID,
            "error": "Runtime.ExitError",
        },
    ),
    "does not start": (
        "[ERROR] Runtime.ImportModuleError: Unable to import module 'x': No module named 'y'\n"
        "Traceback (most recent call last):\n",
        {
            "message": "function does not start",
            "level": "ERROR",
            "error": "Runtime.ImportModuleError",
        },
    ),
    "start times out": (
        "INIT_REPORT Init Duration: 9999.99 ms\tPhase: init\tStatus: timeout\n",
        {
            "message": "start reported",
            "level": "ERROR",
            "init_ms": 9999.99,
            "step": "init",
            "status": "timeout",
        },
    ),
    "start fails": (
        "INIT_REPORT Init Duration: 2.81 ms\tPhase: init\tStatus: error\t"
        "Error Type: Runtime.ExitError\n",
        {
            "message": "start reported",
            "level": "ERROR",
            "init_ms": 2.81,
            "step": "init",
            "status": "error",
            "error": "Runtime.ExitError",
        },
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_told_by_its_fields_all_of_which_a_line_may_hold(shape: str) -> None:
    message, fields = SHAPES[shape]

    assert fields_of(message) == fields
    told = json.loads(line(fields))
    assert (told, REFUSED in told) == (fields, False)


@pytest.mark.parametrize(
    "message",
    [
        "START of Robin Sample's visit 555-0100",
        "REPORT Robin Sample",
        "REPORT Name: Robin\tDuration: 3 ms",
        "END",
        "[ERROR] ValueError: Robin Sample",
        "RequestId: x Error: Robin",
        "Task timed out after 3 seconds",
        "",
    ],
)
def test_what_only_begins_like_one_is_none(message: str) -> None:
    assert fields_of(message) is None


def test_nothing_is_taken_over_that_has_no_name_or_another_shape() -> None:
    told = fields_of(f"{REPORT}Owner: Robin\tStatus: Robin Sample\tInit Duration: Robin\n")

    assert told == {"message": "invocation reported", "level": "INFO", **TOOK}
