"""The project's rules, the facts it relies on and its words are where code and tests say they are.

What is wrong is said by the defects themselves; how they are found is tested in `test_in_step`.
"""

import re
from pathlib import Path
from typing import Final

from idexx_sync.syncs.cases.fields import FIELDS
from tests.unit.docs.in_step import (
    Texts,
    cited_topics,
    heading_defects,
    named_tests,
    rule_defects,
    rules_of,
    word_defects,
)

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = next(folder for folder in HERE.parents if (folder / "pyproject.toml").is_file())
DOCS: Final = ROOT / "docs"
CITING: Final = ("docs", "functions", "infra", "layers", "migrations", "tests")
"""Folders in which rules and facts are cited, beside the README."""
BOOKS: Final = {"Neo protocol": "neo-protocol.md", "ODIS schema": "odis-schema.md"}


def texts_of(*folders: str) -> Texts:
    """Every text of the folders; not of this one, whose examples are invented."""
    found = {
        path: path.read_text()
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".md", ".py", ".sql"} and HERE not in path.parents
    }
    return {str(path.relative_to(ROOT)): text for path, text in found.items()}


def citing_texts() -> Texts:
    return {"README.md": (ROOT / "README.md").read_text(), **texts_of(*CITING)}


def books() -> Texts:
    return {name: (DOCS / file).read_text() for name, file in BOOKS.items()}


def test_rules_tests_and_citations_are_in_step() -> None:
    rules = (DOCS / "rules.md").read_text()

    assert rule_defects(rules, texts_of("tests"), citing_texts()) == []


def test_citations_of_what_neo_and_odis_are_like_lead_to_a_heading() -> None:
    assert heading_defects(books(), citing_texts()) == []


def test_every_field_of_a_case_is_among_the_facts_of_odis() -> None:
    facts = set(re.findall(r"\w+", (DOCS / "odis-schema.md").read_text()))
    leaves = {name.rpartition(".")[2] for name in FIELDS}

    assert leaves
    assert leaves - facts == set()


def test_what_is_said_to_be_asserted_of_aws_is() -> None:
    named = set(re.findall(r"`(test_\w+)`", (DOCS / "aws.md").read_text()))

    assert len(named) > 40
    assert named - named_tests(texts_of("tests")).keys() == set()


def test_a_word_has_one_meaning() -> None:
    assert word_defects((DOCS / "glossary.md").read_text()) == []


def test_something_was_looked_at() -> None:
    """Folders that are renamed must not make the tests above look at nothing."""
    assert all(texts_of(folder) for folder in CITING)
    assert len(rules_of((DOCS / "rules.md").read_text())) >= 25
    assert sum(name.startswith("test_r") for name in named_tests(texts_of("tests"))) > 400
    cited = {name for text in citing_texts().values() for name, _ in cited_topics(text, BOOKS)}
    assert cited == BOOKS.keys()
