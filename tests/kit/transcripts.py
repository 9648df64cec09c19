"""What commands print, kept as the expectation of tests: in files, and in a Markdown's blocks.

With REWRITE_TRANSCRIPTS set in the environment, tests write down what was printed instead of
comparing it; `git diff` then shows what has changed. In one process only (`-n 0`).
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

REWRITES: Final = "REWRITE_TRANSCRIPTS" in os.environ
UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OPENS, CLOSES = "```", "```"
PROMPT: Final = "$ "


def without_ids(shown: str) -> str:
    """Jobs and holds by numbers, in their order; trailing blanks of tables left out."""
    numbers: dict[str, str] = {}
    text = UUID.sub(lambda id_: numbers.setdefault(id_[0], f"ID-{len(numbers) + 1}"), shown)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def transcript(path: Path, printed: str) -> str:
    """What the file holds; where transcripts are rewritten that is what was printed."""
    if REWRITES:
        path.write_text(printed)
    return path.read_text()


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a Markdown file."""

    language: str
    section: str
    """The heading of the second level that it stands below."""
    first: int
    """Number of its first line, from 0."""
    lines: Sequence[str]

    @property
    def commands(self) -> list[str]:
        """The lines that somebody types."""
        return [line.removeprefix(PROMPT) for line in self.lines if line.startswith(PROMPT)]


def blocks(markdown: str) -> Iterator[Block]:
    """The blocks of the text, in their order."""
    section, lines = "", markdown.splitlines()
    numbers = iter(range(len(lines)))
    for number in numbers:
        if lines[number].startswith("## "):
            section = lines[number].removeprefix("## ")
        if lines[number].startswith(OPENS):
            body = takewhile(lambda each: lines[each] != CLOSES, numbers)
            language = lines[number].removeprefix(OPENS)
            yield Block(language, section, number + 1, [lines[each] for each in body])


def rewrite(path: Path, section: str, language: str, bodies: Sequence[Sequence[str]]) -> None:
    """Put these lines in place of those of the section's blocks in that language."""
    text = path.read_text()
    there = [one for one in blocks(text) if (one.section, one.language) == (section, language)]
    lines = text.splitlines()
    for block, body in reversed(list(zip(there, bodies, strict=True))):
        lines[block.first : block.first + len(block.lines)] = body
    path.write_text("".join(f"{line}\n" for line in lines))
