"""Pictures that somebody pasted into a text: left out, with their places marked. Pure.

What is left out is only what no person can read: the picture's own bytes. A text that a picture
carries for those who do not see it stays.
"""

import re
from typing import Final

SHORTEST: Final = 256
"""So long is what is left out at least: no words are written without a blank for as long."""
_BYTES: Final = re.compile(rf"(;base64,)[A-Za-z0-9+/=\r\n]{{{SHORTEST},}}", re.IGNORECASE)
# Never beyond the next tag, so that it takes no longer than reading the text once.
_TAG: Final = re.compile(r"<(?:img|image|v:imagedata|embed|input|source)\b[^<>]*>", re.IGNORECASE)
_SOURCE: Final = re.compile(r"=\s*+[\"']?+\s*+data:", re.IGNORECASE)
_ALT: Final = re.compile(
    r"\b(?:alt|title|aria-label)\s*=\s*(?:\"([^\"]*)|'([^']*)|([^\s\"'>]+))", re.IGNORECASE
)


def without_pictures(html: str) -> str:
    """The text with `[picture: what it shows]` for each picture that it holds itself.

    >>> without_pictures('<p><img src="data:image/png;base64,iVBO" alt="left hip"> lame</p>')
    '<p>[picture: left hip] lame</p>'
    """
    if "data:" not in html and "DATA:" not in html and "Data:" not in html:
        return html
    return _TAG.sub(_place, _BYTES.sub(r"\1", html))


def _place(tag: re.Match[str]) -> str:
    if not _SOURCE.search(tag[0]):
        return tag[0]
    inner = tag[0].rstrip("/>")
    said = " ".join(part for found in _ALT.findall(inner) for part in found if part.strip())
    return f"[picture: {said.strip()}]" if said else "[picture]"
