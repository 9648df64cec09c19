"""The messages of the Slack sink as a page: as they would look in Slack, the newest ones first."""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from local_stack.sinks.slack import CHANNELS, Posted

_EMOJI: Final = {
    "telephone_receiver": "📞",
    "wrench": "🔧",
    "hourglass": "⌛",
    "white_check_mark": "✅",
    "warning": "⚠️",
    "sunrise": "🌅",
}
_STYLE: Final = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem;
color:#1d1c1d;background:#fff}h1{font-size:1.3rem}h2{font-size:1.05rem;border-bottom:1px solid #ddd;
padding-bottom:.3rem;margin-top:2rem}article{padding:.6rem .8rem;margin:.4rem 0;border-radius:.4rem}
article:hover{background:#f8f8f8}.thread{margin-left:2.2rem;border-left:3px solid #e0e0e0}
.from{font-weight:700}.at{color:#616061;font-size:.8rem;margin-left:.4rem}p{margin:.25rem 0}
code{background:#f3f3f3;border:1px solid #ddd;border-radius:3px;padding:0 .25rem;color:#c0143c;
font-size:.85em;overflow-wrap:anywhere}.context{color:#616061;font-size:.82rem}
@media (prefers-color-scheme:dark){body{background:#1a1d21;color:#d1d2d3}article:hover{background:
#222529}code{background:#232529;border-color:#444;color:#e8912d}.at,.context{color:#ababad}
h2{border-color:#444}.thread{border-color:#444}}
"""


def page(posted: Sequence[Posted]) -> bytes:
    parts = [_channel(id_, name, posted) for id_, name in CHANNELS.items()]
    none = "" if posted else "<p>No message yet: the watchdog sends what waits once a minute.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Messages</title>'
        f"<style>{_STYLE}</style></head><body><h1>Slack, as it would look</h1>{none}"
        f"{''.join(parts)}</body></html>"
    ).encode()


def _channel(id_: str, name: str, posted: Sequence[Posted]) -> str:
    here = [one for one in posted if one.channel == id_]
    heads = [one for one in here if one.thread is None]
    shown = []
    for head in reversed(heads):
        shown.append(_message(head, ""))
        shown += [_message(one, " thread") for one in here if one.thread == head.ts]
    return f"<section><h2># {html.escape(name)}</h2>{''.join(shown)}</section>"


def _message(one: Posted, kind: str) -> str:
    at = datetime.fromtimestamp(float(one.ts), UTC)
    blocks = "".join(_block(block) for block in one.blocks)
    return (
        f'<article class="message{kind}"><span class="from">idexx-sync</span>'
        f'<time class="at">{at:%Y-%m-%d %H:%M:%S} UTC</time>{blocks}</article>'
    )


def _block(block: dict[str, Any]) -> str:
    if block["type"] == "context":
        inner = " ".join(_mrkdwn(str(one.get("text"))) for one in block["elements"])
        return f'<p class="context">{inner}</p>'
    return f"<p>{_mrkdwn(str(block['text'].get('text')))}</p>"


def _mrkdwn(text: str) -> str:
    """Slack's own markup as HTML; the text is escaped already, as Slack wants it."""
    parts = re.split(r"(`[^`\n]+`)", html.escape(html.unescape(text), quote=False))
    return "".join(
        f"<code>{part[1:-1]}</code>" if part.startswith("`") and len(part) > 2 else _plain(part)
        for part in parts
    )


def _plain(text: str) -> str:
    bold = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"<strong>\1</strong>", text)
    marked = re.sub(r":([a-z_]+):", lambda found: _EMOJI.get(found[1], found[0]), bold)
    return marked.replace("\n", "<br>")
