"""Every field, parameter and answer of the OpenAPI document has words and an example that fits."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from idexx_sync.api.field_texts import EXAMPLES, TOLD
from idexx_sync.api.openapi import document
from idexx_sync.operations.decisions import LONGEST_REASON

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]

Told = tuple[str, str | None, list[Any], dict[str, Any]]
"""Where, its words, its examples and its schema."""


def fields() -> Iterator[Told]:
    for model, schema in SCHEMAS.items():
        for name, field in schema.get("properties", {}).items():
            examples = field.get("examples", [])
            yield f"{model}.{name}", field.get("description"), examples, field


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def parameters() -> Iterator[Told]:
    for where, operation in operations():
        for one in operation["parameters"]:
            example = [one["example"]] if "example" in one else []
            yield f"{where} {one['name']}", one.get("description"), example, one["schema"]


def headers() -> Iterator[Told]:
    for where, operation in operations():
        for status, answer in operation["responses"].items():
            for name, one in answer.get("headers", {}).items():
                example = [one["example"]] if "example" in one else []
                yield f"{where} {status} {name}", one.get("description"), example, one["schema"]


def test_everything_has_words_and_an_example_that_fits() -> None:
    told = [*fields(), *parameters(), *headers()]
    assert len(told) > 150

    wrong = [where for where, words, examples, _ in told if not words or not examples]
    assert wrong == []
    for where, _, examples, schema in told:
        validator = jsonschema_rs.Draft202012Validator(
            {**schema, "components": DOCUMENT["components"]}, validate_formats=True
        )
        for example in examples:
            assert validator.is_valid(example), (where, example)


def test_every_answer_and_body_has_words_and_what_it_holds() -> None:
    for where, operation in operations():
        assert operation["summary"], where
        for status, answer in operation["responses"].items():
            assert answer["description"], (where, status)
            for media, content in answer["content"].items():
                has_example = "example" in content or "$ref" in content["schema"]
                assert has_example, (where, status, media)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert SCHEMAS[content["schema"]["$ref"].rpartition("/")[2]].get("description"), where


@pytest.mark.parametrize("table", [TOLD, EXAMPLES])
def test_no_word_is_left_of_a_field_that_is_gone(table: dict[str, Any]) -> None:
    names = {where.partition(".")[2] for where, *_ in fields()} | {w for w, *_ in fields()}
    names |= {where.split()[-1] for where, *_ in parameters()}

    assert set(table) - names == set()


@pytest.mark.parametrize("body", ["PauseBody", "DiscardBody", "ResumeBody", "ReasonBody"])
def test_how_long_a_reason_may_be_is_what_is_taken(body: str) -> None:
    reason = SCHEMAS[body]["properties"]["reason"]
    (text,) = [one for one in reason.get("anyOf", [reason]) if one.get("type") == "string"]
    assert text["maxLength"] == LONGEST_REASON
    assert ("paused" in reason["description"]) is (body == "PauseBody")
