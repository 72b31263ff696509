"""Part of the way from one adapter to another: a training learns something new and forgets something old."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
from gguf import GGUFReader


def blend(old: Path, new: Path, share: float, path: Path) -> str:
    """Write what lies ``share`` of the way from one adapter to another that was trained on from it, factor by factor; returns the sha256."""
    shutil.copy(new, path)
    before = {tensor.name: tensor.data.astype(np.float32) for tensor in GGUFReader(str(old)).tensors}
    reader = GGUFReader(str(path), "r+")
    for tensor in reader.tensors:
        tensor.data[:] = share * tensor.data.astype(np.float32) + (1 - share) * before[tensor.name]
    reader.data.flush()
    return hashlib.sha256(path.read_bytes()).hexdigest()
