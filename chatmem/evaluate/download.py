"""Fetch an official question set, at the user's request only. What came is checked to be a question set before it is kept."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from chatmem.errors import DownloadFailed, NotFound
from chatmem.evaluate.datasets import read_cases
from chatmem.evaluate.json_stream import DatasetError

_HUB = "https://huggingface.co/datasets/xiaowu0162/longmemeval-cleaned/resolve/main"
SOURCES = {
    "longmemeval-oracle": f"{_HUB}/longmemeval_oracle.json",
    "longmemeval-s": f"{_HUB}/longmemeval_s_cleaned.json",
    "longmemeval-m": f"{_HUB}/longmemeval_m_cleaned.json",
    "locomo": "https://raw.githubusercontent.com/snap-research/locomo/main/data/locomo10.json",
}
BLOCK = 1 << 20


def download(name: str, folder: Path, progress: Callable[[int, int], None], source: str | None = None) -> Path:
    """Fetch a set into a folder; ``progress`` is told bytes done and bytes in all. An interrupted one is gone on with.

    Raises NotFound for an unknown name, DownloadFailed, or DatasetError when what came is no question set.
    """
    url = source or SOURCES.get(name)
    if url is None:
        raise NotFound(f"There is no question set called {name}.", f"Known are: {', '.join(SOURCES)}.")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / url.rpartition("/")[2]
    if target.exists():
        return target
    part = target.with_name(target.name + ".part")
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            if answer.status != 206:
                done = 0
            size = done + int(answer.headers.get("Content-Length") or 0)
            with part.open("ab" if done else "wb") as file:
                while block := answer.read(BLOCK):
                    file.write(block)
                    done += len(block)
                    progress(done, size)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
        raise DownloadFailed(f"{name} could not be fetched: {getattr(error, 'reason', error)}.", "Try again: it goes on where it stopped.") from error
    if size and done < size:
        raise DownloadFailed(f"{name} was cut short: {done} of {size} bytes came.", "Try again: it goes on where it stopped.")
    try:
        next(read_cases(part))
    except DatasetError:
        part.unlink()
        raise
    part.replace(target)
    return target
