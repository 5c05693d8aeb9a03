# SPDX-License-Identifier: Apache-2.0
"""The same network with the same weights in other engines, beside `pintle bench`.

    python3 tests/bench/peers/compare.py --pintle build/release/converter/pintle \
        --weights model.safetensors --config config.json [--rounds 7]

Takes a Hugging Face GPT-2 checkpoint without prefixes, needs PyTorch, and times whatever else it can
import (ONNX Runtime with the onnx package); it names what it could not. An engine without a cache of keys
and values runs its whole forward pass for every event, so that is what it is timed on: a full window,
then scores of all items and the top 10. Before any timing all engines must give the same ten items.
One thread each, engines in turn, round after round; every ratio is of one round.
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "converter" / "default_model"))

import numpy as np  # noqa: E402
import torch  # noqa: E402

import network as gpt2  # noqa: E402


class LastScores(torch.nn.Module):
    """Scores of all items after the last of the given rows [1, window]."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, rows):
        x = self.network.embed(rows)
        for block in self.network.h:
            x = block(x, 0.0)
        return self.network.ln_f(x[:, -1]) @ self.network.wte.weight.T


def top10(scores):
    scores = scores.copy()
    scores[0] = -np.inf  # padding is no item
    best = np.argpartition(-scores, 10)[:10]
    return best[np.argsort(-scores[best], kind="stable")]


class PyTorch:
    name = "PyTorch " + torch.__version__

    def __init__(self, module, rows):
        self.module, self.rows = module, rows

    @torch.no_grad()
    def scores(self):
        return self.module(self.rows)[0].numpy()


class OnnxRuntime:
    def __init__(self, module, rows, folder):
        import onnxruntime
        path = str(folder / "model.onnx")
        torch.onnx.export(module, (rows,), path, input_names=["rows"], output_names=["scores"],
                          opset_version=13)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options,
                                                    providers=["CPUExecutionProvider"])
        self.rows = rows.numpy()
        self.name = "ONNX Runtime " + onnxruntime.__version__

    def scores(self):
        return self.session.run(None, {"rows": self.rows})[0][0]


def median_us(engine, seconds):
    engine.scores()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 11 or time.perf_counter() < end:
        start = time.perf_counter()
        top10(engine.scores())
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def spread(values, digits=1):
    return f"{min(values):.{digits}f} / {statistics.median(values):.{digits}f} / {max(values):.{digits}f}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pintle", required=True)
    arguments.add_argument("--weights", required=True)
    arguments.add_argument("--config", required=True)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=0.5, help="an engine and round")
    arguments = arguments.parse_args()
    torch.set_num_threads(1)

    config = json.loads(pathlib.Path(arguments.config).read_text())
    module = LastScores(gpt2.load_safetensors(arguments.weights, config)).eval()
    picked = random.Random(1).sample(range(1, config["vocab_size"]), config["n_positions"])
    rows = torch.tensor([picked])

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        engines = [PyTorch(module, rows)]
        try:
            engines.append(OnnxRuntime(module, rows, folder))
        except Exception as error:  # whatever an engine's absence looks like
            print(f"not timed: ONNX Runtime ({type(error).__name__}: {error})")

        models = {}
        for precision in ("f32", "int8"):
            models[precision] = str(folder / f"{precision}.pintle")
            run([arguments.pintle, "convert", "--weights", arguments.weights, "--config",
                 arguments.config, "--precision", precision, "--out", models[precision]])
        line = run([arguments.pintle, "recommend", "--model", models["f32"], "--include-seen",
                    "--history", " ".join(map(str, picked)), "--json"])
        ours = [int(item["id"]) for item in json.loads(line)["items"]]
        for engine in engines:
            if list(top10(engine.scores())) != ours:
                sys.exit(f"{engine.name} recommends {top10(engine.scores())}, pintle {ours}")
        print(f"same ten items from {len(engines) + 1} engines; "
              f"{arguments.rounds} rounds, one thread, us min / median / max over rounds")

        times = {engine.name: [] for engine in engines}
        for _ in range(arguments.rounds):
            for engine in engines:
                times[engine.name].append(median_us(engine, arguments.seconds))
            for precision, model in models.items():
                bench = json.loads(run([arguments.pintle, "bench", "--model", model, "--json"]))
                for path in ("append_recommend", "history", "append_full_window"):
                    key = f"pintle {precision} {path}"
                    times.setdefault(key, []).append(bench[path]["median_us"])
        for name, values in times.items():
            print(f"{name:36s} {spread(values):>28s}")
        for engine in engines:
            for name, values in times.items():
                if name.startswith("pintle"):
                    ratios = [a / b for a, b in zip(times[engine.name], values)]
                    print(f"{engine.name} / {name:34s} {spread(ratios):>24s} x")


if __name__ == "__main__":
    main()
