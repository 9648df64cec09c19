"""What is remembered of the source: each form that was ever stored is read, none stops a run."""

from typing import Any

import pytest

from idexx_sync.syncs.memory import (
    MODELS,
    AppointmentMemory,
    ConsultationSource,
    Kind,
    VisitMemory,
    read_source,
    stored_form,
)
from idexx_sync.syncs.memory_store import in_source

START = "2026-05-04 09:00:00"
FULL: list[tuple[Kind, dict[str, Any]]] = [
    (
        "appointment",
        {
            "start": START,
            "end": None,
            "room": "3",
            "status": "Confirmed",
            "type": "Exam",
            "private": "f1",
            "stamp": "2026-05-01 10:00:00",
        },
    ),
    (
        "visit",
        {
            "screened": "f1",
            "start": START,
            "end": None,
            "status": "Confirmed",
            "type": None,
            "patient": "4",
            "client": "5",
            "consultation": "9",
            "private": "f2",
            "last_consultation": "9",
            "derived": {"patient.name": "f3"},
            "edited": ["patient.breed"],
            "stamp": "2026-05-01 10:00:00",
            "bare_since": "2026-05-04T12:00:00Z",
            "observed": False,
            "partly": True,
            "denied": True,
            "empty_since": {"client_phone": "2026-05-01T10:00:00Z"},
            "marked_for": "3",
            "old_summary": True,
            "unsaid": True,
        },
    ),
    (
        "consultation",
        {
            "id": "9",
            "asked": "9",
            "final": True,
            "notes": False,
            "screened": None,
            "edited": ["patient.sex"],
            "derived": {"patient.breed": "f4"},
            "observed": False,
            "partly": False,
            "patient": "4",
            "empty_since": {},
        },
    ),
]

NO_OBJECTS: list[Any] = [[], "text", 3, True]


@pytest.mark.parametrize(("kind", "document"), FULL)
def test_what_is_stored_is_read_and_written_as_it_was(kind: Kind, document: dict[str, Any]) -> None:
    source = read_source(MODELS[kind], document)
    assert source is not None
    as_json = {k: list(v) if isinstance(v, tuple) else v for k, v in stored_form(source).items()}
    assert as_json == document


@pytest.mark.parametrize(("kind", "document"), FULL)
def test_keys_that_came_later_may_be_absent_and_others_be_more(
    kind: Kind, document: dict[str, Any]
) -> None:
    model = MODELS[kind]
    whole = read_source(model, document)
    assert read_source(model, {**document, "of_tomorrow": [1]}) == whole
    for name in document.keys() - ({"start"} if kind == "appointment" else set()):
        less = {key: value for key, value in document.items() if key != name}
        source = read_source(model, less)
        assert source is not None, name
        assert getattr(source, name) in (None, False, {}, ())


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        *((kind, document) for kind in MODELS for document in NO_OBJECTS),
        ("appointment", {}),
        ("appointment", {"start": None}),
        ("appointment", {"start": 20260504}),
        ("visit", {"derived": ["patient.name"]}),
        ("visit", {"start": {}}),
        ("consultation", {"edited": "patient.name"}),
        ("consultation", {"derived": {"patient.name": 3}}),
    ],
)
def test_a_document_that_makes_no_sense_is_no_memory(kind: Kind, document: Any) -> None:
    assert read_source(MODELS[kind], document) is None


def test_of_a_visit_that_was_only_screened_no_more_is_stored() -> None:
    assert stored_form(VisitMemory(screened="f1")) == {"screened": "f1"}
    assert read_source(VisitMemory, {"screened": "f1"}) == VisitMemory(screened="f1")


def test_sql_names_only_what_the_models_have() -> None:
    assert in_source(VisitMemory, "start") == "source ->> 'start'"
    for model in (AppointmentMemory, ConsultationSource):
        with pytest.raises(KeyError):
            in_source(model, "begins")
