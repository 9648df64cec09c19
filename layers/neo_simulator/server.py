"""The process: the Neo side on its doors, the admin side on its port, until told to stop."""

import asyncio
import json
import os
import signal
import sys
import threading

from aiohttp import web

from dev_tools.local_callers import new_secret
from neo_simulator.admin.api import DOORS, SECRET, add_api_routes, explain_errors, only_ours
from neo_simulator.admin.front import add_front_routes
from neo_simulator.company import Companies
from neo_simulator.doors import HOST, Door, Doors
from neo_simulator.web.answers import add_answer_routes
from neo_simulator.web.guard import COMPANIES, guard
from neo_simulator.web.login import add_login_routes
from neo_simulator.web.pages import add_page_routes

LARGEST_BODY = 64 * 1024 * 1024


def neo_app(companies: Companies) -> web.Application:
    app = web.Application(middlewares=[guard])
    app[COMPANIES] = companies
    add_login_routes(app)
    add_page_routes(app)
    add_answer_routes(app)
    return app


def admin_app(companies: Companies, doors: Doors, secret: str) -> web.Application:
    app = web.Application(middlewares=[only_ours, explain_errors], client_max_size=LARGEST_BODY)
    app[SECRET] = secret
    app[COMPANIES] = companies
    app[DOORS] = doors
    add_api_routes(app)
    add_front_routes(app)
    return app


async def serve(port: int, admin_port: int, *, until_stdin_closes: bool) -> None:
    """Say where we are on stdout, as one JSON line, when everything listens."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    companies = Companies()
    neo = web.AppRunner(neo_app(companies), access_log=None, shutdown_timeout=0.2)
    await neo.setup()
    secret = new_secret()
    administered = admin_app(companies, Doors(neo), secret)
    admin = web.AppRunner(administered, access_log=None, shutdown_timeout=0.2)
    await admin.setup()
    doors = Door(neo, port), Door(admin, admin_port)
    try:
        for door in doors:
            await door.open()
        where = {
            "url": f"http://{HOST}:{doors[0].port}",
            "admin_url": f"http://{HOST}:{doors[1].port}/{secret}",
            "pid": os.getpid(),
        }
        print(json.dumps(where), flush=True)
        if until_stdin_closes:
            _stop_on_end_of_stdin(stop)
        await stop.wait()
    finally:
        await neo.cleanup()
        await admin.cleanup()


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _stop_on_end_of_stdin(stop: asyncio.Event) -> None:
    """A parent that holds our stdin can't leave us behind, however it ends."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()
