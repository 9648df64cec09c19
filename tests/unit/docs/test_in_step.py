"""Each way in which documents, code and tests can get out of step is reported."""

import pytest

from tests.unit.docs.in_step import (
    cited_topics,
    heading_defects,
    numbers_of,
    rule_defects,
    word_defects,
)

RULES = """
# Rules

### R1 Whole

A read is whole, or it is none.

Tests: `test_r01_half_a_read_is_none`, `test_a_sentence`.

### R2 Kept

Not for ever, see R1.

Tests: not built yet.
"""
TESTS = {
    "tests/somewhere/test_r01_whole.py": (
        "def test_r01_half_a_read_is_none() -> None:\n    ...\n\n"
        "async def test_r01_another() -> None:\n    ...\n"
    ),
    "tests/words.py": "def test_a_sentence(text: str) -> None:\n    ...\n",
}
CODE = {"code.py": '"""Only a whole read counts (rule R1)."""'}


def defects(rules: str = RULES, tests: dict[str, str] | None = None, code: str = "") -> list[str]:
    return rule_defects(rules, TESTS | (tests or {}), {**CODE, "new.sql": code, "rules.md": rules})


def test_what_is_in_step_has_no_defect() -> None:
    assert defects() == []


def test_a_rule_without_a_test() -> None:
    silent = RULES + "\n### R3 Said\n\nSo it is.\n"

    assert defects(silent) == ["R3: no test is named; name some, or say `Tests: not built yet`"]


def test_a_test_that_does_not_exist() -> None:
    renamed = RULES.replace("test_a_sentence", "test_a_word")

    assert defects(renamed) == ["R1: there is no test test_a_word"]


def test_a_test_in_a_string_or_a_comment_does_not_exist() -> None:
    gone = {"tests/words.py": "# def test_a_sentence() -> None:\ntext = 'def test_a_sentence'\n"}

    assert defects(tests=gone) == ["R1: there is no test test_a_sentence"]


def test_every_line_of_the_tests_is_read() -> None:
    wrapped = RULES.replace("none`, `test_a", "none`,\n`test_nowhere`, `test_a")

    assert defects(wrapped) == ["R1: there is no test test_nowhere"]


def test_a_name_in_the_text_above_is_no_test_of_the_rule() -> None:
    told = RULES.replace("it is none.", "it is none: `test_nowhere`.")

    assert defects(told) == []


def test_a_test_of_another_rule() -> None:
    strange = RULES.replace("Tests: not built yet.", "Tests: `test_r01_another`.")

    assert defects(strange) == ["R2: test_r01_another is a test of another rule"]


@pytest.mark.parametrize(
    "cited", ["-- as rule R3 says", "rules R1 to R3", 'Reason("R3", "it stays")', "R3 kept"]
)
def test_a_rule_that_is_cited_and_has_no_section(cited: str) -> None:
    assert defects(code=cited) == ["new.sql: R3 is cited and has no section"]


@pytest.mark.parametrize("other", ["sha256:1R3", "R2D2", "CURR3", "R3_", "r3"])
def test_what_only_looks_like_a_rule(other: str) -> None:
    assert defects(code=other) == []


def test_a_section_that_cites_a_rule_which_has_none() -> None:
    assert defects(RULES.replace("see R1", "see R7")) == [
        "rules.md: R7 is cited and has no section"
    ]


def test_a_numbered_test_without_a_section() -> None:
    new = {"tests/new.py": "def test_r01_r26_something() -> None:\n    ...\n"}

    assert defects(tests=new) == [
        "tests/new.py: test_r01_r26_something is of rule R26, which has no section"
    ]


def test_a_rule_that_is_not_built_and_has_a_test() -> None:
    new = {"tests/new.py": "def test_r02_something_is_kept() -> None:\n    ...\n"}

    assert defects(tests=new) == [
        "tests/new.py: test_r02_something_is_kept tests R2, which is said to be not built yet"
    ]


