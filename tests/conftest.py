"""Shared fixtures: a data folder of one's own, a clock that ticks, an open store, and the bundled models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatmem.config import Paths
from chatmem.store import Store


class Ticking:
    """A clock that starts on a known day and moves one second at each look."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def advance(self, **span: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**span)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test writes under its own folder."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CHATMEM_HOME", str(folder))
    return folder


@pytest.fixture
def paths(home: Path) -> Paths:
    return Paths(home).make()


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def store(paths: Paths, clock: Ticking) -> Iterator[Store]:
    opened = Store.open(paths, "default", clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def model_paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A data folder where the bundled models are prepared once for all tests."""
    return Paths(tmp_path_factory.mktemp("models")).make()


@pytest.fixture(scope="session")
def chat_model(model_paths: Paths) -> Path:
    from chatmem import catalogue

    return catalogue.bundled_chat(model_paths)


@pytest.fixture(scope="session")
def merged_model(chat_model: Path, model_paths: Paths) -> Path:
    """The bundled model with its adapter, as the engine loads it."""
    from chatmem import catalogue

    adapter = catalogue.adapter_for(chat_model, chat_model.stat().st_size, model_paths)
    assert adapter is not None
    return catalogue.merged(chat_model, adapter, model_paths)


def lend(paths: Paths, *models: Path) -> None:
    """Give a data folder models that were prepared in another one, so that they need not be made anew."""
    for model in models:
        for file in model.parent.glob(f"{model.name}*"):
            (paths.models / file.name).symlink_to(file)


@pytest.fixture(scope="session")
def embed_model(model_paths: Paths) -> Path:
    from chatmem import catalogue

    return catalogue.bundled_embedder(model_paths)


def write_gguf(path: Path) -> Path:
    """A whole GGUF file, though no model: one tensor."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("token_embd.weight", np.ones((8, 8), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
