"""Every setting with its value, default and meaning; changed in place, checked while it is typed. And where the files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from chatmem.config import Group, Paths, Settings, save_setting
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.dialogs import Line, Pick
from chatmem.tui.keys import KeyLine
from chatmem.tui.messages import Done
from chatmem.tui.text import one_line, safe

if TYPE_CHECKING:
    from chatmem.chat import Chat

DIM = "$foreground 60%"
LATER = {
    "profile": "from the next start",
    "model.context": "when a model is loaded again",
    "model.threads": "when a model is loaded again",
    "model.gpu_layers": "when a model is loaded again",
}
"""Settings that do not act at once."""
UNREAD = {"float_parsing": "A number is wanted.", "int_parsing": "A whole number is wanted.", "bool_parsing": "Yes or no is wanted."}
"""What cannot be read as a value of its kind, by pydantic's names."""
TITLES = {"": "Whose memory", "model": "Model", "memory": "Memory", "ui": "Look"}


class Setting(NamedTuple):
    """One setting as it stands."""

    key: str
    value: Any
    default: Any
    meaning: str
    limits: str

    @property
    def group(self) -> str:
        """The table of config.toml it is in, "" for none."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Its name inside the group."""
        return self.key.rpartition(".")[2]


def described(settings: Settings) -> list[Setting]:
    """All settings, in the order of the file."""
    found = []
    groups: list[tuple[str, Group]] = [("", settings)]
    groups += [(name, value) for name in type(settings).model_fields if isinstance(value := getattr(settings, name), Group)]
    for prefix, group in groups:
        for name, field in type(group).model_fields.items():
            value = getattr(group, name)
            if not isinstance(value, Group):
                found.append(Setting(f"{prefix}.{name}".lstrip("."), value, field.default, field.description or "", limits(field.metadata)))
    return found


def limits(metadata: Sequence[object]) -> str:
    """What values are allowed, in words: "1 to 50"."""
    low, high = "", ""
    for rule in metadata:
        match rule:
            case Ge(ge=value):
                low = f"{value:,}"
            case Gt(gt=value):
                low = f"more than {value:,}"
            case Le(le=value):
                high = f"{value:,}"
            case Lt(lt=value):
                high = f"less than {value:,}"
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low and not low.startswith("more") else low or high


def checked(settings: Settings, key: str, text: str) -> Any:
    """The value meant by ``text``. Raises ValueError with the sentence to show."""
    data = settings.model_dump()
    place = data
    *groups, name = key.split(".")
    for group in groups:
        place = place[group]
    place[name] = text.strip()
    try:
        value: Any = Settings.model_validate(data)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(UNREAD.get(wrong["type"], f"{wrong['msg']}.")) from error
    for part in key.split("."):
        value = getattr(value, part)
    return value


def apply(settings: Settings, key: str, value: Any) -> None:
    """Change a setting of the running app."""
    *groups, name = key.split(".")
    target: Any = settings
    for group in groups:
        target = getattr(target, group)
    setattr(target, name, value)


def shown(value: Any) -> str:
    """A value as people read it."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def size(path: Path) -> int:
    """Bytes of a file, or of all files under a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else 0


def files(paths: Paths) -> list[tuple[str, Path, int]]:
    """What is stored, where, and how large it is in bytes."""
    return [
        ("everything you said, and every memory", paths.database, size(paths.database)),
        ("the search index: numbers, no words", paths.index, size(paths.index)),
        ("models", paths.models, size(paths.models)),
        ("logs, without what you said", paths.logs, size(paths.logs)),
        ("settings", paths.config, size(paths.config)),
    ]


class Change(ModalScreen[str | None]):
    """A new value for a setting, checked at each letter; gives the text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(self, setting: Setting, settings: Settings) -> None:
        super().__init__()
        self._setting, self._settings = setting, settings

    def compose(self) -> ComposeResult:
        """What it means, its value."""
        setting = self._setting
        with Vertical(classes="dialog"):
            yield Static(setting.key, classes="dialog-title", markup=False)
            about = f"{setting.meaning}\n" + " · ".join(
                part for part in (setting.limits, f"default {shown(setting.default)}", LATER.get(setting.key, "")) if part
            )
            yield Static(about, classes="form-list", markup=False)
            yield Line(str(setting.value), compact=True)
            yield Static("", classes="form-problem", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Static("Enter saves · Esc leaves", classes="dialog-hint", markup=False)
                yield Button("Save", id="save", flat=True)

    @on(Input.Changed)
    def check(self, event: Input.Changed) -> None:
        """Say at once what is wrong."""
        try:
            checked(self._settings, self._setting.key, event.value)
            self.query_one(".form-problem", Static).update("")
        except ValueError as error:
            self.query_one(".form-problem", Static).update(f"✕ {safe(str(error))}")

    @on(Input.Submitted)
    @on(Button.Pressed, "#save")
    def save(self) -> None:
        """Answer, when nothing is wrong."""
        text = self.query_one(Input).value
        try:
            checked(self._settings, self._setting.key, text)
        except ValueError:
            self.app.bell()
        else:
            self.dismiss(text)

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class SettingsScreen(BackgroundScreen):
    """A list of settings; Enter changes one."""

    HELP = """
# Settings

