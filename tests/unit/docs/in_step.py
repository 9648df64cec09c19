"""Whether documents, code and tests speak of the same rules, headings and words. Pure.

A defect is one line for the person who has to put it right: where, what, and what is missing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

Texts = Mapping[str, str]
"""Path -> text."""

NOT_BUILT: Final = "not built yet"
"""What stands behind `Tests:` of a rule that the code does not keep yet."""

_RULE_HEADING: Final = re.compile(r"^#+ R(\d+) +\S.*$", re.MULTILINE)
_TESTS: Final = re.compile(r"^Tests: (.+?)$(?=\n\s*\n|\n#|\s*\Z)", re.MULTILINE | re.DOTALL)
_QUOTED: Final = re.compile(r"`([^`]+)`")
_CITED_RULE: Final = re.compile(r"\bR(\d{1,3})\b")
_NUMBER: Final = re.compile(r"(?<=_)r(\d\d)(?=_)")
_TEST: Final = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


# -- rules -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """One section of the document of rules."""

    number: int
    tests: tuple[str, ...]
    """Names of the tests that it gives."""
    is_built: bool


def rules_of(document: str) -> list[Rule]:
    """The sections `### R6 Proof`, in their order, each with the tests behind its `Tests:`."""
    headings = list(_RULE_HEADING.finditer(document))
    ends = [heading.start() for heading in headings[1:]] + [len(document)]
    found = []
    for heading, end in zip(headings, ends, strict=True):
        tests = "\n".join(_TESTS.findall(document[heading.end() : end]))
        is_built = not tests.startswith(NOT_BUILT)
        found.append(Rule(int(heading[1]), tuple(_QUOTED.findall(tests)), is_built))
    return found


def named_tests(files: Texts) -> dict[str, str]:
    """Name of each test function -> a file that has it."""
    return {name: path for path, text in files.items() for name in _TEST.findall(text)}


def numbers_of(name: str) -> list[int]:
    """The rules that a test's name carries: 18 and 20 of `test_r18_r20_the_status`."""
    return [int(number) for number in _NUMBER.findall(name)]


def rule_defects(document: str, test_files: Texts, citing: Texts) -> list[str]:
    """Where the document of rules, the tests and those who cite a rule are out of step."""
    rules, tests = rules_of(document), named_tests(test_files)
    return [
        *_defects_of_order(rules),
        *(defect for rule in rules for defect in _defects_of_rule(rule, tests)),
        *_defects_of_tests(rules, tests),
        *_silent_tests(test_files),
        *_unknown_rules(rules, citing),
    ]


def _defects_of_order(rules: list[Rule]) -> Iterator[str]:
    numbers = [rule.number for rule in rules]
    if numbers != sorted(set(numbers)):
        yield "rules: each has one section, in the order of their numbers"


def _defects_of_rule(rule: Rule, tests: Mapping[str, str]) -> Iterator[str]:
    if rule.is_built and not rule.tests:
        yield f"R{rule.number}: no test is named; name some, or say `Tests: {NOT_BUILT}`"
    if not rule.is_built and rule.tests:
        yield f"R{rule.number}: {NOT_BUILT}, and still it names tests"
    for name in rule.tests:
        numbers = numbers_of(name)
        if name not in tests:
            yield f"R{rule.number}: there is no test {name}"
        elif numbers and rule.number not in numbers:
            yield f"R{rule.number}: {name} is a test of another rule"


def _defects_of_tests(rules: list[Rule], tests: Mapping[str, str]) -> Iterator[str]:
    built = {rule.number: rule.is_built for rule in rules}
    for name, path in tests.items():
        for number in numbers_of(name):
            if number not in built:
                yield f"{path}: {name} is of rule R{number}, which has no section"
            elif not built[number]:
                yield f"{path}: {name} tests R{number}, which is said to be {NOT_BUILT}"


def _silent_tests(test_files: Texts) -> Iterator[str]:
    """A file that bears a rule's number promises that each of its tests does."""
    for path, text in test_files.items():
        if numbers_of(PurePath(path).name):
            for name in _TEST.findall(text):
                if not numbers_of(name):
                    yield f"{path}: {name} names no rule"


def _unknown_rules(rules: list[Rule], citing: Texts) -> Iterator[str]:
    known = {rule.number for rule in rules}
    for path, text in citing.items():
        for number in sorted({int(cited) for cited in _CITED_RULE.findall(text)} - known):
            yield f"{path}: R{number} is cited and has no section"


# -- headings --------------------------------------------------------------------------------

_HEADING: Final = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_CONTINUED: Final = re.compile(r"\s+(?:#+|--)?\s*")
"""A line's end, and the mark of a comment on the next line."""
_TOPIC: Final = re.compile(r"(?:'s|,| (?=sections? ))\s*((?:[^.,;:()\"`]|\.(?=\d))+)")
_TOPIC_INSIDE: Final = re.compile(r"[^.,;:()\"`]{0,30}\((sections? [^()]+)\)")
_PREAMBLE: Final = re.compile(r"^(?:sections? )?(?:on )?(?:the )?")


def heading_defects(books: Texts, citing: Texts) -> list[str]:
    """Citations such as `Neo protocol, notes content` that lead to no heading of their book.

    `books` is a book's name, as it is cited, -> its text. A name without a topic cites the whole.
    """
    headings = {name: _headings(text) for name, text in books.items()}
    return [
        f"{path}: {name}, {topic!r}: no heading says that"
        for path, text in citing.items()
        for name, topic in cited_topics(text, books)
        if not _leads_somewhere(topic, headings[name])
    ]


def cited_topics(text: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each citation with a topic: the book's name and the topic."""
    text = _CONTINUED.sub(" ", text)
    for name in names:
        for mention in re.finditer(re.escape(name), text):
            topic = _TOPIC.match(text, mention.end()) or _TOPIC_INSIDE.match(text, mention.end())
            if topic is not None:
                yield name, topic[1].strip()


def _headings(text: str) -> list[str]:
    return [_plain(heading) for heading in _HEADING.findall(text)]


def _leads_somewhere(topic: str, headings: Iterable[str]) -> bool:
    """Whether a heading has all of the topic's words in a row, or each part of it has one."""
    words = _plain(_PREAMBLE.sub("", topic.lower()))
    if any(f" {words} " in f" {heading} " for heading in headings):
        return bool(words)
    parts = re.split(r" and ", topic)
    return len(parts) > 1 and all(_leads_somewhere(part, headings) for part in parts)


def _plain(text: str) -> str:
    """Words only, in small letters; `5.5` and `page-data` are one word each."""
    return " ".join(re.findall(r"\d+(?:\.\d+)*|[\w-]+", text.lower()))


# -- words -----------------------------------------------------------------------------------

_ENTRY: Final = re.compile(r"^- .+$", re.MULTILINE)
_WORD: Final = re.compile(r"\*\*(.+?)\*\*")


def word_defects(glossary: str) -> list[str]:
    """Words that the entries of the glossary explain more than once: each has one meaning."""
    words = [word.lower() for entry in _ENTRY.findall(glossary) for word in _WORD.findall(entry)]
    twice = sorted({word for word in words if words.count(word) > 1})
    return [f"glossary: {word} is explained more than once" for word in twice]
