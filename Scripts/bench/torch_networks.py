#!/usr/bin/env python3
"""The networks of FlowTok in PyTorch, OpenVINO and ONNX Runtime on the CPU: what `flowtok bench` is held against.

    python3 -m venv venv && venv/bin/pip install torch openvino nncf onnx onnxruntime     # the CPU's wheels serve
    venv/bin/python Scripts/bench/torch_networks.py --what velocity --engine all > torch.jsonl
    flowtok bench velocity --precision bf16 --against torch.jsonl

velocity is one guided evaluation of a FlowTok's velocity network (two fields to a picture, 77 tokens), decode the decoder's
transformer of the 256-pixel tokenizer (410 tokens), train a step of the small tokenizer's two transformers (24 pictures).
Shapes are the published ones, weights are random. Prints a line of JSON to each engine: seconds are the median of the rounds
after a first one. Engines: eager is PyTorch as it stands; compile is torch.compile with frozen weights, and needs a C++ compiler;
openvino computes in the type that is asked for (int8: weights alone, the sums in bfloat16); onnxruntime knows float32. Quote the
fastest.

With --turns a run is made for every line that is read, and its seconds printed, so that peers and flowtok take turns:
Scripts/benchmarks does that.
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
import time

import torch
from torch import nn
from torch.nn import functional as F

SHAPES = {"s": (12, 384, 6), "b": (12, 768, 12), "l": (24, 1024, 16), "xl": (28, 1152, 16), "h": (36, 1280, 20)}
ENGINES = ("eager", "compile", "openvino", "onnxruntime")


def attend(packed, heads):
    batch, tokens, width = packed.shape
    q, k, v = packed.reshape(batch, tokens, 3, heads, width // 3 // heads).permute(2, 0, 3, 1, 4).unbind()
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width // 3)


class ModulatedBlock(nn.Module):
    """A block of DiT, whose six rows of modulation are given: they are in a table, since the times are known."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, rows):
        shift, scale, gate, shift2, scale2, gate2 = rows.unbind(1)
        x = x + gate[:, None] * self.proj(attend(self.qkv(self.norm(x) * (1 + scale[:, None]) + shift[:, None]), self.heads))
        h = self.fc1(self.norm(x) * (1 + scale2[:, None]) + shift2[:, None])
        return x + gate2[:, None] * self.fc2(F.gelu(h, approximate="tanh"))


class VelocityNetwork(nn.Module):
    def __init__(self, depth, width, heads):
        super().__init__()
        self.first, self.last = nn.Linear(16, width), nn.Linear(width, 16)
        self.blocks = nn.ModuleList(ModulatedBlock(width, heads) for _ in range(depth))

    def forward(self, x, rows):
        x = self.first(x)
        for block in self.blocks:
            x = block(x, rows)
        return self.last(x)


class GatedBlock(nn.Module):
    """A block of TA-TiTok's and FlowTiTok's transformers, with SwiGLU."""

    def __init__(self, width, heads):
        super().__init__()
        hidden = 4 * width * 2 // 3
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.w12, self.w3 = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)

    def forward(self, x):
        x = x + self.proj(attend(self.qkv(self.norms[0](x)), self.heads))
        a, b = self.w12(self.norms[1](x)).chunk(2, dim=-1)
        return x + self.w3(F.silu(a) * b)


def transformer(width, heads, layers):
    return [GatedBlock(width, heads) for _ in range(layers)]


def network(arguments):
    """The network and its inputs."""
    if arguments.what == "velocity":
        depth, width, heads = SHAPES[arguments.size]
        pairs = 2 * arguments.batch
        return VelocityNetwork(depth, width, heads), (torch.randn(pairs, 77, 16), torch.randn(pairs, 6, width))
    return nn.Sequential(*transformer(1024, 16, 24)), (torch.randn(arguments.batch, 256 + 77 + 77, 1024),)


def training(arguments):
    """A step of training: what runs."""
    model = nn.Sequential(
        nn.Linear(768, 256), *transformer(256, 4, 6), nn.Linear(256, 320), *transformer(320, 5, 8), nn.Linear(320, 768))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    x = torch.randn(24, 96, 768)
    forward = torch.compile(model) if arguments.engine == "compile" else model

    def step():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.dtype == "bf16"):
            y = forward(x)
        loss = F.mse_loss(y.float(), x)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def prepared(arguments, engine):
    """What runs the network once with an engine."""
    model, inputs = network(arguments)
    model.eval()
    if engine in ("eager", "compile"):
        dtype = torch.bfloat16 if arguments.dtype == "bf16" else torch.float32
        model, inputs = model.to(dtype), [value.to(dtype) for value in inputs]
        if engine == "compile":
            import torch._inductor.config as inductor

            inductor.freezing = True
            model = torch.compile(model)
        return lambda: model(*inputs)
    values = [value.numpy() for value in inputs]
    if engine == "openvino":
        import openvino as ov

        made = ov.convert_model(model, example_input=tuple(inputs))
        if arguments.dtype == "int8":
            import nncf

            made = nncf.compress_weights(made, mode=nncf.CompressWeightsMode.INT8_SYM)
        ready = ov.Core().compile_model(made, "CPU", {
            "INFERENCE_NUM_THREADS": arguments.threads, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32" if arguments.dtype == "f32" else "bf16"})
        request = ready.create_infer_request()
        return lambda: request.infer(values)
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        torch.onnx.export(model, tuple(inputs), path, dynamo=False, opset_version=17)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    named = dict(zip([entry.name for entry in session.get_inputs()], values))
    return lambda: session.run(None, named)


def knows(engine, arguments):
    if arguments.what == "train":
        return engine in ("eager", "compile") and arguments.dtype != "int8"
    if arguments.dtype == "int8":
        return engine == "openvino"
    return engine != "onnxruntime" or arguments.dtype == "f32"


def seconds_of(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=("velocity", "decode", "train"), default="velocity")
    parser.add_argument("--size", choices=SHAPES, default="xl", help="of velocity")
    parser.add_argument("--batch", type=int, default=1, help="pictures at once, of velocity and decode")
    parser.add_argument("--dtype", choices=("bf16", "f32", "int8"), default="bf16")
    parser.add_argument("--engine", choices=ENGINES + ("all",), default="eager")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", action="store_true", help="a run for every line that is read")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    known = [engine for engine in ENGINES if knows(engine, arguments)]
    engines = known if arguments.engine == "all" else [arguments.engine]
    for engine in engines:
        if engine not in known:
            sys.exit(f"{engine} does not do {arguments.what} in {arguments.dtype}, expected one of {', '.join(known)}")
        arguments.engine = engine
        try:
            run = training(arguments) if arguments.what == "train" else prepared(arguments, engine)
            guard = torch.enable_grad() if arguments.what == "train" else torch.inference_mode()
            with guard:
                run()
                if arguments.turns:
                    print("ready", flush=True)
                    for _ in sys.stdin:
                        print(seconds_of(run), flush=True)
                    return
                seconds = statistics.median(seconds_of(run) for _ in range(arguments.rounds))
        except ImportError as error:
            # One that is not installed leaves the others.
            print(f"{engine}: {error}", file=sys.stderr)
            continue
        print(json.dumps({
            "peer": f"torch {torch.__version__} {engine}" if engine in ("eager", "compile") else engine,
            "what": "decoder" if arguments.what == "decode" else arguments.what, "size": arguments.size,
            "batch": arguments.batch, "dtype": arguments.dtype, "threads": arguments.threads, "seconds": round(seconds, 5),
        }), flush=True)


if __name__ == "__main__":
    main()
