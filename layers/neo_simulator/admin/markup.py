"""HTML of the front page."""

from functools import cache
from importlib.resources import files

from aiohttp import web

from neo_simulator.web.markup import text


@cache
def _asset(name: str) -> str:
    return files("neo_simulator.admin").joinpath("assets", name).read_text(encoding="utf-8")


def admin_page(title: str, body: str) -> web.Response:
    html = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{text(title)}</title><style>{_asset('front.css')}</style></head>"
        f"<body>{body}<script>{_asset('front.js')}</script></body></html>"
    )
    # Its address holds a secret, and it links to other servers.
    kept = {"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}
    return web.Response(text=html, content_type="text/html", headers=kept)


def cells(*contents: str) -> str:
    """A table row of HTML that is already escaped."""
    return "<tr>" + "".join(f"<td>{content}</td>" for content in contents) + "</tr>"
