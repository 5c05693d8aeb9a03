#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The README's measured tables, as `pintle bench`, `pintle evaluate` and library_size.sh print them.

    python3 tests/bench/show/readme_table.py --pintle build/release/converter/pintle \
        --shared ../shared [--seconds 2] [--no-library] [--write]

--shared holds the checkpoint gpt2-ml1m and MovieLens-1M. --write puts the tables in their place in the
README; without it they are printed. Timings are only as good as the machine is quiet: one thread,
nothing else running.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

from table import run, run_json

ROOT = pathlib.Path(__file__).resolve().parents[3]
PRECISIONS = ("f32", "f16", "int8", "int4")
PATHS = {"open": "load", "history": "first history", "append": "append",
         "recommend": "recommend", "append_recommend": "append + recommend"}
BEGIN, END = "<!-- measured tables -->", "<!-- end of the measured tables -->"


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Hardware")):
            return line.split(":", 1)[1].strip()
    return "an unnamed CPU"


def microseconds(value):
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def timing(entry):
    low, median, high = (microseconds(entry[key]) for key in ("min_us", "median_us", "max_us"))
    return f"{median} ({low}–{high})"


class Tables:
    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        default = ROOT / "converter/default_model"
        shared = arguments.shared
        gpt2 = shared / "checkpoints/gpt2-ml1m"
        self.log = shared / "data/ml-1m/ml-1m.txt"
        self.sources = {
            "GPT-2, MovieLens-1M": ["--weights", gpt2 / "model.safetensors",
                                    "--config", gpt2 / "config.json",
                                    "--items", shared / "data/ml-1m/items.tsv"],
            "default model": ["--weights", default / "model.safetensors",
                              "--config", default / "config.json",
                              "--items", default / "items.csv", "--id-column", "id"]}

    def convert(self, source, precision):
        path = self.work / f"{list(self.sources).index(source)}-{precision}.pintle"
        run(self.arguments.pintle, "convert", *self.sources[source], "--precision", precision,
            "--out", path)
        return path

    def bench(self, model):
        return run_json(self.arguments.pintle, "bench", "--model", model, "--seconds",
                        self.arguments.seconds)

    def timings(self):
        yield f"On one thread of {cpu()}; µs, median (least–most) as `pintle bench` printed them:"
        yield ""
        yield "| model | precision | file, KB | " + " | ".join(PATHS.values()) + " |"
        yield "|---|---|--:|" + "--:|" * len(PATHS)
        for source in self.sources:
            for precision in PRECISIONS:
                model = self.convert(source, precision)
                timed = self.bench(model)
                kilobytes = model.stat().st_size / 1024
                cells = " | ".join(timing(timed[path]) for path in PATHS)
                yield f"| {source} | {precision} | {kilobytes:.0f} | {cells} |"

    def full_window(self):
        source = next(iter(self.sources))
        model = self.convert(source, "int8")
        timed = self.bench(model)
        yield f"One event and its top 10 once the window is full ({source}, int8; NDCG@10 as"
        yield "`pintle evaluate --window-policy` printed it, all users):"
        yield ""
        yield "| policy | µs an event | of a whole history | NDCG@10 |"
        yield "|---|--:|--:|--:|"
        for policy, path in (("exact", "append_full_window"), ("hop", "append_hop")):
            quality = run_json(self.arguments.pintle, "evaluate", "--model", model,
                               "--interactions", self.log, "--window-policy", policy)
            yield (f"| {policy} | {timing(timed[path])} | {timed[path]['ratio']:.3f} × | "
                   f"{quality['ndcg@10']:.5f} |")

    @staticmethod
    def library():
        done = subprocess.run([ROOT / "tests/bench/library_size.sh"], capture_output=True, text=True)
        if done.returncode == 77:
            return
        rows = re.findall(r"^(\S+) +(\S.*?) {2,}(\d+)(?: |$)", done.stdout, re.MULTILINE)
        if not rows:
            sys.exit(f"library_size.sh: {done.stderr[-2000:]}")
        yield "The library, stripped (`tests/bench/library_size.sh`):"
        yield ""
        yield "| for | built | KB |"
        yield "|---|---|--:|"
        for arch, built, size in rows:
            yield f"| {arch} | {built} | {int(size) / 1024:.0f} |"

    def text(self):
        parts = [self.timings(), self.full_window()]
        if not self.arguments.no_library:
            parts.append(self.library())
        return "\n\n".join("\n".join(part) for part in parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pintle", type=pathlib.Path, required=True)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=2, help="for each path")
    parser.add_argument("--no-library", action="store_true", help="leave out the library's size")
    parser.add_argument("--write", action="store_true", help="into README.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        text = Tables(arguments, pathlib.Path(work)).text().strip()
    if not arguments.write:
        print(text)
        return
    readme = ROOT / "README.md"
    before, found, rest = readme.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        sys.exit(f"README.md: no {BEGIN} … {END}")
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
