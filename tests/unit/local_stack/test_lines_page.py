"""The page of lines that came to Axiom: found by what stands in their fields, and shown as text."""

from collections.abc import Iterator
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from local_stack.sinks.lines_page import MOST_SHOWN
from local_stack.sinks.server import Sinks, running_sinks


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    with running_sinks() as running:
        yield running


def shown(sinks: Sinks, query: str = "") -> str:
    with urlopen(f"{sinks.lines_url}{query}", timeout=5) as answer:  # noqa: S310 our own
        text: str = answer.read().decode()
    return text


def test_before_the_first_line_it_says_when_one_comes(sinks: Sinks) -> None:
    assert "No line yet: a function sends its lines when it has ended." in shown(sinks)


def test_lines_are_found_by_their_fields_and_the_newest_stands_first(sinks: Sinks) -> None:
    sinks.axiom.events += [
        {"level": "INFO", "message": "run begun", "request_id": "mine", "attempt": 1},
        {"level": "ERROR", "message": "slack refused", "request_id": "other", "attempt": 2},
        {"level": "INFO", "message": "run ended", "request_id": "mine", "counts": {"read": 3}},
    ]

    text = shown(sinks, "?request_id=mine")
    assert "2 lines with request_id = mine." in text
    assert text.index("run ended") < text.index("run begun")
    assert "slack refused" not in text
    assert "{&quot;read&quot;: 3}" in text
    assert 'href="/lines?request_id=mine"' in text
    assert "slack refused" in shown(sinks, "?attempt=2&level=ERROR")
    assert "No line with level = NONE yet" in shown(sinks, "?level=NONE")


def test_what_stands_in_a_line_is_text(sinks: Sinks) -> None:
    mark = '<b onload="x">'
    sinks.axiom.events.append({"message": mark, "level": mark, "request_id": mark, mark: mark})

    for query in ("", f"?request_id={quote(mark)}"):
        assert "<b" not in shown(sinks, query).partition("<body>")[2]


def test_of_many_lines_the_newest_are_shown(sinks: Sinks) -> None:
    sinks.axiom.events += [{"message": f"line {number}"} for number in range(MOST_SHOWN + 1)]

    text = shown(sinks)
    assert f"{MOST_SHOWN + 1} lines, the newest {MOST_SHOWN} of them here." in text
    assert "line 0<" not in text
