"""Small HTML helpers of the pages."""

from functools import cache
from html import escape
from importlib.resources import files

from aiohttp import web


def text(value: object) -> str:
    """Escaped for HTML; None is nothing."""
    return "" if value is None else escape(str(value))


@cache
def asset(name: str) -> str:
    """A file of `assets/`."""
    return files("neo_simulator.web").joinpath("assets", name).read_text(encoding="utf-8")


def page(title: str, body: str, *, status: int = 200, head: str = "") -> web.Response:
    """A page of the staff application."""
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f"<style>{asset('neo.css')}</style>{head}</head><body>{body}</body></html>"
    )
    return web.Response(text=html, content_type="text/html", status=status)


def plain_page(title: str, body: str, *, status: int) -> web.Response:
    """A page that a proxy in front of the application would send."""
    html = (
        f"<!doctype html><html><head><title>{text(title)}</title></head><body>{body}</body></html>"
    )
    return web.Response(text=html, content_type="text/html", status=status)


def redirect(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location}, content_type="text/html")
