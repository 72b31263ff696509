"""Training of the adapter: packed examples in, a checkpoint out, which ``export`` turns into GGUF.

The loss is on replies only. The learning rate warms up, then falls linearly to a twentieth. A checkpoint is written every
minute and at the end; a run that finds one goes on from it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from gguf import GGUFReader

from chatmem.adapter.network import SmolLM2
from chatmem.adapter.packing import PAD_SEGMENT, Packed, batches

WARM_UP = 40
"""Steps until the full learning rate."""
LEAST = 0.05
"""Share of the learning rate at the end."""
SAVE_EVERY = 60.0


@dataclass(frozen=True)
class Recipe:
    """What makes a run: LoRA rank and alpha, learning rate, tokens in all and per step, and the seed."""

    rank: int = 32
    alpha: float = 64.0
    rate: float = 1e-3
    tokens: int = 24_000_000
    step_tokens: int = 16_384
    seed: int = 11


def train(packed: Packed, base: Path, out: Path, recipe: Recipe, report: Callable[[str], None] = print, *, start: Path | None = None) -> Path:
    """Train in bfloat16, on the GPU where there is one; returns the checkpoint's path. ``start`` is an adapter (GGUF) to go on from."""
    torch.manual_seed(recipe.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = SmolLM2(base, recipe.rank, recipe.alpha, device=device)
    if start is not None:
        model.adapt({tensor.name: tensor.data for tensor in GGUFReader(str(start)).tensors})
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.01)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    seen, step = _resume(checkpoint, model, optimizer, recipe)
    begun = saved = time.monotonic()
    already, losses = seen, torch.zeros(2, device=device)
    for number, batch in enumerate(batches(packed, recipe.seed, recipe.step_tokens)):
        if seen >= recipe.tokens:
            break
        if number < step:
            continue
        rate = recipe.rate * min(1.0, (step + 1) / WARM_UP) * (1 - (1 - LEAST) * seen / recipe.tokens)
        for group in optimizer.param_groups:
            group["lr"] = rate
        tokens, positions, segments, targets = (
            torch.from_numpy(part).to(device) for part in (batch.tokens, batch.positions, batch.segments, batch.targets)
        )
        hidden = model(tokens, positions, segments)
        learnt = targets >= 0
        loss = F.cross_entropy(model.logits(hidden[learnt]).float(), targets[learnt])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += int((batch.segments != PAD_SEGMENT).sum())
        step += 1
        losses += torch.stack([loss.detach(), torch.ones((), device=device)])
        if step % 50 == 0:
            speed = (seen - already) / (time.monotonic() - begun)
            report(f"step {step}  {seen / 1e6:.2f} of {recipe.tokens / 1e6:.1f} M tokens  loss {losses[0] / losses[1]:.4f}  {speed:.0f} tokens/s")
            losses.zero_()
        if time.monotonic() - saved > SAVE_EVERY:
            _save(checkpoint, model, optimizer, recipe, seen, step)
            saved = time.monotonic()
    _save(checkpoint, model, optimizer, recipe, seen, step)
    return checkpoint


def _save(path: Path, model: SmolLM2, optimizer: torch.optim.Optimizer, recipe: Recipe, seen: int, step: int) -> None:
    part = path.with_suffix(".part")
    torch.save({"recipe": asdict(recipe), "seen": seen, "step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, part)
    part.replace(path)


def _resume(path: Path, model: SmolLM2, optimizer: torch.optim.Optimizer, recipe: Recipe) -> tuple[int, int]:
    """Tokens and steps already done by a checkpoint of the same recipe; nothing for none."""
    if not path.exists():
        return 0, 0
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if state["recipe"] != asdict(recipe):
        raise ValueError(f"{path} is of another recipe: {json.dumps(state['recipe'])}")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["seen"]), int(state["step"])
