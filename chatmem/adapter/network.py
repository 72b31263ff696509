"""SmolLM2 (Llama) in torch with LoRA, on the weights of the very GGUF that the app runs.

Training on the dequantised weights fits the adapter to the quantised base, errors included. llama.cpp stores attn_q and
attn_k with the halves of each rotary pair interleaved; here their rows are in half order, as ``rotate`` expects.
q, k and v share one A matrix, gate and up another: fewer small products. LoRA: Hu et al. 2021, arXiv 2106.09685.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

LAYERS, WIDTH, HEADS, KV_HEADS, HEAD, FEED = 30, 576, 9, 3, 64, 1536
ROPE_BASE, EPSILON = 100_000.0, 1e-5
LONGEST = 8192
PIECES = 4
"""Of a sequence, in attention: more of them leave out more of what lies ahead, and begin more products."""
SHAPES = {"qkv": (WIDTH, (HEADS + 2 * KV_HEADS) * HEAD), "o": (WIDTH, WIDTH), "gate_up": (WIDTH, 2 * FEED), "down": (FEED, WIDTH)}
"""Inputs and outputs of the four products of a block."""


def half_order(rows: Tensor, heads: int) -> Tensor:
    """Rows of q or k from GGUF order (pairs adjacent) to half order."""
    return rows.view(heads, HEAD // 2, 2, -1).transpose(1, 2).reshape(rows.shape)


def gguf_order(rows: Tensor, heads: int) -> Tensor:
    """The inverse of ``half_order``."""
    return rows.view(heads, 2, HEAD // 2, -1).transpose(1, 2).reshape(rows.shape)


def rms_norm(x: Tensor, weight: Tensor) -> Tensor:
    """Root-mean-square norm over the last dimension."""
    return F.rms_norm(x, (WIDTH,), weight, EPSILON)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of x (rows, length, heads, HEAD); cos and sin are (rows, length, 1, HEAD / 2)."""
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Attention of q, k, v (rows, heads, length, HEAD) where ``mask`` allows, in pieces that leave out most of what lies ahead of them."""
    piece = -(-q.shape[2] // PIECES)
    parts = []
    for start in range(0, q.shape[2], piece):
        end = min(start + piece, q.shape[2])
        parts.append(F.scaled_dot_product_attention(q[:, :, start:end], k[:, :, :end], v[:, :, :end], attn_mask=mask[:, :, start:end, :end]))
    return torch.cat(parts, 2)


class Lora(nn.Module):
    """The two factors of one adapted product: a (rank, inputs), b (outputs, rank)."""

    def __init__(self, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(rank, inputs) / math.sqrt(inputs))
        self.b = nn.Parameter(torch.zeros(outputs, rank))


class Block(nn.Module):
    """One layer: frozen weights by name, and a LoRA beside each product."""

    def __init__(self, weights: dict[str, Tensor], rank: int, scale: float) -> None:
        super().__init__()
        self.weights, self.scale = weights, scale  # a plain dict: frozen, not parameters
        self.lora = nn.ModuleDict({name: Lora(inputs, outputs, rank) for name, (inputs, outputs) in SHAPES.items()})

    def product(self, name: str, x: Tensor) -> Tensor:
        """X times the adapted weight."""
        lora = self.lora[name]
        assert isinstance(lora, Lora)
        return x @ self.weights[name].t() + (x @ lora.a.to(x.dtype).t()) @ lora.b.to(x.dtype).t() * self.scale

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """X (rows, length, WIDTH) through attention and feed-forward; ``mask`` (rows, 1, length, length) is true where one may look."""
        rows, length, _ = x.shape
        qkv = self.product("qkv", rms_norm(x, self.weights["attn_norm"])).view(rows, length, -1, HEAD)
        qk = rotate(qkv[:, :, : HEADS + KV_HEADS], cos, sin)
        q, k, v = qk[:, :, :HEADS], qk[:, :, HEADS:], qkv[:, :, HEADS + KV_HEADS :]
        k, v = (part.repeat_interleave(HEADS // KV_HEADS, 2) for part in (k, v))
        seen = attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), mask)
        x = x + self.product("o", seen.transpose(1, 2).reshape(rows, length, WIDTH))
        gate, up = self.product("gate_up", rms_norm(x, self.weights["ffn_norm"])).chunk(2, -1)
        return x + self.product("down", F.silu(gate) * up)


class SmolLM2(nn.Module):
    """The base model with an adapter to train. ``rank`` and ``alpha`` as in LoRA; the update is scaled by alpha / rank."""

    def __init__(self, base: Path, rank: int, alpha: float, *, device: str = "cpu", dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        from gguf import GGUFReader, dequantize

        raw = {tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()) for tensor in GGUFReader(str(base)).tensors}

        def put(weight: Tensor) -> Tensor:
            return weight.to(device=device, dtype=dtype).contiguous()

        self.rank, self.alpha = rank, alpha
        self.embedding, self.norm = put(raw["token_embd.weight"]), put(raw["output_norm.weight"])
        self.blocks = nn.ModuleList()
        for i in range(LAYERS):
            part = {name.split(".")[2]: weight for name, weight in raw.items() if name.startswith(f"blk.{i}.")}
            weights = {
                "attn_norm": part["attn_norm"],
                "ffn_norm": part["ffn_norm"],
                "qkv": torch.cat([half_order(part["attn_q"], HEADS), half_order(part["attn_k"], KV_HEADS), part["attn_v"]]),
                "o": part["attn_output"],
                "gate_up": torch.cat([part["ffn_gate"], part["ffn_up"]]),
                "down": part["ffn_down"],
            }
            self.blocks.append(Block({name: put(weight) for name, weight in weights.items()}, rank, alpha / rank))
        angles = torch.arange(LONGEST).float()[:, None] * ROPE_BASE ** (-torch.arange(0, HEAD, 2).float() / HEAD)
        self.cos, self.sin = angles.cos().to(device), angles.sin().to(device)
        self.to(device)

    def forward(self, tokens: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Hidden states (rows, length, WIDTH). A token sees what stands before it in its own segment and in segment 0."""
        length = tokens.shape[1]
        allowed = (segments[:, :, None] == segments[:, None, :]) | (segments[:, None, :] == 0)
        mask = (allowed & torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril())[:, None]
        x = F.embedding(tokens, self.embedding)
        cos, sin = self.cos[positions][:, :, None], self.sin[positions][:, :, None]
        for block in self.blocks:
            x = block(x, cos, sin, mask)
        return rms_norm(x, self.norm)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of all tokens; the output matrix is the embedding."""
        return hidden @ self.embedding.t()

    def adapt(self, factors: Mapping[str, np.ndarray]) -> None:
        """Put an adapter's factors in place, named and ordered as ``adapted`` gives them, with ".lora_a" and ".lora_b" after each name."""

        def factor(i: int, matrix: str, part: str) -> Tensor:
            return torch.from_numpy(factors[f"blk.{i}.{matrix}.weight.lora_{part}"].astype(np.float32))

        for i, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            b = {matrix: factor(i, matrix, "b") for matrix in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")}
            pairs = {
                "qkv": (factor(i, "attn_q", "a"), torch.cat([half_order(b["attn_q"], HEADS), half_order(b["attn_k"], KV_HEADS), b["attn_v"]])),
                "o": (factor(i, "attn_output", "a"), b["attn_output"]),
                "gate_up": (factor(i, "ffn_gate", "a"), torch.cat([b["ffn_gate"], b["ffn_up"]])),
                "down": (factor(i, "ffn_down", "a"), b["ffn_down"]),
            }
            for name, (first, second) in pairs.items():
                lora = block.lora[name]
                assert isinstance(lora, Lora)
                lora.a.data.copy_(first)
                lora.b.data.copy_(second)

    def adapted(self) -> Iterator[tuple[str, Tensor, Tensor]]:
        """GGUF name, a and b of every adapted matrix, rows of q and k in GGUF order."""
        q, kv = HEADS * HEAD, KV_HEADS * HEAD
        for i, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            factors = {
                name: (lora.a.detach().float().cpu(), lora.b.detach().float().cpu()) for name, lora in block.lora.items() if isinstance(lora, Lora)
            }
            (a, b), (feed, both) = factors["qkv"], factors["gate_up"]
            b_q, b_k, b_v = b.split([q, kv, kv])
            gate, up = both.split([FEED, FEED])
            yield from (
                (f"blk.{i}.attn_q.weight", a, gguf_order(b_q, HEADS)),
                (f"blk.{i}.attn_k.weight", a, gguf_order(b_k, KV_HEADS)),
                (f"blk.{i}.attn_v.weight", a, b_v),
                (f"blk.{i}.attn_output.weight", *factors["o"]),
                (f"blk.{i}.ffn_gate.weight", feed, gate),
                (f"blk.{i}.ffn_up.weight", feed, up),
                (f"blk.{i}.ffn_down.weight", *factors["down"]),
            )
