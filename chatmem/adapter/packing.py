"""Examples as token arrays, and batches of them: what training reads.

A tree is laid out flat, prefix first. Segment 0 is the prefix, 1, 2, ... its branches; a token sees the prefix and its
own segment, and a branch's positions begin where the prefix ends, so each branch is a conversation of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chatmem.adapter.tasks import Tree

LIMIT = 1024
"""Tokens of one tree; branches beyond are left out."""
MULTIPLE = 32
"""Lengths are padded to it, so that few shapes occur."""
PAD_SEGMENT = 255
Tokenize = Callable[[str], list[int]]


@dataclass(frozen=True)
class Packed:
    """All trees in a row: tokens (n,) uint16, segments (n,) uint8, ``wanted`` (n,) bool: tokens to learn; ``ends`` of trees (m,) int64."""

    tokens: np.ndarray
    segments: np.ndarray
    wanted: np.ndarray
    ends: np.ndarray

    def save(self, path: Path) -> None:
        """Write as a compressed .npz."""
        np.savez_compressed(path, tokens=self.tokens, segments=self.segments, wanted=self.wanted, ends=self.ends)

    @classmethod
    def read(cls, path: Path) -> Packed:
        """The arrays that ``save`` wrote."""
        with np.load(path) as data:
            return cls(data["tokens"], data["segments"], data["wanted"], data["ends"])


@dataclass(frozen=True)
class Batch:
    """Trees of similar length, padded: tokens, positions and segments (rows, length), and targets (rows, length), -100 where nothing is learnt."""

    tokens: np.ndarray
    positions: np.ndarray
    segments: np.ndarray
    targets: np.ndarray


def lay_out(tree: Tree, tokenize: Tokenize, limit: int = LIMIT) -> tuple[list[int], list[int], list[bool]]:
    """A tree's tokens, segments, and which of them are to be learnt. The newline after a reply's end is never generated, nor learnt."""
    tokens = tokenize(tree.prefix)
    segments, wanted = [0] * len(tokens), [False] * len(tokens)
    for number, branch in enumerate(tree.branches, 1):
        context, reply = tokenize(branch.context) if branch.context else [], tokenize(branch.reply.rstrip("\n"))
        if len(tokens) + len(context) + len(reply) > limit:
            break
        tokens += context + reply
        segments += [number] * (len(context) + len(reply))
        wanted += [False] * len(context) + [True] * len(reply)
    return tokens, segments, wanted


def pack(trees: Iterable[Tree], tokenize: Tokenize, total: int, progress: Callable[[int], None] = lambda _: None) -> Packed:
    """Lay out trees until there are ``total`` tokens."""
    tokens: list[int] = []
    segments: list[int] = []
    wanted: list[bool] = []
    ends: list[int] = []
    for tree in trees:
        if len(tokens) >= total:
            break
        one = lay_out(tree, tokenize)
        if not any(one[2]):
            continue
        tokens += one[0]
        segments += one[1]
        wanted += one[2]
        ends.append(len(tokens))
        if len(ends) % 500 == 0:
            progress(len(tokens))
    return Packed(np.array(tokens, np.uint16), np.array(segments, np.uint8), np.array(wanted, bool), np.array(ends, np.int64))


def batches(packed: Packed, seed: int, budget: int) -> Iterator[Batch]:
    """Endless batches of at most ``budget`` padded tokens, in a new order each time round; neighbours in length go together."""
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], packed.ends[:-1]])
    lengths = packed.ends - starts
    while True:
        order = rng.permutation(len(lengths))
        for window in np.array_split(order, max(1, len(order) // 512)):
            groups: list[list[int]] = [[]]
            for i in window[np.argsort(lengths[window], kind="stable")]:
                if groups[-1] and (len(groups[-1]) + 1) * _padded(int(lengths[i])) > budget:
                    groups.append([])
                groups[-1].append(int(i))
            for number in rng.permutation(len(groups)):
                yield _collate(packed, starts, groups[number])


def _padded(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE


def _collate(packed: Packed, starts: np.ndarray, rows: list[int]) -> Batch:
    length = _padded(max(int(packed.ends[i] - starts[i]) for i in rows))
    shape = (len(rows), length)
    tokens, positions = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    segments, targets = np.full(shape, PAD_SEGMENT, np.int64), np.full(shape, -100, np.int64)
    for row, i in enumerate(rows):
        part = slice(int(starts[i]), int(packed.ends[i]))
        size = part.stop - part.start
        tokens[row, :size], segments[row, :size] = packed.tokens[part], packed.segments[part]
        positions[row, :size] = tree_positions(packed.segments[part])
        # Each wanted token is the target of the one before it: within a branch, or the prefix's last for a branch without context.
        targets[row, : size - 1] = np.where(packed.wanted[part][1:], tokens[row, 1:size], -100)
    return Batch(tokens, positions, segments, targets)


def tree_positions(segments: np.ndarray) -> np.ndarray:
    """Positions (n,) of a flat tree: the prefix counts up, each branch goes on from the prefix's end."""
    prefix = int((segments == 0).sum())
    places = np.arange(len(segments))
    first = np.searchsorted(segments, segments)
    return np.where(segments == 0, places, prefix + places - first)
