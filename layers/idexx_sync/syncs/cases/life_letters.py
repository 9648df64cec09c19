"""A text in plain letters, for looking for words in it whatever it was typed or pasted with. Pure.

Nothing of it is ever stored: it tells less than the text.
"""

import re
import unicodedata
from typing import Final

from idexx_sync.core.invisible import INVISIBLE, REFUSED
from idexx_sync.syncs.cases.entities import unescaped

_UNSEEN: Final = re.compile(
    f"[{REFUSED}{INVISIBLE}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_ALIKE: Final = {
    "'": "\u2018\u2019\u201a\u201b\u02bb\u02bc\u02b9\u2032\u0060\u00b4\u055a\uff07",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u058a\ufe58\ufe63\uff0d\u30fc",
    "\n": "\x85\u2028\u2029",
    "a": "\u0430\u03b1\u0251",
    "b": "\u042c",
    "c": "\u0441\u03f2",
    "d": "\u0501\u0111",
    "e": "\u0435\u0454\u03b5\u04bd",
    "g": "\u0261",
    "h": "\u043d\u04bb\u0570",
    "i": "\u0456\u0131\u03b9",
    "j": "\u0458",
    "k": "\u043a\u03ba",
    "l": "\u04cf\u0142",
    "m": "\u043c",
    "n": "\u03b7\u0578",
    "o": "\u043e\u03bf\u00f8\u0585",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u0455\u0282",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d",
    "v": "\u03bd\u0475",
    "w": "\u051d\u03c9",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3\u04af",
    "z": "\u0290",
    "A": "\u0410\u0391",
    "B": "\u0412\u0392",
    "C": "\u0421\u03f9",
    "D": "\u0110",
    "E": "\u0415\u0395\u0404",
    "H": "\u041d\u0397",
    "I": "\u0406\u0399\u04c0",
    "J": "\u0408",
    "K": "\u041a\u039a\u212a",
    "M": "\u041c\u039c",
    "N": "\u039d",
    "O": "\u041e\u039f\u00d8",
    "P": "\u0420\u03a1",
    "S": "\u0405",
    "T": "\u0422\u03a4",
    "U": "\u054d",
    "X": "\u0425\u03a7",
    "Y": "\u0423\u03a5\u04ae",
    "Z": "\u0396",
}
_PLAIN: Final = str.maketrans({sign: plain for plain, signs in _ALIKE.items() for sign in signs})
_LINE_ENDS: Final = re.compile(r"\r\n?|[\v\f\x1c-\x1e]")
_BLANKS: Final = re.compile(r"(?: [^\S\n]|[^\S\n ])[^\S\n]*+")
_AT_LINE_ENDS: Final = re.compile(r" \n ?|\n ")
_SPACED: Final = re.compile(
    r"\b[a-z](?<!'[a-z])(?:(?: [a-z](?![\w']))++"
    r"|(?:\.[a-z](?![\w'])){2,}+(?:\.(?! (?-i:[A-Z])|\n|$))?"
    r"|(?:-[a-z](?![\w'])){2,}+|(?:\*[a-z](?![\w'])){2,}+)",
    re.IGNORECASE,
)
"""Letters that stand one by one, with the same sign between them."""
_FEWEST_SPACED: Final = 3
_HYPHENATED: Final = re.compile(r"(?<=[a-z])-\n(?=[a-z])", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&#?\w{2,10};")
_MOST_ESCAPED: Final = 3


def plain_letters(text: str) -> str:
    """The text in Latin letters without accents, with plain blanks, hyphens and apostrophes.

    Letters that stand one by one are one word; lines stay lines. Never raises.

    >>> plain_letters("\\uff25u\\xadtha\\u200bni\\u200bz\\u0435d \\u2013 P.T.S.  e u t h")
    'Euthanized - PTS euth'
    """
    for _ in range(_MOST_ESCAPED):
        if not _ENTITY.search(text):
            break
        text = unescaped(text)
    if text.isascii():
        text = _UNSEEN.sub("", text)
    else:
        # Accents first: what Python makes of a long row of them takes its length squared.
        text = _ACCENTS.sub("", _UNSEEN.sub("", text).translate(_PLAIN))
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).translate(_PLAIN)
    text = _LINE_ENDS.sub("\n", text.replace("`", "'"))
    text = _AT_LINE_ENDS.sub("\n", _BLANKS.sub(" ", text))
    return _SPACED.sub(_together, text)


def without_hyphenation(text: str) -> str | None:
    """The text with the words whole that a hyphen divides at a line's end; None without any."""
    whole = _HYPHENATED.sub("", text)
    return None if whole == text else whole


def _together(spaced: re.Match[str]) -> str:
    letters = re.sub(r"[^A-Za-z]", "", spaced[0])
    return letters if len(letters) >= _FEWEST_SPACED else spaced[0]
