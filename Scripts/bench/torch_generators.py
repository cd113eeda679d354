#!/usr/bin/env python3
"""Drawing with the autoregressive generators in PyTorch on the CPU: what `flowtok bench generate` is held against.

    python3 -m venv venv && venv/bin/pip install torch        # the CPU's wheel serves
    venv/bin/python Scripts/bench/torch_generators.py --size GPT-B RAR-B --threads 2 > torch.jsonl
    flowtok bench generate --family llamagen --family rar --precision bf16 --against torch.jsonl

Networks of the published sizes with random weights; only shapes matter. Every sequence keeps keys and values in one tensor
that is made once, weights are fused where the products have the same input, one image is drawn with guidance, which makes a
batch of two, and a step ends with the code that was drawn. What of RAR's modulation depends on the place alone is computed
for many places at once, as flowtok does. Prints a line of JSON to each size and engine: seconds are the mean of a step over
a whole image after a first one. Engines: eager is PyTorch as it stands; compile is torch.compile with frozen weights, which
lays them out for the CPU's products once, and needs a C++ compiler. Quote the faster one.
"""
import argparse
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

GPT = {"GPT-B": (768, 12, 12), "GPT-L": (1024, 24, 16), "GPT-XL": (1280, 36, 20), "GPT-XXL": (1536, 48, 24)}
RAR = {"RAR-B": (768, 24, 3072), "RAR-L": (1024, 24, 4096), "RAR-XL": (1280, 32, 5120), "RAR-XXL": (1408, 40, 6144)}
BRIDGE = {"TokenBridge-L": (1024, 16, 16, 1024, 4), "TokenBridge-H": (1280, 20, 16, 1024, 6)}
LENGTH = 256


class CachedAttention(nn.Module):
    """Attention of one new token of every sequence to those before it."""

    def __init__(self, width, heads, rows, capacity, bias, dtype, norm=False):
        super().__init__()
        self.heads, self.channels = heads, width // heads
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=bias), nn.Linear(width, width, bias=bias)
        self.norms = nn.ModuleList(nn.LayerNorm(self.channels, eps=1e-6) for _ in range(2 if norm else 0))
        self.keys = torch.zeros(rows, heads, capacity, self.channels, dtype=dtype)
        self.values = torch.zeros_like(self.keys)

    def forward(self, x, place, mask):
        rows, width = x.shape
        q, k, v = self.qkv(x).view(rows, 3, self.heads, 1, self.channels).unbind(1)
        if len(self.norms):
            q, k = self.norms[0](q), self.norms[1](k)
        if mask is None:  # as much of the cache as there is
            at = int(place)
            self.keys[:, :, at:at + 1] = k
            self.values[:, :, at:at + 1] = v
            y = F.scaled_dot_product_attention(q, self.keys[:, :, :at + 1], self.values[:, :, :at + 1])
        else:  # shapes that never change, which a compiler needs
            self.keys.index_copy_(2, place, k)
            self.values.index_copy_(2, place, v)
            y = F.scaled_dot_product_attention(q, self.keys, self.values, attn_mask=mask)
        return self.out(y.reshape(rows, width))


class GPTLayer(nn.Module):
    def __init__(self, width, heads, rows, dtype):
        super().__init__()
        hidden = (8 * width // 3 + 255) // 256 * 256
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.attention = CachedAttention(width, heads, rows, LENGTH + 8, False, dtype)
        self.gate_and_value = nn.Linear(width, 2 * hidden, bias=False)
        self.out = nn.Linear(hidden, width, bias=False)

    def forward(self, x, place, mask):
        x = x + self.attention(self.norm1(x), place, mask)
        gate, value = self.gate_and_value(self.norm2(x)).chunk(2, -1)
        return x + self.out(F.silu(gate) * value)


class GPTGenerator(nn.Module):
    """LlamaGen, as GigaTok is published with."""

    guidance, codes = 2.0, 16384

    def __init__(self, width, layers, heads, rows, dtype):
        super().__init__()
        self.classes, self.embedding = nn.Embedding(1001, width), nn.Embedding(self.codes, width)
        self.positions = nn.Parameter(0.02 * torch.randn(LENGTH + 1, width))
        self.layers = nn.ModuleList(GPTLayer(width, heads, rows, dtype) for _ in range(layers))
        self.norm, self.head = nn.RMSNorm(width, eps=1e-5), nn.Linear(width, self.codes, bias=False)

    def first(self):
        return self.classes(torch.tensor([0, 1000]))

    def prepare(self, index):
        return ()

    def forward(self, x, place, mask):
        x = x + self.positions[place]
        for layer in self.layers:
            x = layer(x, place, mask)
        return self.head(self.norm(x))


class ModulatedBlock(nn.Module):
    """RAR's block, and that of TokenBridge's channels; the modulation is given."""

    def __init__(self, width, heads, hidden, rows, capacity, dtype):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attention = CachedAttention(width, heads, rows, capacity, True, dtype, norm=True)
        self.first, self.second = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x, modulation, place, mask):
        s1, g1, a1, s2, g2, a2 = modulation.chunk(6, -1)
        x = x + a1 * self.attention(self.norm1(x) * (1 + g1) + s1, place, mask)
        return x + a2 * self.second(F.gelu(self.first(self.norm2(x) * (1 + g2) + s2)))


