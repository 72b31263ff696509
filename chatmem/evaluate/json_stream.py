"""Read huge JSON files one element at a time: an array of objects, objects one after the other, or a single object.

Plain, gzip or xz, told apart by their first bytes. Never holds more than one element and one block.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from chatmem.errors import ChatmemError

BLOCK = 1 << 20
LARGEST_ELEMENT = 1 << 29  # characters; the largest official question has 4 million
SUFFIXES = (".json", ".jsonl", ".json.gz", ".json.xz", ".jsonl.gz", ".jsonl.xz")
_SPACE = " \t\r\n"
_RETRY = "Get the file again, or unpack it by hand to see where it ends."


class DatasetError(ChatmemError):
    """A question set cannot be read: missing, cut short, not JSON, or not of a known layout."""


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The unpacked bytes of a file. Raises DatasetError when it is missing or its packing is damaged."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(6)
            raw.seek(0)
            if magic.startswith(b"\x1f\x8b"):
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield unpacked  # type: ignore[misc]  # a GzipFile reads bytes like any other file
            elif magic == b"\xfd7zXZ\x00":
                with lzma.LZMAFile(raw) as unpacked_xz:
                    yield unpacked_xz
            else:
                yield raw
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.", "Check the name, or fetch an official set with: chatmem eval download") from error
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(f"{path.name} is cut short or damaged: {error}.", _RETRY) from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.", "Check who owns it.") from error


def files_of(path: Path) -> list[Path]:
    """The file itself, or the JSON files of a folder in name order. Raises DatasetError when there is none."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.name.endswith(SUFFIXES))
    if not found:
        raise DatasetError(f"There is no JSON file in {path}.", "Name a file, or a folder of .json files (also .gz or .xz).")
    return found


def fingerprint(path: Path, key: bytes = b'"question"') -> tuple[str, int]:
    """sha256 of the unpacked content, and how often ``key`` occurs: the number of questions, for a progress bar."""
    digest = hashlib.sha256()
    count = 0
    for file in files_of(path):
        tail = b""
        with open_bytes(file) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
                joined = tail + block
                count += joined.count(key)
                tail = joined[-len(key) + 1 :]  # too short to hold a whole key, so none is counted twice
    return digest.hexdigest(), count


def read_elements(path: Path) -> Iterator[Any]:
    """The elements of a file or of every file of a folder, one at a time. Raises DatasetError that says where it broke."""
    for file in files_of(path):
        with open_bytes(file) as stream:
            try:
                yield from decode(io.TextIOWrapper(stream, "utf-8-sig"), file.name)
            except UnicodeDecodeError as error:
                raise DatasetError(f"{file.name} is not UTF-8 text: {error.reason}.", _RETRY) from error


def decode(stream: IO[str], name: str) -> Iterator[Any]:
    """Elements of a JSON text, decoded as they arrive. ``name`` is used in errors."""
    decoder = json.JSONDecoder()
    buffer, position, ended, number = "", 0, False, 0
    array: bool | None = None
    wanted = BLOCK

    def fill() -> None:
        nonlocal buffer, position, ended
        block = stream.read(wanted)
        ended = not block
        buffer, position = buffer[position:] + block, 0

    while True:
        while position < len(buffer) and (buffer[position] in _SPACE or (array and number and buffer[position] == ",")):
            position += 1
        if position >= len(buffer):
            if ended:
                break
            fill()
            continue
        if array is None:
            array = buffer[position] == "["
            if array:
                position += 1
                continue
        if array and buffer[position] == "]":
            return
        try:
            value, end = decoder.raw_decode(buffer, position)
        except json.JSONDecodeError as error:
            unfinished = error.msg.startswith("Unterminated string") or error.pos >= len(buffer) - 8
            if not unfinished or len(buffer) > LARGEST_ELEMENT:
                raise DatasetError(f"{name} is not valid JSON: element {number + 1}: {error.msg}.", _RETRY) from error
            if ended:
                raise DatasetError(f"{name} is cut short: it ends inside element {number + 1}.", _RETRY) from error
            # Doubling keeps the repeated attempts at twice the cost of one.
            wanted = max(BLOCK, len(buffer))
            fill()
            continue
        if end == len(buffer) and not ended and not isinstance(value, dict | list | str):
            fill()  # a bare number may go on in the next block
            continue
        number += 1
        position = end
        wanted = BLOCK
        yield value
    if array or number == 0:
        raise DatasetError(f"{name} is cut short: it ends after {number} elements." if number else f"{name} is empty.", _RETRY)
