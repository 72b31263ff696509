"""A trained adapter as GGUF, and the proof that llama.cpp gives the trainer's words with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatmem.adapter.network import SmolLM2

END_OF_TURN = 2
"""Token of <|im_end|>."""


def load(base: Path, checkpoint: Path) -> SmolLM2:
    """The trained network in float32 on the CPU."""
    state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = SmolLM2(base, state["recipe"]["rank"], state["recipe"]["alpha"], dtype=torch.float32)
    model.load_state_dict(state["model"])
    return model


def write(model: SmolLM2, path: Path) -> str:
    """Write the adapter in F16 as llama.cpp loads it; returns the sha256 of the file."""
    from gguf import GGUFWriter

    writer = GGUFWriter(str(path), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(model.alpha))
    writer.add_string("general.name", "chatmem memory adapter for SmolLM2-135M-Instruct Q4_1")
    writer.add_string("general.license", "apache-2.0")
    writer.add_file_type(1)  # mostly F16
    for name, a, b in model.adapted():
        writer.add_tensor(name + ".lora_a", a.numpy().astype(np.float16))
        writer.add_tensor(name + ".lora_b", b.numpy().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return hashlib.sha256(path.read_bytes()).hexdigest()


@torch.no_grad()
def greedy(model: SmolLM2, tokens: Sequence[int], most: int) -> list[int]:
    """The likeliest continuation of at most ``most`` tokens, without the end of the turn."""
    said = list(tokens)
    for _ in range(most):
        row = torch.tensor([said])
        hidden = model(row, torch.arange(len(said))[None], torch.zeros_like(row))
        token = int(model.logits(hidden[0, -1]).argmax())
        if token == END_OF_TURN:
            break
        said.append(token)
    return said[len(tokens) :]