class RARGenerator(nn.Module):
    guidance, codes, ahead = 16.0, 1024, 32

    def __init__(self, width, layers, hidden, rows, dtype):
        super().__init__()
        self.embedding = nn.Embedding(self.codes + 1 + 1000 + 1, width)
        self.positions = nn.Parameter(0.02 * torch.randn(LENGTH + 1024, width))
        self.targets = nn.Parameter(0.02 * torch.randn(LENGTH + 1024, width))
        self.steps = nn.Parameter(0.02 * torch.randn(LENGTH + 100, width))
        self.blocks = nn.ModuleList(
            ModulatedBlock(width, 16, hidden, rows, LENGTH + 8, dtype) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.last_modulation = nn.Linear(width, 2 * width)
        self.head = nn.Linear(width, self.codes)

    def first(self):
        return self.embedding(torch.tensor([self.codes + 1, self.codes + 1001]))

    def prepare(self, index):
        """The modulation of a slot: of every block, and of the norm at the end."""
        if index % self.ahead == 0:
            slots = self.steps[index + 1:index + 1 + self.ahead]
            condition = F.silu(slots.unsqueeze(1) + self.first())
            self.made = [block.modulation(condition) for block in self.blocks] + [self.last_modulation(condition)]
        return tuple(part[index % self.ahead] for part in self.made)

    def forward(self, x, place, mask, *modulations):
        x = x + self.positions[place + 1] + self.targets[place + 2]
        for block, modulation in zip(self.blocks, modulations):
            x = block(x, modulation, place, mask)
        scale, shift = modulations[-1].chunk(2, -1)
        return self.head(self.norm(x) * (1 + scale) + shift)


class Block(nn.Module):
    """A block of a vision transformer."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.first, self.second = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))
        return x + self.second(F.gelu(self.first(self.norm2(x))))


class BridgeGenerator(nn.Module):
    """TokenBridge: a step passes over encoder and decoder, and then draws the sixteen channels of one token."""

    guidance, buffer, channels, levels = 3.1, 64, 16, 64

    def __init__(self, width, layers, heads, head_width, head_layers, dtype):
        super().__init__()
        self.input, self.mask = nn.Linear(self.channels, width), nn.Parameter(torch.randn(width))
        self.encoder = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.between = nn.Linear(width, width)
        self.decoder = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.condition = nn.Linear(width, head_width)
        self.embeddings = nn.ModuleList(nn.Embedding(self.levels, head_width) for _ in range(self.channels - 1))
        self.steps = nn.Parameter(0.02 * torch.randn(self.channels, head_width))
        self.blocks = nn.ModuleList(
            ModulatedBlock(head_width, 8, 4 * head_width, 1, self.channels, dtype) for _ in range(head_layers))
        self.norm = nn.LayerNorm(head_width, eps=1e-6)
        self.last_modulation = nn.Linear(head_width, 2 * head_width)
        self.outputs = nn.ModuleList(nn.Linear(head_width, self.levels) for _ in range(self.channels))

    def features(self, tokens):
        """What the decoder says of a token after `tokens` others of two sequences."""
        x = self.input(torch.zeros(2, self.buffer + tokens, self.channels, dtype=self.mask.dtype))
        for block in self.encoder:
            x = block(x)
        x = self.between(self.norms[0](x))
        x = torch.cat([x, self.mask.expand(2, LENGTH - tokens, -1)], 1)
        for block in self.decoder:
            x = block(x)
        x = self.norms[1](x)[:, -1]
        return x[1:] + (x[:1] - x[1:]) * self.guidance

    def channel(self, x, place, mask, *modulations):
        for block, modulation in zip(self.blocks, modulations):
            x = block(x, modulation, place, mask)
        scale, shift = modulations[-1].chunk(2, -1)
        return self.norm(x) * (1 + scale) + shift


def draw(logits, temperature=1.0):
    return torch.multinomial((logits.float() / temperature).softmax(-1), 1)[:, 0]


def draw_image(network, step, static, tokens):
    """So many tokens of an image of a generator that reads one at a time; returns the seconds of one after the first."""
    x = network.first()
    for index in range(tokens):
        if index == 1:
            start = time.perf_counter()
        place = torch.tensor([index])
        mask = (torch.arange(LENGTH + 8) <= index).view(1, 1, 1, -1) if static else None
        logits = step(x, place, mask, *network.prepare(index))
        code = draw(logits[1:] + (logits[:1] - logits[1:]) * network.guidance)
        x = network.embedding(torch.cat([code, code]))
    return (time.perf_counter() - start) / (tokens - 1)


def draw_tokens(network, features, channel, static, counts):
    """Tokens of TokenBridge after as many others as `counts` say; returns the seconds of them."""
    start = time.perf_counter()
    for tokens in counts:
        condition = network.condition(features(tokens))
        activated = F.silu(condition + network.steps)
        made = [block.modulation(activated) for block in network.blocks] + [network.last_modulation(activated)]
        x = condition
        for index in range(network.channels):
            mask = (torch.arange(network.channels) <= index).view(1, 1, 1, -1) if static else None
            y = channel(x, torch.tensor([index]), mask, *(part[index:index + 1] for part in made))
            code = draw(network.outputs[index](y))
            if index + 1 < network.channels:
                x = network.embeddings[index](code)
    return time.perf_counter() - start


def measure(size, engine, dtype, repeats, tokens):
    static = engine == "compile"
    if static:
        import torch._inductor.config as inductor
        inductor.freezing = True

    def prepared(function):
        return torch.compile(function) if static else function

    if size in BRIDGE:
        network = BridgeGenerator(*BRIDGE[size], dtype).to(dtype).eval()
        # Tokens that are there halfway through eight equal parts of the cosine schedule.
        counts = [int(LENGTH * (1 - math.cos(math.pi / 2 * (part + 0.5) / 8))) for part in range(8)]
        features, channel = prepared(network.features), prepared(network.channel)
        seconds = [draw_tokens(network, features, channel, static, counts) / len(counts) for _ in range(repeats + 1)]
    else:
        kind, shape = (GPTGenerator, GPT[size]) if size in GPT else (RARGenerator, RAR[size])
        network = kind(*shape, 2, dtype).to(dtype).eval()
        step = prepared(network)
        seconds = [draw_image(network, step, static, tokens) for _ in range(repeats + 1)]
    return sorted(seconds[1:])[repeats // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", choices=[*GPT, *RAR, *BRIDGE], default=["GPT-B", "RAR-B", "TokenBridge-L"])
    parser.add_argument("--engine", nargs="+", choices=("eager", "compile"), default=["eager", "compile"])
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeat", type=int, default=1, help="images that count, after one that does not")
    parser.add_argument("--tokens", type=int, default=LENGTH, help="how many of an image's tokens to draw, 2 to 256")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    dtype = torch.bfloat16 if arguments.dtype == "bf16" else torch.float32
    for size in arguments.size:
        for engine in arguments.engine:
            with torch.inference_mode():
                try:
                    seconds = measure(size, engine, dtype, arguments.repeat, min(max(arguments.tokens, 2), LENGTH))
                except Exception as error:  # an engine that does not run leaves the others
                    print(f"{size}, {engine}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
                    continue
            print(json.dumps({
                "peer": f"torch {torch.__version__.split('+')[0]} {engine}", "what": "generate", "size": size,
                "dtype": arguments.dtype, "threads": arguments.threads, "seconds": round(seconds, 6),
                "tokens_per_second": round(1 / seconds, 2)}), flush=True)


if __name__ == "__main__":
    main()
