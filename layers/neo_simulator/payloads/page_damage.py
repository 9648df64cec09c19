"""Clinical records that are odd in a part of them, and pictures that somebody pasted in."""

from collections.abc import Callable
from typing import Any

from neo_simulator.payloads.damage import LONG_REFERENCE, unseen

Page = dict[str, Any]
Break = Callable[[Page], Page]

ALT = "what the owner sent"
"""What a pasted picture says to those who do not see it."""
OTHER_PAGE = "<p>Continued below.</p>"
"""Notes in the first place, where the second one has those that staff wrote."""
_FONTS = "".join(f"<font size={size}>" for size in range(400))
"""Never closed, so that a parser opens all of them anew in each paragraph."""
_BYTES = "iVBORw0KGgo/+A9k"


def picture(kilobytes: int) -> str:
    """A picture of about that size, as a browser's editor holds it."""
    written = _BYTES * (kilobytes * 1024 // len(_BYTES))
    return f'<p><img alt="{ALT}" src="data:image/png;base64,{written}=="></p>'


def _first_line(broken: Callable[[Page], Any]) -> Break:
    def apply(page: Page) -> Page:
        lines = page.get("consultationLines") or []
        return {**page, "consultationLines": [*map(broken, lines[:1]), *lines[1:]]}

    return apply


def _without_name(line: Page) -> Page:
    """The name stands in the label, as where somebody typed it into the wrong field."""
    said = {key: value for key, value in line.items() if key != "productService"}
    return {**said, "label": line["productService"]}


def _within(key: str, **values: Any) -> Break:
    return lambda page: {**page, key: {**page[key], **values}}


def _lines_by_number(page: Page) -> Page:
    lines = page.get("consultationLines") or []
    return {**page, "consultationLines": {str(n): line for n, line in enumerate(lines)}}


def _notes_in_parts(page: Page) -> Page:
    notes = (page.get("consultationNotes") or {}).get("notes")
    return {**page, "consultationNotes": {"notes": [{"html": notes}]}}


def _reason_object(page: Page) -> Page:
    return _within("consultation", reason={"text": page["consultation"]["reason"]})(page)


def _nested(depth: int) -> Any:
    signs: Any = {"pulse": 90}
    for _ in range(depth):
        signs = {"group": signs}
    return signs


def _ids_wrapped(page: Page) -> Page:
    keys = ("consultation", "patient", "client")
    return {**page, **{key: {**page[key], "id": unseen(page[key]["id"])} for key in keys}}


_BREAKS: dict[str, Break] = {
    # says nothing in words
    "quantity_word": _first_line(lambda line: {**line, "quantity": "one"}),
    "line_id_object": _first_line(lambda line: {**line, "id": {"value": line["id"]}}),
    "vital_signs_deep": lambda page: {**page, "vitalSignGroup": _nested(60)},
    "weight_object": _within("patient", weight={"value": 3}),
    "species_list": _within("patient", species=["Dog"]),
    "client_text": lambda page: {**page, "client": "see card"},
    "status_list": _within("consultation", status=["paid"]),
    "ids_invisible": _ids_wrapped,
    # may say something in words
    "line_nameless": _first_line(_without_name),
    "line_text": _first_line(lambda line: line["productService"]),
    "line_null": _first_line(lambda _: None),
    "line_declined_word": _first_line(lambda line: {**line, "isDeclined": "perhaps"}),
    "lines_by_number": _lines_by_number,
    "reason_object": _reason_object,
    "notes_in_parts": _notes_in_parts,
    # takes long to read
    "notes_reference": _within("consultationNotes", notes=f"weight {LONG_REFERENCE} kg"),
    "notes_one_word": _within("consultationNotes", notes="euth " * 100_000),
    "notes_nested": _within("consultationNotes", notes=_FONTS + "<p>x" * 60_000),
    "weight_endless": _within("patient", weight=10**4_000),
}
PAGE_KINDS = tuple(_BREAKS)
"""The ways in which a clinical record can be odd."""


def malformed_page(page: Page, kind: str) -> Page:
    """The record's answer, odd in that way."""
    return _BREAKS[kind](page)
