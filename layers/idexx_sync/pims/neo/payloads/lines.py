"""The lines of a clinical record: what was given, sold or declined. Pure.

One that cannot be read hides only itself. Without a name it may be the euthanasia, so the record
is not read whole then; its texts are kept apart to be screened.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from idexx_sync.pims.neo.payloads.fields import id_if_readable, name_of, number_of, storable
from idexx_sync.pims.neo.payloads.parts import Parts
from idexx_sync.pims.protocol import Line

MOST_LINES: Final = 1_000
"""Lines of a record that are kept."""
_KNOWN: Final = frozenset(
    {"id", "productService", "label", "quantity", "isDeclined", "soldAtLocal", "provider"}
    | {"lineTotalExcTax", "batchNo"}
)
_FLAG: Final = TypeAdapter(bool)


class _Odd(Exception):
    """A value is not what belongs there."""


def read_lines(shown: object, parts: Parts) -> list[Line] | None:
    """The lines that can be read; None where the answer does not say."""
    if shown is None:
        return None
    if not isinstance(shown, list):
        parts.odd("lines", shown, hides=True)
        return None
    if len(shown) > MOST_LINES:
        parts.odd("lines_cut", shown[MOST_LINES:], hides=True)
    found = (_read_line(line, parts) for line in shown[:MOST_LINES])
    return [line for line in found if line is not None]


def _read_line(shown: object, parts: Parts) -> Line | None:
    if not isinstance(shown, dict):
        parts.odd("line", shown, hides=True)
        return None
    declined = _declined(shown, parts)
    name = parts.text("line_name", name_of(shown.get("productService")))
    if name is None:
        parts.odd("line_name", hides=True)
    if name is None or declined is None:
        # Whether it came about is not known where it may have been declined.
        _keep_texts(shown, parts, certain=declined is False)
        return None
    parts.unclear({key: value for key, value in shown.items() if key not in _KNOWN})
    return Line(
        name=name,
        quantity=_quantity(shown.get("quantity"), parts),
        declined=declined,
        label=parts.text("line_label", shown.get("label")),
        id=_id(shown.get("id"), parts),
    )


def _keep_texts(shown: Mapping[str, object], parts: Parts, *, certain: bool) -> None:
    texts = {key: value for key, value in shown.items() if key != "provider"}
    if certain:
        parts.odd("line_name", texts)
    else:
        parts.unclear(texts)


def _declined(shown: Mapping[str, object], parts: Parts) -> bool | None:
    """Absent means accepted; None where it cannot be read."""
    value = storable(shown.get("isDeclined"))
    if value is None or value == "":
        return False
    try:
        return _FLAG.validate_python(value)
    except ValidationError:
        parts.odd("line_declined")
        return None


def _quantity(value: object, parts: Parts) -> float | None:
    """One where the line says none; None, rather than a wrong number, where it can't be read."""
    try:
        return _number(storable(value))
    except _Odd:
        parts.odd("line_quantity", value)
        return None


def _number(value: object) -> float:
    if value is None or (isinstance(value, str) and not value.strip()):
        return 1
    if (number := number_of(value)) is None:
        raise _Odd
    return number


def _id(value: object, parts: Parts) -> str | None:
    found = id_if_readable(value)
    if found is None and value not in (None, ""):
        parts.odd("line_id")
    return found
