"""The models screen: what is loaded, use with restoring, a file by its path, a download with its bar, its cancelling and its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from chatmem import catalogue
from chatmem.capability import Capability
from chatmem.config import Paths, load_settings
from chatmem.errors import DownloadFailed, ModelLoadFailed, ModelNotFound
from chatmem.tui import models
from chatmem.tui.app import ChatmemApp
from chatmem.tui.dialogs import Ask
from chatmem.tui.lines import bar
from chatmem.tui.models import ModelsScreen, arriving, switch
from tests.conftest import write_gguf

from .conftest import wait_until
from .fakes import FakeChat
from .snapshots import Screens
from .test_chat import ready

HUB_MODEL = "qwen3-0.6b"


@pytest.fixture(autouse=True)
def enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine has."""
    monkeypatch.setattr(models, "memory_available", lambda: 2_000_000_000)


async def opened(pilot: Pilot[None], app: ChatmemApp) -> ModelsScreen:
    """The screen, its list read."""
    await ready(pilot, app)
    await pilot.press("f9")
    await wait_until(pilot, lambda: isinstance(app.screen, ModelsScreen) and app.screen._rows and app.screen.here)
    assert isinstance(app.screen, ModelsScreen)
    return app.screen


def go(screen: ModelsScreen, name: str) -> None:
    """Highlight a model."""
    screen.query_one("#story", OptionList).highlighted = [row.model.name for row in screen._rows].index(name) + 1


def line(screen: ModelsScreen, name: str) -> str:
    """A model's line."""
    at = [row.model.name for row in screen._rows].index(name) + 1
    return str(screen.query_one("#story", OptionList).get_option_at_index(at).prompt)


def told(app: ChatmemApp, words: str) -> Callable[[], bool]:
    """Whether a toast says this."""
    return lambda: any(words in note.message for note in app._notifications)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_it_looks_as_stored(app: ChatmemApp, chat: FakeChat, screens: Screens, size: tuple[int, int]) -> None:
    chat.capability = Capability(
        profile="capable", reason="6 of 6 tasks of the self-test", tests={"list 1": True, "list 2": True, "label same": False}
    )
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, app)
        go(screen, "qwen3-4b" if any(row.model.name == "qwen3-4b" for row in screen._rows) else screen._rows[-1].model.name)
        await pilot.pause(0.3)
        screens.check(app, "models")


async def test_what_is_loaded_failed_or_loading_is_said(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, app)
        loaded = screen.query_one("#loaded", Static)
        await wait_until(pilot, lambda: "basic: it talks" in str(loaded.render()) and "135 million" in str(loaded.render()))
        chat.capability = None
        await wait_until(pilot, lambda: "being tested" in str(loaded.render()))
        chat.engine.state, chat.engine.error = "failed", ModelLoadFailed("The file [/x] is damaged.")
        await wait_until(pilot, lambda: "The file [/x] is damaged." in str(loaded.render()))
        chat.engine.state = "loading"
        await wait_until(pilot, lambda: "loading…" in str(loaded.render()))


async def test_a_file_is_added_by_its_path_used_and_kept(app: ChatmemApp, chat: FakeChat, paths: Paths, tmp_path: Path) -> None:
    file, wrong = write_gguf(tmp_path / "[bold]Mine.gguf"), tmp_path / "notes.gguf"
    wrong.write_text("no model")
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await opened(pilot, app)
        for path, words in ((tmp_path / "nowhere.gguf", "There is no file"), (wrong, "is not a GGUF model"), (file, "Added [bold]mine")):
            await pilot.press("a")
            await wait_until(pilot, lambda: isinstance(app.screen, Ask) and app.screen.focused)
            app.screen.query_one(Input).value = str(path)
            await pilot.press("enter")
            await wait_until(pilot, told(app, words))
        await wait_until(pilot, lambda: screen.here is not None and screen.here.model.name == "[bold]mine")
        await pilot.press("enter")
        await wait_until(pilot, lambda: load_settings(paths, {}).model.name == "[bold]mine")
        assert chat.used_model == "[bold]mine"
        await wait_until(pilot, lambda: "in use" in line(screen, "[bold]mine") and "here" in line(screen, "smollm2-135m"))


async def test_a_model_that_does_not_load_gives_way_to_the_one_before(app: ChatmemApp, chat: FakeChat, paths: Paths, tmp_path: Path) -> None:
    catalogue.add(write_gguf(tmp_path / "broken.gguf"), paths)
    used: list[str] = []

    def use(name: str) -> None:
        used.append(name)
        chat.settings.model.name = name
        chat.engine.error = ModelLoadFailed("broken.gguf cannot be loaded: the file is damaged.", "Get it again.") if name == "broken" else None

    chat.use_model = use  # type: ignore[method-assign]
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await opened(pilot, app)
        go(screen, "broken")
        await pilot.press("enter")
        await wait_until(pilot, told(app, "so smollm2-135m is back. broken.gguf cannot be loaded: the file is damaged."))
        assert used == ["broken", "smollm2-135m"]
        assert load_settings(paths, {}).model.name == "smollm2-135m"
        await wait_until(pilot, lambda: "in use" in line(screen, "smollm2-135m"))


