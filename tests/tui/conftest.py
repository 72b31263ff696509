"""Fixtures for the terminal app: a fake chat, an app around it, and waiting without sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("textual")

from textual.pilot import Pilot

from chatmem.config import Paths, Settings
from chatmem.tui.app import ChatmemApp

from .fakes import FakeChat


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


async def wait_until(pilot: Pilot[None], predicate: Callable[[], object], seconds: float = 15.0) -> None:
    """Let the app run until ``predicate`` holds."""
    until = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < until, f"never came true: {predicate}"
        await pilot.pause(0.01)
    await pilot.pause()
