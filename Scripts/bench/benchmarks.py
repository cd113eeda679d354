#!/usr/bin/env python3
"""Measures flowtok's speed against its peers and against the machine, and writes docs/benchmarks.md and the README's tables.

    Scripts/benchmarks                                  # flowtok alone
    Scripts/benchmarks --python venv/bin/python         # and PyTorch, OpenVINO, ONNX Runtime of that environment
    Scripts/benchmarks --python venv/bin/python --only velocity decode

flowtok and every engine of a peer take turns, a run each in every round, so that a slow minute of the machine falls on all of
them; figures are medians. Nothing else should run meanwhile. What was measured is kept in --records, so that one part can be
measured anew and the page be written from all.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BEGIN, END = "<!-- benchmarks: written by Scripts/benchmarks -->", "<!-- benchmarks end -->"
LONG = {"f32": "float32", "bf16": "bfloat16", "int8": "int8"}
# What is measured in turns: title, kind, type, pictures at once, row of flowtok's report.
CASES = {
    "velocity": [
        ("guided XL velocity, float32", "velocity", "f32", 1, "velocity.xl.float32"),
        ("the same, bfloat16", "velocity", "bf16", 1, "velocity.xl.bfloat16"),
        ("the same, int8 (the peer: int8 weights)", "velocity", "int8", 1, "velocity.xl.int8"),
    ],
    "decode": [
        ("256-pixel decode, float32", "decode", "f32", 1, "decode.256.float32"),
        ("the same, bfloat16", "decode", "bf16", 1, "decode.256.bfloat16"),
        ("the same, int8 (the peer: int8 weights)", "decode", "int8", 1, "decode.256.int8"),
    ],
    "batch": [("8 pictures at once, guided XL velocity, bfloat16", "velocity", "bf16", 8, "velocity.xl.bfloat16.batch8")],
    "train": [("training step, the small tokenizer's two transformers, 24 pictures, bfloat16", "train", "bf16", 1, "train.transformers.bfloat16")],
}
PARTS = list(CASES) + ["convolution", "program", "scale", "peaks"]


def flowtok(*arguments):
    program = os.path.join(ROOT, ".build/release/flowtok")
    done = subprocess.run([program, "bench", *arguments], capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"flowtok bench {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Peer:
    """An engine of the peer's that stands ready and runs when it is told to."""

    def __init__(self, python, engine, kind, dtype, batch, threads):
        self.engine = engine
        self.process = subprocess.Popen(
            [python, os.path.join(ROOT, "Scripts/bench/torch_networks.py"), "--turns", "--what", kind, "--dtype", dtype,
             "--batch", str(batch), "--threads", str(threads), "--engine", engine],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.seconds = []

    def is_ready(self):
        for line in self.process.stdout:
            if line.strip() == "ready":
                return True
        return False

    def take_turn(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.process.stdout.readline()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def engines_for(kind, dtype):
    if kind == "train":
        return ["eager", "compile"]
    return {"f32": ["eager", "compile", "openvino", "onnxruntime"], "bf16": ["eager", "compile", "openvino"], "int8": ["openvino"]}[dtype]


def measure_in_turns(case, arguments):
    title, kind, dtype, batch, row = case
    peers = []
    if arguments.python:
        for engine in engines_for(kind, dtype):
            # Those that are not installed, or cannot do it, are left out.
            peer = Peer(arguments.python, engine, kind, dtype, batch, arguments.threads)
            if peer.is_ready():
                peers.append(peer)
            else:
                peer.end()
    own, shares = [], []
    for _ in range(arguments.rounds):
        for peer in peers:
            peer.take_turn()
        report = flowtok(
            kind, "--precision", dtype, "--batch", str(batch), "--repeat", "2", "--threads", str(arguments.threads), "--json")
        found = next(entry for entry in report["rows"] if entry["name"] == row)
        own.append(found["seconds"])
        shares.append(found.get("share_of_peak"))
        print(f"{title}: {found['seconds']:.3f} s", *(f"{peer.engine} {peer.seconds[-1]:.3f} s" for peer in peers), file=sys.stderr)
    for peer in peers:
        peer.end()
    return {
        "title": title, "row": row, "batch": batch, "seconds": statistics.median(own), "fastest": min(own),
        "share": statistics.median(shares) if None not in shares else None,
        "peers": {peer.engine: statistics.median(peer.seconds) for peer in peers},
        "cpu": report["cpu"], "threads": report["threads"], "flowtok": report["flowtok"], "kernels": report["kernels"],
    }


def measure_convolutions(arguments):
    rounds = []
    for _ in range(max(2, arguments.rounds // 2)):
        peers = []
        if arguments.python:
            done = subprocess.run(
                [arguments.python, os.path.join(ROOT, "Scripts/bench/torch_convolutions.py"), "--engine", "all", "--rounds", "2",
                 "--threads", str(arguments.threads)], capture_output=True, text=True)
            peers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        own = flowtok("convolution", "--precision", "bf16", "--repeat", "2", "--threads", str(arguments.threads), "--json")
        rounds.append((peers, own))
    found = []
    for entry in rounds[0][1]["rows"]:
        if entry["kind"] != "convolution":
            continue
        times = [next(row["seconds"] for row in own["rows"] if row["name"] == entry["name"]) for _, own in rounds]
        engines = {}
        for peers, _ in rounds:
            for figure in peers:
                if figure["size"] == entry["size"]:
                    engines.setdefault(figure["peer"].split()[-1], []).append(figure["seconds"])
        found.append({
            "title": f"convolutions of {entry['size']}, bfloat16", "row": entry["name"], "batch": 1,
            "seconds": statistics.median(times), "fastest": min(times), "share": entry.get("share_of_peak"),
            "peers": {engine: statistics.median(values) for engine, values in engines.items()},
            "cpu": rounds[0][1]["cpu"], "threads": rounds[0][1]["threads"], "flowtok": rounds[0][1]["flowtok"],
            "kernels": rounds[0][1]["kernels"]})
    return found


def measure_program(arguments):
    return flowtok("load", "t2i", "i2t", "--repeat", str(2 * arguments.rounds), "--threads", str(arguments.threads), "--json")


def measure_scale(arguments):
    picture = os.path.join(ROOT, "docs/benchmarks-scale.png")
    return flowtok("scale", "--size", "b", "--precision", "bf16", "--repeat", "3", "--plot", picture, "--json")


def milliseconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def turns_table(entries):
    lines = ["| work | flowtok | share of the peak | fastest peer | ratio | others |", "| --- | --- | --- | --- | --- | --- |"]
    for entry in entries:
        peers = sorted(entry["peers"].items(), key=lambda pair: pair[1])
        share = f"{100 * entry['share']:.0f} %" if entry["share"] else ""
        first = f"{peers[0][0]}, {milliseconds(peers[0][1])}" if peers else ""
        ratio = f"{peers[0][1] / entry['seconds']:.2f}" if peers else ""
        others = ", ".join(f"{name} {milliseconds(seconds)}" for name, seconds in peers[1:])
        lines.append(f"| {entry['title']} | {milliseconds(entry['seconds'])} | {share} | {first} | {ratio} | {others} |")
    return lines


def program_table(report):
    lines = ["| start of the program until | type | time | memory |", "| --- | --- | --- | --- |"]
    words = {"load": "the default model stands", "t2i": "the picture is written", "i2t": "the caption is printed"}
    for row in report["rows"]:
        lines.append(f"| {words[row['kind']]} | {row['precision']} | {milliseconds(row['seconds'])} | {row['bytes'] / 1e6:.0f} MB |")
    return lines


def scale_table(report):
    lines = ["| network | over | from | to | time of the first | of the last | time grows as | memory grows as |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for series in report["series"]:
        first, last = series["points"][0], series["points"][-1]
        exponents = [f"n^{series[key]:.2f}" if series.get(key) is not None else "" for key in ("time_exponent", "memory_exponent")]
        lines.append(
            f"| {series['network']} | {series['name']} | {first['value']} | {last['value']} | {milliseconds(first['seconds'])} "
            f"| {milliseconds(last['seconds'])} | {exponents[0]} | {exponents[1]} |")
    return lines


def machine(entry):
    return f"{entry['cpu']}, {entry['kernels']} kernels, {entry['threads']} threads, flowtok {entry['flowtok']}"


def page(records):
    lines = [
        "# Benchmarks", "",
        "Written by `Scripts/benchmarks --python venv/bin/python`, where `venv` holds torch, openvino, nncf, onnx and onnxruntime.",
        "flowtok and the engines take turns; figures are medians of the rounds. Machines that are shared differ by some 10 % from one",
        "run to the next: ratios are what to look at. Generators have their own page, `benchmarks-generators.md`.", ""]
    turns = [entry for part in list(CASES) + ["convolution"] for entry in records.get(part, [])]
    if turns:
        lines += ["## Against the peers", "", machine(turns[0]) + ".", "", *turns_table(turns), ""]
        lines += ["The share is that of what the CPU's multiply-and-add instruction of the type reaches on registers alone, measured in",
                  "the same runs. The peer's decoder is the transformer alone; flowtok's also draws the pixels.", ""]
        one = next((entry for entry in turns if entry["row"] == "velocity.xl.bfloat16"), None)
        eight = next((entry for entry in turns if entry["row"] == "velocity.xl.bfloat16.batch8"), None)
        if one and eight:
            lines += [f"Eight pictures at once: {8 * one['seconds'] / eight['seconds']:.2f} times the pictures a second of one.", ""]
    if "program" in records:
        lines += ["## The whole program", "", machine(records["program"]) + ".", "", *program_table(records["program"]), ""]
    if "scale" in records:
        scale = records["scale"]
        lines += ["## How the cost grows", "", f"`flowtok bench scale --size {scale['size']} --precision bf16`: one guided evaluation of the",
                  "velocity network (77 tokens, one picture where nothing else is said) and the decoder of 256 pixels.", "",
                  *scale_table(scale), "", "![time over size, as multiples of the smallest](benchmarks-scale.png)", ""]
    if "peaks" in records:
        lines += ["## Products", "", "`flowtok bench peak gemm`:", "", "| row | GFLOP/s | share of the peak |", "| --- | --- | --- |"]
        for row in records["peaks"]["rows"]:
            speed = f"{row['gigaflops_per_second']:.0f}" if row.get("gigaflops_per_second") else f"{row['gigabytes_per_second']:.1f} GB/s"
            share = f"{100 * row['share_of_peak']:.0f} %" if row.get("share_of_peak") else ""
            lines.append(f"| {row['name']} | {speed} | {share} |")
        lines.append("")
    return "\n".join(lines)


def readme_tables(records):
    turns = [entry for part in ("velocity", "decode", "batch", "train") for entry in records.get(part, [])]
    if not turns and "program" not in records:
        return None
    lines = [BEGIN]
    if turns:
        lines += [f"{machine(turns[0])}; everything in turns, medians:", "", *turns_table(turns)]
    if "program" in records:
        lines += ["", *program_table(records["program"])]
    return "\n".join(lines + [END])


def write(path, text):
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path), delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="a Python that has the peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--records", default=os.path.join(ROOT, ".build/benchmarks.json"), help="where figures are kept")
    arguments = parser.parse_args()
    records = json.load(open(arguments.records)) if os.path.exists(arguments.records) else {}
    for part in arguments.only:
        print(f"== {part}", file=sys.stderr)
        if part in CASES:
            records[part] = [measure_in_turns(case, arguments) for case in CASES[part]]
        elif part == "convolution":
            records[part] = measure_convolutions(arguments)
        elif part == "program":
            records[part] = measure_program(arguments)
        elif part == "scale":
            records[part] = measure_scale(arguments)
        else:
            records[part] = flowtok("peak", "gemm", "--repeat", "7", "--threads", str(arguments.threads), "--json")
        write(arguments.records, json.dumps(records, indent=1))
    write(os.path.join(ROOT, "docs/benchmarks.md"), page(records))
    readme = os.path.join(ROOT, "README.md")
    text = open(readme).read()
    tables = readme_tables(records)
    if tables and BEGIN in text and END in text:
        write(readme, text[: text.index(BEGIN)] + tables + text[text.index(END) + len(END):])


if __name__ == "__main__":
    main()
