"""How Neo writes moments, ids and JSON."""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def stamp(moment: datetime | None) -> str | None:
    """Clinic-local, `YYYY-MM-DD HH:MM:SS` (Neo protocol, section on formats)."""
    return None if moment is None else moment.isoformat(" ", "seconds")


def encode(value: Any) -> bytes:
    """Compact JSON; where a text holds half a surrogate pair, with escapes, as no UTF-8 has it."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def rank(*parts: object) -> int:
    """A number that is the same in every process: for choosing records without chance."""
    return zlib.crc32(repr(parts).encode())


def retype_ids(payload: Any, answer: str, id_types: Mapping[str, str]) -> None:
    """Turn the chosen id fields of an answer into numbers or strings, in place."""
    for name, kind in id_types.items():
        root, _, path = name.partition(".")
        if root == answer:
            _retype(payload, path.split("."), str if kind == "string" else int)


def _retype(node: Any, path: list[str], kind: type[str] | type[int]) -> None:
    if isinstance(node, list):
        for item in node:
            _retype(item, path, kind)
    elif isinstance(node, dict) and path[0] in node:
        if len(path) > 1:
            _retype(node[path[0]], path[1:], kind)
        elif node[path[0]] is not None:
            node[path[0]] = kind(node[path[0]])
