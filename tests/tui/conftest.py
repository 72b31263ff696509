"""Fixtures for the terminal app: a fake chat, an app around it, and waiting without sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("textual")

from textual import events
from textual.pilot import Pilot

from chatmem.config import Paths, Settings
from chatmem.tui.app import ChatmemApp

from .fakes import FakeChat
from .library import StoreChat, open_store, small_library
from .snapshots import Screens


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-screens`` stores the pictures of screens anew."""
    parser.addoption("--update-screens", action="store_true", help="store the pictures of screens in tests/tui/screens anew")


@pytest.fixture
def screens(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Screens:
    """Compares screens with stored pictures; the zone is fixed, since dates are shown in the local one."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    return Screens(request.config.getoption("--update-screens", default=False))


@pytest.fixture
def chat() -> FakeChat:
    """A chat with nothing in it."""
    return FakeChat()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A data folder of the test's own."""
    return Paths(tmp_path / "home").make()


@pytest.fixture
def app(chat: FakeChat, paths: Paths) -> ChatmemApp:
    """The app around the fake chat."""
    return ChatmemApp(lambda notice: chat, Settings(), paths)  # type: ignore[arg-type,return-value]


@pytest.fixture
def library(paths: Paths) -> Iterator[StoreChat]:
    """A chat over a real store with a small life in it."""
    store = open_store(paths)
    small_library(store)
    yield StoreChat(store)
    store.close()


@pytest.fixture
def library_app(library: StoreChat, paths: Paths) -> ChatmemApp:
    """The app around it."""
    return ChatmemApp(lambda notice: library, Settings(), paths)  # type: ignore[arg-type,return-value]


async def wait_until(pilot: Pilot[None], predicate: Callable[[], object], seconds: float = 15.0) -> None:
    """Let the app run until ``predicate`` holds."""
    until = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < until, f"never came true: {predicate}"
        await pilot.pause(0.01)
    await pilot.pause()


def send(app: ChatmemApp, key: str, character: str | None = None) -> None:
    """A key, by the way that the terminal's keys take."""
    event = events.Key(key, character)
    event.set_sender(app)
    assert app._driver is not None
    app._driver.send_message(event)
