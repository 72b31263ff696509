"""The app in a web browser: textual-serve behind a token, for one visitor at a time, on this machine unless told otherwise.

Each visit is a process of its own that runs the app; the store's lock lets one in, and tells the next one politely.
"""

from __future__ import annotations

import asyncio
import hmac
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from chatmem.errors import ConfigError

APP = shlex.join([sys.executable, "-c", "from chatmem.cli import open_app; raise SystemExit(open_app())"])
LEAVING = 15.0
"""How long a new visit waits for the one that is just being left, in seconds: so that reloading the page works."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def loopback(host: str) -> bool:
    """Whether a name or address can be reached from this machine only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def check_port(host: str, port: int) -> None:
    """Raises ConfigError when the address cannot be served on."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        raise ConfigError(f"{host}:{port} cannot be used: {error.strerror or error}.", "Choose another with --port or --host.") from error


class GuardedServer(Server):
    """Lets in whoever has the token: in the address the first time, in a cookie from then on."""

    def __init__(self, host: str, port: int, token: str, say: Callable[[str], None] = lambda _: None, command: str = APP) -> None:
        super().__init__(command, host=host, port=port, title="chatmem")
        self.token, self._say = token, say
        self._cookie = f"chatmem-{port}"  # cookies do not tell ports apart
        self._leaving = 0

    @property
    def address(self) -> str:
        """What to open, token included."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/?token={self.token}"

    def initialize_logging(self) -> None:
        """Nothing is printed: an access log would show the token, and what went wrong is in the app's own log."""

    async def on_startup(self, app: web.Application) -> None:
        """Say where it is, as soon as it can be reached there."""
        del app
        self._announcing = asyncio.create_task(self._announce())

    async def _announce(self) -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                self._say(self.address)
                return

    async def on_shutdown(self, app: web.Application) -> None:
        """No longer wait to be reached."""
        del app
        self._announcing.cancel()

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        app.middlewares.append(guard)
        return app

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse with 403 unless the visitor has the token, is on this machine's own name, and comes from our own page."""
        given = request.query.get("token", "")
        if not self._known_host(request) or not self._own_page(request):
            raise web.HTTPForbidden(text="This page is served on this machine's own address only.")
        if request.path == "/" and hmac.compare_digest(given.encode(), self.token.encode()):
            arrived = web.HTTPSeeOther("/")  # the token leaves the address bar, so that no history keeps it
            arrived.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict", path="/")
            raise arrived
        if not hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self.token.encode()):
            raise web.HTTPForbidden(text="A token is needed: open the full address that `chatmem serve` printed.")
        self.public_url = f"http://{request.host}"
        response = await handler(request)
        if not response.prepared:
            # The page of textual-serve asks a font of a foreign server: nothing leaves this machine.
            response.headers["Content-Security-Policy"] = (
                f"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                f"font-src 'self' data:; connect-src 'self' ws://{request.host}; frame-ancestors 'none'"
            )
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response

    def _known_host(self, request: web.Request) -> bool:
        """A foreign name that was made to point at this machine is not ours."""
        name = urlsplit(f"//{request.host}").hostname or ""
        return loopback(name) if loopback(self.host) else True

    def _own_page(self, request: web.Request) -> bool:
        """A browser says which page asks; other pages may not."""
        origin = request.headers.get("Origin")
        return origin is None or urlsplit(origin).netloc == request.host

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A visit: wait for one that is just ending, then run the app."""
        waited = 0.0
        while self._leaving and waited < LEAVING:
            await asyncio.sleep(0.05)
            waited += 0.05
        try:
            response: web.WebSocketResponse = await super().handle_websocket(request)
            return response
        finally:
            self._leaving = max(0, self._leaving - 1)

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        try:
            await super()._process_messages(websocket, app_service)
        finally:
            self._leaving += 1


def serve(host: str, port: int, token: str, say: Callable[[str], None]) -> None:
    """Serve until stopped by Ctrl+C. Raises ConfigError when the address is taken."""
    check_port(host, port)
    server: Any = GuardedServer(host, port, token, say)
    server.serve()
