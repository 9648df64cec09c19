"""Models mark their personal fields, and neither they nor a line of the log shows one."""

import ast
import dataclasses
import inspect
import json
import math
import pkgutil
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel

import idexx_sync
from idexx_sync.core.log_fields import FIELDS, REFUSED, is_text, line
from idexx_sync.core.measures import measure
from idexx_sync.core.personal import Discreet, personal_fields
from tests.unit.core.test_platform_lines import SHAPES

CANARY = "Rosalind Featherstonehaugh"
ROOT = Path(__file__).parents[3]
SAYS_WHOSE = re.compile(
    r"(patient|client|owner|first|last|provider)_name|\w*(phone|email|address|birth)\w*|notes_html"
    r"|discharge\w*|vital_signs|popup\w*|providers?"
)
OF_THE_SOURCE = re.compile(r"(cancelled_)?reason|title|lines?|label|text|said")
"""Of a model of what the source says these are words that somebody wrote."""
NOT_PERSONAL = {
    ("Shown", "providers"),  # ids, and never shown
    ("Identity", "providers"),  # how many
    ("Consultation", "lines"),  # each of them is discreet
    ("Expression", "text"),  # of a schedule
}


def models() -> Iterator[Any]:
    for found in pkgutil.walk_packages(idexx_sync.__path__, "idexx_sync."):
        if found.name.endswith("__main__"):
            continue
        module = import_module(found.name)
        for kind in vars(module).values():
            if inspect.isclass(kind) and kind.__module__ == found.name and fields_of(kind):
                yield kind


def fields_of(kind: Any) -> list[str]:
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    if issubclass(kind, BaseModel):
        return list(kind.model_fields)
    return list(getattr(kind, "_fields", ()))


ALL: list[Any] = [kind for kind in models() if "probes" not in kind.__module__]
MARKED: list[Any] = [kind for kind in ALL if personal_fields(kind)]
IDS = [kind.__name__ for kind in MARKED]


def filled(kind: Any) -> Any:
    """One of the model, with the canary in each of its personal fields."""
    if issubclass(kind, BaseModel):
        return kind.model_construct(**dict.fromkeys(personal_fields(kind), CANARY))
    made = kind.__new__(kind)
    for name in fields_of(kind):
        value = CANARY if name in personal_fields(kind) else "harmless"
        object.__setattr__(made, name, value)
    return made


def test_what_sounds_personal_is_marked() -> None:
    of_records = ("idexx_sync.pims", "idexx_sync.syncs", "idexx_sync.explain")
    unmarked = [
        (kind.__name__, name)
        for kind in ALL
        for name in fields_of(kind)
        if (
            SAYS_WHOSE.fullmatch(name)
            or (kind.__module__.startswith("idexx_sync.pims.") and OF_THE_SOURCE.fullmatch(name))
        )
        and kind.__module__.startswith(of_records)
        and name not in personal_fields(kind)
        and (kind.__name__, name) not in NOT_PERSONAL
    ]
    assert unmarked == []
    assert len(MARKED) >= 12


@pytest.mark.parametrize("kind", MARKED, ids=IDS)
def test_a_model_shows_no_personal_value(kind: Any) -> None:
    assert issubclass(kind, Discreet)
    one = filled(kind)

    for text in (
        repr(one),
        str(one),
        f"{one}",
        f"{one!r}",
        repr([{"a": one}]),
    ):
        assert CANARY not in text
        assert kind.__name__ in text


@pytest.mark.parametrize("kind", MARKED, ids=IDS)
def test_a_line_holds_no_model_under_any_name(kind: Any) -> None:
    one = filled(kind)
    for value in (one, [one], {"it": one}, (one,), repr):
        for name in FIELDS:
            told = line({"message": "said", name: value})

            assert CANARY not in told
            assert name in json.loads(told)[REFUSED]


@pytest.mark.parametrize(
    "name", sorted({name for kind in MARKED for name in personal_fields(kind)})
)
def test_a_line_takes_no_personal_field_by_its_name(name: str) -> None:
    told = line({"message": "said", name: CANARY})

    assert CANARY not in told
    assert json.loads(told)[REFUSED] == [name]
    assert FIELDS.get(name) is not is_text


