"""The lines of the Axiom sink as a page, the newest ones first: by hand what a query asks there.

Each parameter of the address names a field and what stands in it: `/lines?request_id=mine`.
"""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

MOST_SHOWN: Final = 500
_FIRST: Final = ("timestamp", "level", "message")
_LEADS_TO: Final = frozenset({"request_id", "job_id", "clinic_id", "invocation_id", "level"})
"""Fields by whose value one looks on."""
_STYLE: Final = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;
color:#1d1c1d;background:#fff}h1{font-size:1.3rem}article{padding:.5rem .8rem;border-bottom:1px
solid #ddd}time{color:#616061;font-size:.8rem;margin-right:.6rem}dl{display:flex;flex-wrap:wrap;
gap:.1rem 1rem;margin:.2rem 0 0;font-size:.85rem}dl div{overflow-wrap:anywhere}dt{display:inline;
color:#616061}dd{display:inline;margin:0 0 0 .3rem}.ERROR strong{color:#b3261e}.WARNING strong{
color:#8a5a00}@media (prefers-color-scheme:dark){body{background:#1a1d21;color:#d1d2d3}article{
border-color:#444}time,dt{color:#ababad}a{color:#8ab4f8}.ERROR strong{color:#f2b8b5}.WARNING strong{
color:#e8c07d}}
"""


def lines_page(events: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]) -> bytes:
    found = [one for one in events if all(_text(one.get(name)) == wanted[name] for name in wanted)]
    shown = "".join(_line(one) for one in reversed(found[-MOST_SHOWN:]))
    asked = ", ".join(f"{name} = {value}" for name, value in wanted.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Lines</title>'
        f"<style>{_STYLE}</style></head><body><h1>Lines of the log, as they came to Axiom</h1>"
        f"<p>{html.escape(_how_many(len(found), asked))} "
        '<a href="/lines">All lines</a> · <a href="/lines?level=ERROR">Errors</a> · '
        f'<a href="/messages">Slack</a></p>{shown}</body></html>'
    ).encode()


def _how_many(number: int, asked: str) -> str:
    where = f" with {asked}" if asked else ""
    if number == 0:
        return f"No line{where} yet: a function sends its lines when it has ended."
    newest = f", the newest {MOST_SHOWN} of them here" if number > MOST_SHOWN else ""
    return f"{number} line{'' if number == 1 else 's'}{where}{newest}."


def _line(event: Mapping[str, Any]) -> str:
    at, level, message = (html.escape(_text(event.get(name))) for name in _FIRST)
    rest = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{_value(name, value)}</dd></div>"
        for name, value in event.items()
        if name not in _FIRST and value is not None
    )
    return (
        f'<article class="{level}"><time>{at}</time>{level} <strong>{message}</strong>'
        f"<dl>{rest}</dl></article>"
    )


def _value(name: str, value: Any) -> str:
    shown = html.escape(_text(value))
    if name not in _LEADS_TO:
        return shown
    return f'<a href="/lines?{html.escape(urlencode({name: _text(value)}))}">{shown}</a>'


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