**Enter** changes a setting; what is wrong is said while you type. **r** sets it back to its default.

They are kept in config.toml in the data folder. Most act at once; where one does not, it says so.

At the end of the list: where your files are and how large.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("enter", "change", "Change", tooltip="Change this setting"),
        Binding("r", "reset", "Default", tooltip="Set it back to its default"),
    ]
    AUTO_FOCUS = "#story"

    def __init__(self, chat: Chat, settings: Settings, paths: Paths) -> None:
        super().__init__()
        self.chat, self._settings, self._paths = chat, settings, paths
        self._rows: list[Setting | None] = []
        self._files: list[tuple[str, Path, int]] = []

    def compose(self) -> ComposeResult:
        """Title and list."""
        yield Static("Settings", classes="screen-title", markup=False)
        yield OptionList(id="story", classes="single")
        yield Static("", id="about", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Show them, and how large the files are."""
        self._show()
        await self.ask_first("files", lambda _: files(self._paths))

    def on_done(self, event: Done) -> None:
        """Sizes were counted, models were listed, or a setting was kept."""
        if event.then == "files":
            self._files = event.value
            self._show()
        elif event.then == "models":
            current = self._settings.model.name
            rows = [(name, name, description) for name, description in event.value]
            self.app.push_screen(Pick("Choose the model", rows, current), self._use_model)
        elif event.then == "kept":
            key, value = event.value
            apply(self._settings, key, value)
            if self.chat is not None and self.chat.settings is not self._settings:
                apply(self.chat.settings, key, value)
            self.notify(f"{key} is now {shown(value)}{', ' + LATER[key] if key in LATER else ''}.", markup=False)
            self._show()
        elif event.then == "model":
            self.notify(one_line(event.value, 120), markup=False)
            self._show()

    def _show(self) -> None:
        story = self.query_one("#story", OptionList)
        at = story.highlighted
        self._rows, options = [], []
        group = None
        for setting in described(self._settings):
            if setting.group != group:
                group = setting.group
                self._rows.append(None)
                options.append(Option(Content.styled(f"\n{TITLES.get(group, group)}", "bold $text-primary"), disabled=True))
            own = setting.value != setting.default
            self._rows.append(setting)
            options.append(
                Option(
                    Content.assemble(
                        ("• " if own else "  ", "$text-accent"), f"{setting.name:<18}", (f"{one_line(shown(setting.value), 22):<23}", "bold" if own else ""),
                        (setting.meaning, DIM),
                    )
                )
            )  # fmt: skip
        self._rows.append(None)
        options.append(Option(Content.styled("\nYour files", "bold $text-primary"), disabled=True))
        for what, path, size_ in self._files:
            self._rows.append(None)
            options.append(Option(Content.assemble(f"  {size_ / 1e6:>9.1f} MB  ", (f"{what:<40} ", DIM), safe(str(path)))))
        story.set_options(options)
        story.highlighted = at if at is not None else 1

    @property
    def _here(self) -> Setting | None:
        at = self.query_one("#story", OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def on_option_list_option_highlighted(self) -> None:
        """Say in full what it means."""
        setting = self._here
        if setting is None:
            self.query_one("#about", Static).update("")
            return
        parts = [setting.limits, f"default {shown(setting.default)}", LATER.get(setting.key, "acts at once"), "Enter changes it"]
        self.query_one("#about", Static).update(
            Content.assemble(f"{setting.key}: {setting.meaning}\n", (" · ".join(part for part in parts if part), DIM)), layout=False
        )

    def on_option_list_option_selected(self) -> None:
        """A click changes it, as Enter does."""
        self.action_change()

    def action_change(self) -> None:
        """Change the highlighted one."""
        setting = self._here
        if setting is None:
            return
        if isinstance(setting.value, bool):
            self._keep(setting.key, not setting.value)
        elif setting.key == "model.name":
            self.ask("models", lambda chat: chat.models())
        elif setting.key == "ui.theme":
            ours_first = sorted(self.app.available_themes.items(), key=lambda named: not named[0].startswith("chatmem"))
            themes = [(name, name, "dark" if theme.dark else "light") for name, theme in ours_first]
            self.app.push_screen(Pick("Choose the look", themes, self.app.theme), self._use_theme)
        else:
            self.app.push_screen(
                Change(setting, self._settings),
                lambda text: self._keep(setting.key, checked(self._settings, setting.key, text)) if text is not None else None,
            )

    def action_reset(self) -> None:
        """Back to the default."""
        setting = self._here
        if setting is None or setting.value == setting.default:
            return
        if setting.key == "ui.theme":
            self._use_theme(setting.default)
        elif setting.key == "model.name":
            self._use_model(setting.default)
        else:
            self._keep(setting.key, setting.default)

    def _use_theme(self, name: str | None) -> None:
        if name:
            self.app.theme = name  # the app keeps it
            self._settings.ui.theme = name
            self._show()

    def _use_model(self, name: str | None) -> None:
        if name and name != self._settings.model.name:
            from chatmem.tui.models import switch

            self.ask("model", lambda chat: switch(chat, self._paths, name))

    def _keep(self, key: str, value: Any) -> None:
        def keep(_: Chat) -> tuple[str, Any]:
            save_setting(self._paths, key, value)
            return key, value

        self.ask("kept", keep)

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss()
