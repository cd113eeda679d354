#!/usr/bin/env python3
"""The convolutional parts of image tokenizers in PyTorch and OpenVINO on the CPU: what `flowtok bench convolution` is held against.

    python3 -m venv venv && venv/bin/pip install torch openvino        # the CPU's wheels serve
    venv/bin/python Scripts/bench/torch_convolutions.py --engine all --threads 2 > torch.jsonl
    flowtok bench convolution --precision bf16 --against torch.jsonl

Networks of the published shapes with random weights, one image of 256×256 pixels: a MaskGIT-VQGAN, GigaTok's convolutions
(without the adaptive norms of its decoder, which cost little) and the autoencoder of FlexTok. Prints a line of JSON to each
network and engine: seconds are the median of the rounds after a first one. Engines: eager is PyTorch as it stands, with
channels last, which is the faster order on CPUs; compile is torch.compile with frozen weights, and needs a C++ compiler;
openvino infers in the precision that is asked for. Quote the fastest.
"""
import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def convolution(inputs, outputs, kernel=3, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 1)


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, inputs), convolution(inputs, outputs)
        self.norm2, self.conv2 = nn.GroupNorm(32, outputs), convolution(outputs, outputs)
        self.shortcut = nn.Identity() if inputs == outputs else convolution(inputs, outputs, 1)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(32, channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x).flatten(2).transpose(1, 2)).chunk(3, -1)
        y = self.out(F.scaled_dot_product_attention(q, k, v))
        return x + y.transpose(1, 2).reshape(b, c, h, w)


class Doubling(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = convolution(channels, channels)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class SubPixels(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = convolution(channels, 4 * channels)

    def forward(self, x):
        return F.pixel_shuffle(self.conv(x), 2)


def encoder(channels, blocks, out, halve, attention=False, middle=2):
    layers, width = [convolution(3, channels[0])], channels[0]
    for level, wide in enumerate(channels):
        for _ in range(blocks):
            layers.append(Block(width, wide))
            width = wide
        if level < len(channels) - 1:
            layers.append(halve(width))
    layers += middle_layers(width, attention, middle)
    return nn.Sequential(*layers, nn.GroupNorm(32, width), nn.SiLU(), convolution(width, out))


def middle_layers(width, attention, count):
    layers = [Block(width, width) for _ in range(count)]
    return layers[:1] + [Attention(width)] + layers[1:] if attention else layers


def decoder(channels, blocks, inputs, double, attention=False):
    width = channels[-1]
    layers = [convolution(inputs, width)] + middle_layers(width, attention, 2)
    for level in reversed(range(len(channels))):
        for _ in range(blocks):
            layers.append(Block(width, channels[level]))
            width = channels[level]
        if level > 0:
            layers.append(double(width))
    return nn.Sequential(*layers, nn.GroupNorm(32, width), nn.SiLU(), convolution(width, 3))


def networks():
    pool, stride = (lambda width: nn.AvgPool2d(2)), (lambda width: convolution(width, width, 3, 2))
    vqgan, giga, flex = [128, 128, 256, 256, 512], [128, 128, 256, 256, 512], [128, 256, 512, 512]
    return {
        "maskgit-vqgan.encode": (lambda: encoder(vqgan, 2, 256, pool), (3, 256, 256)),
        "maskgit-vqgan.decode": (lambda: decoder(vqgan, 2, 256, Doubling), (256, 16, 16)),
        "gigatok.encode": (lambda: encoder(giga, 2, 256, stride), (3, 256, 256)),
        "gigatok.decode": (lambda: decoder(giga, 3, 256, SubPixels), (256, 16, 16)),
        "autoencoder.encode": (lambda: encoder(flex, 2, 32, stride, attention=True), (3, 256, 256)),
        "autoencoder.decode": (lambda: decoder(flex, 3, 16, Doubling, attention=True), (16, 32, 32)),
    }


def prepared(engine, model, x, dtype, threads):
    if engine == "openvino":
        import openvino as ov

        made = ov.convert_model(model.float(), example_input=x.float())
        hint = "bf16" if dtype == torch.bfloat16 else "f32"
        ready = ov.Core().compile_model(
            made, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"})
        values = x.float().numpy()
        return lambda: ready(values)
    model = model.to(dtype).to(memory_format=torch.channels_last)
    x = x.to(dtype).contiguous(memory_format=torch.channels_last)
    if engine == "compile":
        import torch._inductor.config as inductor

        inductor.freezing = True
        model = torch.compile(model)
    return lambda: model(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="*", choices=networks(), default=list(networks()))
    parser.add_argument("--engine", choices=("eager", "compile", "openvino", "all"), default="eager")
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    dtype = torch.bfloat16 if arguments.dtype == "bf16" else torch.float32
    engines = ("eager", "compile", "openvino") if arguments.engine == "all" else (arguments.engine,)
    for name in arguments.network:
        make, shape = networks()[name]
        for engine in engines:
            try:
                with torch.inference_mode():
                    run = prepared(engine, make().eval(), torch.randn(1, *shape), dtype, arguments.threads)
                    run()
                    seconds = []
                    for _ in range(arguments.rounds):
                        start = time.perf_counter()
                        run()
                        seconds.append(time.perf_counter() - start)
            except Exception as error:  # an engine that is not installed leaves the others
                if arguments.engine != "all":
                    raise
                print(f"{name}, {engine}: {str(error).splitlines()[0][:120]}", file=sys.stderr)
                continue
            print(json.dumps({"peer": f"torch {torch.__version__} {engine}", "what": "convolution", "size": name,
                              "dtype": arguments.dtype, "threads": arguments.threads, "batch": 1,
                              "seconds": round(statistics.median(seconds), 5)}), flush=True)


if __name__ == "__main__":
    main()
