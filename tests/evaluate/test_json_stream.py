"""Streaming: any JSON, cut anywhere, comes out as json.loads would have it; damage is named."""

from __future__ import annotations

import gzip
import io
import json
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmem.evaluate import json_stream
from chatmem.evaluate.json_stream import DatasetError, decode, fingerprint, read_elements

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Dripping(io.StringIO):
    """A file that gives a few characters at a time."""

    def __init__(self, text: str, size: int) -> None:
        super().__init__(text)
        self.size = size

    def read(self, size: int | None = -1, /) -> str:  # noqa: ARG002
        return super().read(self.size)


@pytest.mark.slow
@given(st.lists(values, min_size=1, max_size=6), st.integers(1, 40), st.sampled_from([None, 2]))
def test_an_array_comes_out_whole_wherever_it_is_cut(elements: list[object], size: int, indent: int | None) -> None:
    text = json.dumps(elements, indent=indent, ensure_ascii=False)
    assert list(decode(Dripping(text, size), "x")) == elements


@given(st.lists(st.dictionaries(st.text(max_size=5), values, max_size=3), min_size=1, max_size=5), st.integers(1, 40))
def test_objects_on_lines_and_a_single_object_come_out_too(elements: list[object], size: int) -> None:
    text = "\n".join(json.dumps(element) for element in elements)
    assert list(decode(Dripping(text, size), "x")) == elements


@given(st.lists(st.dictionaries(st.text(max_size=5), values, max_size=3), min_size=1, max_size=4), st.data())
def test_a_file_cut_short_is_never_taken_for_whole(elements: list[object], data: st.DataObject) -> None:
    text = json.dumps(elements)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(DatasetError, match=r"cut short|empty|not valid"):
        list(decode(io.StringIO(text[:cut]), "set.json"))


def test_bad_json_is_named_with_its_element(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text('[{"a": 1}, {"a" 2}, ' + '{"a": 3},' * 50 + '{"a": 4}]')
    with pytest.raises(DatasetError, match=r"set\.json is not valid JSON: element 2"):
        list(read_elements(path))


def test_packed_files_read_the_same_and_have_one_fingerprint(tmp_path: Path) -> None:
    elements = [{"question": f"q{i}", "text": "é" * 400} for i in range(300)]
    text = json.dumps(elements, ensure_ascii=False).encode()
    files = {"a.json": text, "b.json.gz": gzip.compress(text), "c.json.xz": lzma.compress(text), "d.json": b"\xef\xbb\xbf" + text}
    prints = set()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert list(read_elements(tmp_path / name)) == elements
        if name != "d.json":
            prints.add(fingerprint(tmp_path / name))
    assert len(prints) == 1
    assert prints.pop()[1] == 300


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_packing_cut_short_is_named(tmp_path: Path, pack: object) -> None:
    whole = pack(json.dumps([{"x": i} for i in range(9999)]).encode())  # type: ignore[operator]
    (tmp_path / "set.json.z").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=r"set\.json\.z is cut short or damaged"):
        list(read_elements(tmp_path / "set.json.z"))


def test_missing_empty_and_not_text(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no file"):
        list(read_elements(tmp_path / "absent.json"))
    with pytest.raises(DatasetError, match="no JSON file"):
        list(read_elements(tmp_path))
    (tmp_path / "a.json").write_bytes(b"")
    with pytest.raises(DatasetError, match="empty"):
        list(read_elements(tmp_path / "a.json"))
    (tmp_path / "a.json").write_bytes(b'[{"a": "\xff\xfe"}]')
    with pytest.raises(DatasetError, match="not UTF-8"):
        list(read_elements(tmp_path / "a.json"))


def test_no_more_is_read_than_the_elements_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "BLOCK", 1000)
    stream = io.StringIO("[" + ",".join(json.dumps({"n": i, "x": "y" * 100}) for i in range(1000)) + "]")
    elements = decode(stream, "x")
    assert [next(elements)["n"] for _ in range(20)] == list(range(20))
    assert stream.tell() <= 20 * 120 + 2000


def test_a_key_is_counted_once_when_it_spans_two_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"question": i} for i in range(50)]))
    counts = set()
    for block in (7, 13, 14, 15, 29, 64, 4096):
        monkeypatch.setattr(json_stream, "BLOCK", block)
        counts.add(fingerprint(path)[1])
    assert counts == {50}