@pytest.mark.parametrize(
    "value",
    [CANARY, "rex 2", "+1 555 0100", "(555) 0100", "<p>no</p>", "a\nb", "a" * 300, b"a", 1j],
)
def test_words_take_no_text(value: Any) -> None:
    words = {name: value for name, shape in FIELDS.items() if shape is FIELDS["status"]}
    told = json.loads(
        line({"message": "said", **words, "counts": {"read": value}, "job_id": value})
    )

    assert set(told[REFUSED]) == {*words, "counts", "job_id"}


@pytest.mark.parametrize(
    "number", [math.nan, math.inf, -math.inf, 10**5000], ids=["nan", "inf", "-inf", "long"]
)
def test_a_line_is_json_whatever_number_it_was_given(number: float) -> None:
    told = json.loads(line({"message": "said", "seconds": number, "counts": {"read": number}}))

    assert told == {"message": "said", REFUSED: ["seconds", "counts"]}


def test_a_mapping_of_any_kind_is_written() -> None:
    told = json.loads(line({"message": "said", "counts": MappingProxyType({"read": 3})}))

    assert told == {"message": "said", "counts": {"read": 3}}


class Odd(Mapping[str, int]):
    """Can't be looked at."""

    def __getitem__(self, key: str) -> int:
        raise LookupError(CANARY)

    def __iter__(self) -> Iterator[str]:
        raise LookupError(CANARY)

    def __len__(self) -> int:
        raise LookupError(CANARY)


def test_a_line_that_cannot_be_written_still_says_so_with_its_place() -> None:
    told = json.loads(
        line({"level": "INFO", "location": "end:12", "timestamp": "now", "counts": Odd()})
    )

    assert told == {
        "level": "ERROR",
        "message": "a line that could not be written",
        "location": "end:12",
        "timestamp": "now",
        "error": "LookupError",
    }


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_measure_is_json_whatever_number_it_was_given(
    number: float, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    measure({"RunsEnded": 1, "RunSeconds": number})
    measure({"RunSeconds": number})

    (told,) = (one for one in capsys.readouterr().out.splitlines() if "_aws" in one)
    assert json.loads(told, parse_constant=pytest.fail)["RunsEnded"] == [1.0]
    assert "RunSeconds" not in told
    assert [one.message for one in caplog.records] == ["a measure that is no number"] * 2


@pytest.mark.parametrize(
    ("value", "is_told"),
    [
        ("600196", True),
        ("600196@2026-05-04 09:00:00", True),
        ("my-own.id_1=x", True),
        ("rosalind@example.invalid", False),
        ("Rosalind F", False),
    ],
)
def test_an_id_is_no_address(value: str, is_told: bool) -> None:
    assert ("key" in json.loads(line({"message": "said", "key": value}))) is is_told


def test_a_name_that_is_none_is_not_repeated() -> None:
    assert json.loads(line({CANARY: 1, "message": "said"}))[REFUSED] == ["?"]


def _logged() -> Iterator[tuple[str, ast.Call]]:
    calls = ("debug", "info", "warning", "error", "critical", "append_keys", "append_context_keys")
    for folder in ("layers/idexx_sync", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in calls
                    and ast.unparse(node.func.value) in ("logger()", "log")
                ):
                    yield f"{path.name}:{node.lineno}", node


def test_all_that_is_logged_has_a_name_and_a_fixed_message() -> None:
    for place, call in _logged():
        names = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
        assert names <= FIELDS.keys(), place
        if call.args and place.partition(":")[0] != "words.py":  # where `message` is passed on
            assert isinstance(call.args[0], ast.Constant), place
        assert len(call.args) <= 1, place


def test_each_name_is_used() -> None:
    of_logger = {"level", "location", "message", "timestamp", "service", "xray_trace_id"}
    of_guards = {"record", "key", "errors", "job_id", REFUSED}
    used = {keyword.arg for _, call in _logged() for keyword in call.keywords}
    used |= {name for _, told in SHAPES.values() for name in told} | {"log_group"}
    assert FIELDS.keys() - used - of_logger - of_guards == set()
