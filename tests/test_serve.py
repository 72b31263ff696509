"""The served app: refused without the token, a real conversation over its websocket, and one in a real headless Chromium."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual_serve")

from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from chatmem.cli.terminal import now
from chatmem.config import Paths
from chatmem.errors import ConfigError
from chatmem.store import Store
from chatmem.web import GuardedServer, check_port, loopback
from tests.conftest import lend

TOKEN = "a-token-of-the-test"
SAID = "My dog Biscuit is a beagle."
ECHO = "printf '__GANGLION__\\n'; printf 'D\\000\\000\\000\\005hello'; sleep 60"


@asynccontextmanager
async def visiting() -> AsyncIterator[TestClient[Any, Any]]:
    """A client of a server whose app only says hello."""
    server = GuardedServer("127.0.0.1", 8421, TOKEN, command=ECHO)
    async with TestClient(TestServer(await server._make_app()), cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/ws", f"/ws?token={TOKEN}", "/static/js/textual.js", "/download/x", "/nowhere"])
async def test_without_the_token_everything_is_refused(path: str) -> None:
    async with visiting() as client:
        answer = await client.get(path, allow_redirects=False)
        assert answer.status == 403
        assert TOKEN not in await answer.text()
        client.session.cookie_jar.update_cookies({"chatmem-8421": "wrong"})
        assert (await client.get(path, allow_redirects=False)).status == 403


async def test_the_websocket_is_refused_without_the_token() -> None:
    async with visiting() as client:
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect("/ws")
        assert caught.value.status == 403


async def test_the_token_moves_from_the_address_into_a_cookie() -> None:
    async with visiting() as client:
        answer = await client.get(f"/?token={TOKEN}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        page = await client.get("/")
        assert page.status == 200
        words = await page.text()
        assert TOKEN not in words
        assert f"ws://127.0.0.1:{client.port}/ws" in words
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert (await client.get("/static/js/textual.js")).status == 200
        socket_ = await client.ws_connect("/ws")
        assert (await socket_.receive(timeout=20)).data == b"hello"


@pytest.mark.parametrize(
    ("name", "value"), [("Host", "evil.example"), ("Origin", "http://evil.example"), ("Origin", "null"), ("Host", "evil.example:8421")]
)
async def test_other_names_and_other_pages_are_refused(name: str, value: str) -> None:
    async with visiting() as client:
        assert (await client.get(f"/?token={TOKEN}")).status == 200
        assert (await client.get("/", headers={name: value})).status == 403
        with pytest.raises(WSServerHandshakeError):
            await client.ws_connect("/ws", headers={name: value})


def test_which_hosts_are_this_machine_alone() -> None:
    assert [host for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "example.org", "") if loopback(host)] == [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "localhost",
    ]


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="cannot be used") as caught:
            check_port("127.0.0.1", taken.getsockname()[1])
        assert "--port" in caught.value.hint


# ---------------------------------------------------------------------- the real app


@pytest.fixture
def served(paths: Paths, embed_model: Path, merged_model: Path) -> Iterator[str]:
    """``chatmem serve`` itself; gives the address that it prints."""
    lend(paths, embed_model, merged_model)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "chatmem", "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/\?token=[\w-]{{32}}", address)
        try:
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def kept(home: Path) -> list[tuple[str, str]]:
    """Role and words of every stored turn."""
    if not Paths(home).database.exists():
        return []
    store = Store.open(Paths(home), "default", now, read_only=True)
    try:
        return [(turn.role, turn.content) for session in store.sessions() for turn in store.turns(session.id)]
    finally:
        store.close()


async def drawn(socket_: ClientWebSocketResponse, words: str, seconds: float = 60) -> str:
    """What the app drew, until these words are in it, spaces aside: a frame may hold a part of a line only."""
    text = ""
    async with asyncio.timeout(seconds):
        while words.replace(" ", "") not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\s", "", text):
            message = await socket_.receive()
            assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), f"the app ended: {text[-2000:]}"
            text += message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else ""
    return text


async def typed(socket_: ClientWebSocketResponse, words: str) -> None:
    """Keys, as the page sends them."""
    await socket_.send_str(json.dumps(["stdin", words]))


@pytest.mark.model
@pytest.mark.slow
async def test_a_conversation_over_the_websocket_and_a_second_visitor(served: str, home: Path) -> None:
    base = served.partition("/?")[0]
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        assert (await client.get(served)).status == 200
        async with client.ws_connect(f"{base}/ws?width=100&height=30") as first:
            await drawn(first, "ready")
            async with client.ws_connect(f"{base}/ws?width=100&height=30") as second:
                await drawn(second, "chatmem cannot open your memory")
            await typed(first, SAID)
            await typed(first, "\r")
            async with asyncio.timeout(90):
                while [role for role, _ in kept(home)] != ["user", "assistant"]:
                    await asyncio.sleep(0.3)
            assert kept(home)[0] == ("user", SAID)
        async with client.ws_connect(f"{base}/ws?width=100&height=30") as again:  # as a reload does, at once
            await drawn(again, "I remember 1 thing")


# ---------------------------------------------------------------------- in a browser

# The page keeps its terminal to itself; this catches it as it is made, to read the lines that it shows.
CATCH = """
Object.defineProperty(Object.prototype, 'fitAddon', {configurable: true, set(value) {
    Object.defineProperty(this, 'fitAddon', {value, writable: true}); window.shown = this.terminal;
}});
"""
READ = """
(() => { const t = window.shown; if (!t) return document.body ? document.body.innerText : '';
const b = t.buffer.active; return Array.from({length: b.length}, (_, i) => b.getLine(i).translateToString(true)).join('\\n'); })()
"""


class Page:
    """A tab of a browser, by the Chrome DevTools protocol."""

    def __init__(self, socket_: ClientWebSocketResponse) -> None:
        self._socket, self._number = socket_, 0
        self.asked: list[str] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its result."""
        self._number += 1
        number = self._number
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=60)
            if answer.get("method") == "Network.responseReceived":
                self.asked.append(answer["params"]["response"]["url"])
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def read(self) -> str:
        """The lines on the terminal, or the words of the page when there is none."""
        return str((await self.call("Runtime.evaluate", expression=READ))["result"].get("value", ""))

    async def shows(self, pattern: str, seconds: float = 90) -> str:
        """Wait for words that match."""
        seen = ""
        try:
            async with asyncio.timeout(seconds):
                while not re.search(pattern, seen := await self.read()):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"the page never showed {pattern!r}:\n{seen}") from None
        return seen


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Page]:
    """A headless Chromium with an empty page; skips when there is none."""
    program = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium is installed: apt install chromium")
    flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--window-size=1200,800",
    ]
    process = subprocess.Popen(
        [program, *flags, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port_file = profile / "DevToolsActivePort"
        async with asyncio.timeout(60):
            while not port_file.exists() or "\n" not in port_file.read_text():
                await asyncio.sleep(0.1)
        port = port_file.read_text().split()[0]
        async with ClientSession() as client:
            pages = await (await client.get(f"http://127.0.0.1:{port}/json")).json()
            page = next(one for one in pages if one["type"] == "page")
            async with client.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket_:
                tab = Page(socket_)
                for domain in ("Page", "Network", "Runtime"):
                    await tab.call(f"{domain}.enable")
                await tab.call("Page.addScriptToEvaluateOnNewDocument", source=CATCH)
                yield tab
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.model
@pytest.mark.slow
async def test_in_a_real_browser(served: str, home: Path, tmp_path: Path) -> None:
    base = served.partition("/?")[0]
    async with browser(tmp_path / "profile") as page:
        await page.call("Page.navigate", url=f"{base}/")
        await page.shows("A token is needed")
        await page.call("Page.navigate", url=f"{base}/?token=wrong")
        await page.shows("A token is needed")
        assert not home.joinpath("chatmem.db").exists()  # no app was started

        await page.call("Page.navigate", url=served)
        await page.shows("ready")
        where = await page.call("Runtime.evaluate", expression="location.href")
        assert where["result"]["value"] == f"{base}/"
        await page.call("Runtime.evaluate", expression="shown.focus()")
        for letter in SAID:
            await page.call("Input.dispatchKeyEvent", type="char", text=letter)
        await page.shows(re.escape(SAID))
        await page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
        async with asyncio.timeout(90):
            while [role for role, _ in kept(home)] != ["user", "assistant"]:
                await asyncio.sleep(0.3)
        reply = kept(home)[1][1]
        first = re.findall(r"\w+", reply)[:3]
        assert first
        assert SAID in await page.shows(r"\W+".join(map(re.escape, first)))
        assert all(url.startswith((base, "data:")) for url in page.asked), page.asked  # nothing came from elsewhere
