"""The addresses on which the simulated Neo listens: one for all companies, and one for each."""

import socket

from aiohttp import web

HOST = "127.0.0.1"


class Door:
    """A port of this machine that can be shut and opened again.

    While it is shut a second socket, which never listens, keeps the port ours: a caller is refused
    and nobody else can take it.
    """

    def __init__(self, runner: web.AppRunner, port: int = 0) -> None:
        self._runner = runner
        self._keeper = _bound(port)
        self.port: int = self._keeper.getsockname()[1]
        self._site: web.SockSite | None = None

    async def open(self) -> None:
        if self._site is None:
            self._site = web.SockSite(self._runner, _bound(self.port), backlog=512)
            await self._site.start()

    async def shut(self) -> None:
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def give_up(self) -> None:
        await self.shut()
        self._keeper.close()


class Doors:
    """The companies' own doors, by company id."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._doors: dict[str, Door] = {}

    async def add(self, company_id: str) -> int:
        """Opens a door; its port."""
        door = self._doors[company_id] = Door(self._runner)
        await door.open()
        return door.port

    async def set_open(self, company_id: str, *, is_open: bool) -> None:
        door = self._doors[company_id]
        await (door.open() if is_open else door.shut())

    async def remove(self, company_id: str) -> None:
        await self._doors.pop(company_id).give_up()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, port))
    return sock
