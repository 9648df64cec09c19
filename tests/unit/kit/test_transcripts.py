"""Blocks of a Markdown file: found by section and language, and written anew in their places."""

from pathlib import Path

from tests.kit.transcripts import blocks, rewrite

TEXT = """# Work
## One
```console
$ first --now
old
```
between
```sh
not this
```
```console
$ second
```
## Two
```console
$ first --now
```
"""


def test_blocks_tell_what_is_typed_and_where() -> None:
    found = [(one.section, one.language, one.commands) for one in blocks(TEXT)]

    assert found == [
        ("One", "console", ["first --now"]),
        ("One", "sh", []),
        ("One", "console", ["second"]),
        ("Two", "console", ["first --now"]),
    ]


def test_only_the_sections_blocks_in_that_language_are_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "work.md"
    path.write_text(TEXT)

    rewrite(path, "One", "console", [["$ first --now", "new", "newer"], ["$ second", "too"]])

    old, new = "old\n", "new\nnewer\n"
    assert path.read_text() == TEXT.replace(old, new).replace("$ second\n", "$ second\ntoo\n")
