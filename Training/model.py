"""A language model laid out as llama.cpp wants its architecture: `llama` (interleaved rotary pairs), or `qwen2` (rotary
pairs half a head apart, biases on queries, keys and values)."""
from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    width: int
    layers: int
    hidden: int
    vocabulary: int
    head: int = 32
    rope_base: float = 10000.0
    epsilon: float = 1e-5
    architecture: str = "llama"

    @property
    def heads(self) -> int:
        return self.width // self.head


class RMSNorm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotate(x, angles, interleaved: bool):
    """Rotary embedding of pairs, neighbours or half a head apart; x: [B, heads, T, head], angles: [B or 1, 1, T, head / 2]."""
    cos, sin = angles.cos(), angles.sin()
    if interleaved:
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), -1)


class Layer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.attention_norm = RMSNorm(shape.width, shape.epsilon)
        biased = shape.architecture == "qwen2"
        self.q = nn.Linear(shape.width, shape.width, bias=biased)
        self.k = nn.Linear(shape.width, shape.width, bias=biased)
        self.v = nn.Linear(shape.width, shape.width, bias=biased)
        self.o = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = RMSNorm(shape.width, shape.epsilon)
        self.gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x, angles, cache=None, start=0):
        batch, length, width = x.shape
        split = lambda y: y.view(batch, length, self.shape.heads, self.shape.head).transpose(1, 2)
        h = self.attention_norm(x)
        interleaved = self.shape.architecture == "llama"
        q, k = rotate(split(self.q(h)), angles, interleaved), rotate(split(self.k(h)), angles, interleaved)
        v = split(self.v(h))
        if cache is None:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            keys, values = cache
            keys[:, :, start:start + length], values[:, :, start:start + length] = k, v
            mask = torch.ones(length, start + length, dtype=torch.bool, device=x.device).tril(start)
            y = F.scaled_dot_product_attention(
                q, keys[:, :, :start + length], values[:, :, :start + length], attn_mask=mask)
        x = x + self.o(y.transpose(1, 2).reshape(batch, length, width))
        h = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class LanguageModel(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.epsilon)
        self.output = nn.Linear(shape.width, shape.vocabulary, bias=False)
        frequencies = shape.rope_base ** (-torch.arange(0, shape.head, 2).float() / shape.head)
        self.register_buffer("frequencies", frequencies, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.4 * p.shape[1] ** -0.5 if "embedding" not in name else 0.5)
            if name.endswith(("o.weight", "down.weight", ".bias")) or name == "output.weight":
                nn.init.zeros_(p)

    def forward(self, ids, cache=None, start=0):
        """ids: [B, T]; gives logits [B, T, V]."""
        positions = torch.arange(start, start + ids.shape[1], device=ids.device).float()
        angles = (positions[:, None] * self.frequencies)[None, None]
        x = self.embedding(ids)
        for index, layer in enumerate(self.layers):
            x = layer(x, angles, None if cache is None else cache[index], start)
        return self.output(self.norm(x))

    def new_cache(self, batch: int, length: int):
        size = (batch, self.shape.heads, length, self.shape.head)
        device = self.embedding.weight.device
        return [(torch.zeros(size, device=device), torch.zeros(size, device=device)) for _ in self.layers]

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())


def grow(small: LanguageModel, shape: Shape) -> LanguageModel:
    """A larger model of the same function (Net2Net: Chen, Goodfellow, Shlens 2016).

    New residual dimensions start at zero, new heads, hidden units and layers with zero output projections, so nothing
    changes until training uses them; norms, and their epsilon, are scaled for the mean over more dimensions.
    """
    assert shape.vocabulary == small.shape.vocabulary and shape.head == small.shape.head
    assert shape.architecture == small.shape.architecture
    narrow = small.shape.width
    large = LanguageModel(replace(shape, epsilon=small.shape.epsilon * narrow / shape.width))
    scale = (narrow / shape.width) ** 0.5
    places = [round(i * shape.layers / small.shape.layers) for i in range(small.shape.layers)]

    def put(big: torch.Tensor, little: torch.Tensor):
        big[: little.shape[0], : little.shape[1]] = little

    with torch.no_grad():
        large.embedding.weight.zero_()
        put(large.embedding.weight, small.embedding.weight)
        put(large.output.weight, small.output.weight)
        large.norm.weight.fill_(scale)
        large.norm.weight[:narrow] = small.norm.weight * scale
        for layer in large.layers:
            layer.attention_norm.weight.fill_(scale)
            layer.ffn_norm.weight.fill_(scale)
        for place, source in zip(places, small.layers):
            layer = large.layers[place]
            for name in ("q", "k", "v", "o", "gate", "up", "down"):
                put(getattr(layer, name).weight, getattr(source, name).weight)
                if getattr(source, name).bias is not None:
                    getattr(layer, name).bias[:narrow] = getattr(source, name).bias
            layer.attention_norm.weight[:narrow] = source.attention_norm.weight * scale
            layer.ffn_norm.weight[:narrow] = source.ffn_norm.weight * scale
        ids = torch.randint(shape.vocabulary, (2, 64))
        difference = (large(ids) - small(ids)).abs().max().item()
        assert difference < 1e-2, f"growing changed the function by {difference}"
    return large


def save(path, model: LanguageModel, **extra):
    torch.save({"shape": asdict(model.shape), "state": model.state_dict(), **extra}, path)


def load(path) -> tuple[LanguageModel, dict]:
    stored = torch.load(path, map_location="cpu", weights_only=True)
    model = LanguageModel(Shape(**stored["shape"]))
    model.load_state_dict(stored["state"])
    return model, stored