def test_switching_says_so_when_the_one_before_is_gone(chat: FakeChat, paths: Paths) -> None:
    def use(name: str) -> None:
        if name != "new":
            raise ModelNotFound("gone")
        chat.engine.error = ModelLoadFailed("It is damaged.", "Get it again.")

    chat.use_model = use  # type: ignore[method-assign]
    with pytest.raises(ModelLoadFailed, match=r"smollm2-135m is there no more\. It is damaged\.") as caught:
        switch(chat, paths, "new")  # type: ignore[arg-type]
    assert caught.value.hint == "Get it again."


async def test_a_model_cannot_be_changed_under_a_reply(app: ChatmemApp, chat: FakeChat, paths: Paths, tmp_path: Path) -> None:
    catalogue.add(write_gguf(tmp_path / "other.gguf"), paths)
    chat.gate = threading.Event()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        talk = await ready(pilot, app)
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: talk.busy)
        await pilot.press("f9")
        await wait_until(pilot, lambda: isinstance(app.screen, ModelsScreen) and app.screen._rows)
        assert isinstance(app.screen, ModelsScreen)
        go(app.screen, "other")
        await pilot.press("enter")
        await wait_until(pilot, told(app, "A reply is still coming"))
        assert chat.used_model == ""
        chat.gate = None
        await wait_until(pilot, lambda: not talk.busy)


async def test_a_download_shows_its_bar_and_is_cancelled_by_escape(app: ChatmemApp, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(name: str, _: Paths, progress: Callable[[int, int], None], cancel: threading.Event) -> Path:
        assert name == HUB_MODEL
        progress(200_000_000, 800_000_000)
        assert cancel.wait(15)
        raise DownloadFailed("The download was cancelled.", "resume")

    monkeypatch.setattr(catalogue, "pull", pull)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await opened(pilot, app)
        go(screen, HUB_MODEL)
        assert "can be had" in line(screen, HUB_MODEL)
        await pilot.press("g")
        await wait_until(pilot, lambda: "▰▰▰▱▱▱▱▱▱▱▱▱  25%  200 MB of 800 MB" in line(screen, HUB_MODEL))
        await pilot.press("escape")
        await wait_until(pilot, told(app, "was stopped; g goes on where it was"))
        assert app.screen is screen
        await wait_until(pilot, lambda: "can be had" in line(screen, HUB_MODEL))
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is not screen)


async def test_without_a_network_the_sentence_and_its_hint_are_shown(app: ChatmemApp, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await opened(pilot, app)
        go(screen, HUB_MODEL)
        await pilot.press("enter")
        await wait_until(pilot, told(app, "Press g to get it"))
        await pilot.press("g")
        await wait_until(pilot, told(app, "http://127.0.0.1:9 cannot be reached"))
        await wait_until(pilot, told(app, "chatmem works offline with the bundled model"))


async def test_a_download_that_came_can_be_used(app: ChatmemApp, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(name: str, where: Paths, progress: Callable[[int, int], None], cancel: threading.Event) -> Path:
        assert not cancel.is_set()
        progress(64, 64)
        return Path(catalogue.add(write_gguf(where.models / "Qwen3-0.6B-Q8_0.gguf"), where).file)

    monkeypatch.setattr(catalogue, "pull", pull)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await opened(pilot, app)
        go(screen, HUB_MODEL)
        await pilot.press("g")
        await wait_until(pilot, lambda: any(row.here for row in screen._rows if row.model.name == HUB_MODEL))
        await wait_until(pilot, told(app, "qwen3-0.6b is here"))
        assert screen.check_action("use", ())
        assert not screen.check_action("get", ())


async def test_a_list_that_is_slow_to_read_comes_after_the_screen(app: ChatmemApp, monkeypatch: pytest.MonkeyPatch) -> None:
    read, go_on = models.listed, threading.Event()

    def slowly(paths: Paths, loaded: str) -> list[models.Entry]:
        assert go_on.wait(20)
        return read(paths, loaded)

    monkeypatch.setattr(models, "listed", slowly)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await ready(pilot, app)
        await pilot.press("f9")
        await wait_until(pilot, lambda: isinstance(app.screen, ModelsScreen) and app.screen.is_mounted and app.screen.focused)
        story = app.screen.query_one("#story", OptionList)
        assert not story.option_count
        go_on.set()
        await wait_until(pilot, lambda: story.option_count)


async def test_a_list_that_cannot_be_read_is_said_and_the_screen_can_be_left(app: ChatmemApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(paths: Paths, loaded: str) -> list[models.Entry]:
        raise ModelNotFound("The catalogue is gone.", "Install chatmem again.")

    monkeypatch.setattr(models, "listed", failing)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await ready(pilot, app)
        await pilot.press("f9")
        await wait_until(pilot, told(app, "The catalogue is gone."))
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, ModelsScreen))


async def test_the_palette_has_it(app: ChatmemApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        chat = await ready(pilot, app)
        assert "Models" in [command.title for command in app.get_system_commands(chat)]  # type: ignore[arg-type]
        screen = await opened(pilot, app)
        titles = [command.title for command in app.get_system_commands(screen)]  # type: ignore[arg-type]
        assert any(title.startswith("Add a file") for title in titles)


def test_bars_are_whole_cells() -> None:
    assert ["".join(bar(share, 4)) for share in (-1, 0, 0.01, 0.5, 1, 2)] == ["▱▱▱▱", "▱▱▱▱", "▰▱▱▱", "▰▰▱▱", "▰▰▰▰", "▰▰▰▰"]
    assert arriving(0, 0) == "0 MB so far"