def test_a_rule_that_is_not_built_and_names_tests() -> None:
    both = RULES.replace("not built yet.", "not built yet, but for `test_a_sentence`.")

    assert defects(both) == ["R2: not built yet, and still it names tests"]


def test_a_test_without_number_in_a_file_that_has_one() -> None:
    more = {"tests/test_r01_to_r02_more.py": "def test_something() -> None:\n    ...\n"}

    assert defects(tests=more) == ["tests/test_r01_to_r02_more.py: test_something names no rule"]


@pytest.mark.parametrize("order", [(1, 1), (2, 1)])
def test_sections_twice_or_out_of_order(order: tuple[int, int]) -> None:
    document = "\n".join(f"### R{number} It\n\nTests: `test_a_sentence`.\n" for number in order)

    assert "rules: each has one section, in the order of their numbers" in defects(document)


def test_a_name_may_carry_several_rules() -> None:
    assert numbers_of("test_r18_r20_the_status") == [18, 20]
    assert numbers_of("test_r21_to_r24_writing.py") == [21, 24]
    assert numbers_of("test_of_r5_or_car06") == []


# -- headings --------------------------------------------------------------------------------

BOOK = "The Guide"
BOOKS = {
    BOOK: "# A guide\n\n## 5 Schedule\n\n### 5.5 `getView`\n\n## 6 Notes: content\n\n## 7 Knobs\n"
}


@pytest.mark.parametrize(
    "citation",
    [
        "(The Guide, schedule)",
        "(The Guide, section on the schedule)",
        "(The Guide, notes content).",
        "The Guide (section on getView) says so",
        "as The Guide has it (sections on notes and on the schedule)",
        "(The Guide, sections 5.5 and 6)",
        "The Guide's knobs, and some more",
        "the sections\n    # that The Guide,\n    # notes content, has",
    ],
)
def test_a_citation_that_leads_to_a_heading(citation: str) -> None:
    assert list(cited_topics(citation, BOOKS))
    assert heading_defects(BOOKS, {"code.py": citation}) == []


@pytest.mark.parametrize(
    ("citation", "topic"),
    [
        ("(The Guide, phones)", "phones"),
        ("(The Guide, section 5.9)", "section 5.9"),
        ("(The Guide, section on getVie)", "section on getVie"),
        ("(The Guide, section on getViews)", "section on getViews"),
        ("(The Guide, sections on notes and on phones)", "sections on notes and on phones"),
        ("The Guide (sections 5.5 and 5.6)", "sections 5.5 and 5.6"),
        ("(The Guide, content notes)", "content notes"),
        ("the list of The Guide's\n    phones.", "phones"),
        ("The Guide section on phones", "section on phones"),
    ],
)
def test_a_citation_that_leads_nowhere(citation: str, topic: str) -> None:
    assert heading_defects(BOOKS, {"code.py": citation}) == [
        f"code.py: The Guide, {topic!r}: no heading says that"
    ]


def test_a_citation_may_go_over_lines_of_text_and_comments() -> None:
    citation = "as The\n    # Guide, section\n    -- on notes\ncontent, has it"

    assert list(cited_topics(citation, BOOKS)) == [(BOOK, "section on notes content")]


@pytest.mark.parametrize(
    "whole",
    [
        "compare it with The Guide and correct the reader",
        "Tolerant where The Guide leaves a question open (ids as number or text)",
        "see [The Guide](guide.md)",
    ],
)
def test_a_book_may_be_cited_as_a_whole(whole: str) -> None:
    assert list(cited_topics(whole, BOOKS)) == []
    assert heading_defects(BOOKS, {"code.py": whole}) == []


# -- words -----------------------------------------------------------------------------------


def test_a_word_is_explained_once() -> None:
    once = "Of **held** words.\n\n- **row**: of ours. A **live** one is not removed.\n"
    once += "- **held**: waits.\n"

    assert word_defects(once) == []
    assert word_defects(once + "- **stage**: off, or **Live**.\n") == [
        "glossary: live is explained more than once"
    ]
