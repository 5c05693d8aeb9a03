# SPDX-License-Identifier: Apache-2.0
"""The same networks with the same weights in other engines, beside `pintle bench`.

    python3 tests/bench/peers/compare.py --pintle build/release/converter/pintle --install

README.md in this folder says what each row computes and how to read the table. This script needs Python
alone; every engine has an environment of its own, which --install makes.
"""

import argparse
import json
import pathlib
import random
import sys
import tempfile
import time

import environments
import table
from processes import EngineProcess, EngineRow, PintleModel, run

ROOT = pathlib.Path(__file__).resolve().parents[3]
SKIPPED = 77

# Row, environment, class in engines.py, options of the network, whether its list must be Pintle's f32.
ENGINES = (
    ("PyTorch", "pytorch", "PyTorch", {}, True),
    ("ONNX Runtime", "onnxruntime", "OnnxRuntime", {}, True),
    ("ONNX Runtime, cut by hand", "onnxruntime", "OnnxRuntime", {"last_row_only": True}, True),
    ("ONNX Runtime int8", "onnxruntime", "OnnxRuntimeInt8", {}, False),
    ("LiteRT", "litert", "LiteRt", {}, True),
    ("LiteRT, cut by hand", "litert", "LiteRt", {"last_row_only": True}, True),
    ("ExecuTorch", "executorch", "ExecuTorch", {}, True),
)


class Network:
    """A checkpoint, Pintle's two models of it, and the engines that run it."""

    def __init__(self, kind, folder, item_count, window, title, convert_options):
        self.kind, self.folder, self.title = kind, folder, title
        self.convert_options = convert_options
        self.rows = random.Random(1).sample(range(1, item_count + 1), window)
        self.engines, self.models = [], {}

    def convert(self, pintle, scratch):
        for precision in ("int8", "f32"):
            path = scratch / f"{self.kind}-{precision}.pintle"
            run([pintle, "convert", "--weights", self.folder / "model.safetensors",
                 *self.convert_options, "--precision", precision, "--out", path])
            self.models[precision] = PintleModel(pintle, path)
            self.models[precision].recommend(self.rows)
        self.top = self.models["f32"].top

    def time(self, turn, seconds):
        """One round; who begins changes, so that nobody always follows the same neighbour."""
        timed = [*self.engines, *self.models.values()]
        for i in range(len(timed)):
            timed[(turn + i) % len(timed)].time(seconds)


def gpt2_network(folder):
    config = json.loads((folder / "config.json").read_text())
    items = config["vocab_size"] - 1  # row 0 is padding
    return Network("gpt2", folder, items, config["n_positions"],
                   f"GPT-2, d {config['n_embd']}, {config['n_layer']} layers, window "
                   f"{config['n_positions']}, {items:,} items",
                   ["--config", folder / "config.json"])


def sasrec_network(processes, scratch):
    folder = scratch / "sasrec"
    folder.mkdir()
    for process in processes:  # the first that works: it takes PyTorch, which each has
        shape = process.ask("write_sasrec", folder=str(folder))
        if "error" not in shape:
            break
    else:
        sys.exit(f"cannot write the SASRec network: {shape['error']}")
    return Network("sasrec", folder, shape["items"], shape["window"],
                   f"SASRec (pmixer), seeded random weights, d {shape['dim']}, {shape['layers']} "
                   f"layers, window {shape['window']}, {shape['items']:,} items",
                   ["--arch", "sasrec-pmixer-2024", "--heads", "1"])


def build_engines(network, processes, scratch, missing):
    for row, environment, engine_class, options, exact in ENGINES:
        process = processes.get(engine_class)
        if process is None:
            continue
        key = f"{network.kind}-{len(network.engines)}"
        folder = scratch / f"{engine_class}-{key}"
        folder.mkdir()
        answer = process.ask("build", key=key, network=network.kind, folder=str(network.folder),
                             rows=network.rows, options=options, scratch=str(folder))
        if "error" in answer:
            missing[f"{row} on {network.kind}"] = answer["error"]
            continue
        network.engines.append(
            EngineRow(row, answer["version"], process, key, answer["top"], exact))


def check_lists(network):
    """Every f32 engine must recommend what Pintle's f32 model does, in that order."""
    for engine in network.engines:
        if engine.exact and engine.top != network.top:
            sys.exit(f"{network.title}: {engine.name} recommends {engine.top}, "
                     f"pintle {network.top}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pintle", required=True, type=pathlib.Path, help="release build")
    parser.add_argument("--gpt2", type=pathlib.Path, default=ROOT / "converter" / "default_model",
                        help="folder of config.json and model.safetensors (%(default)s)")
    parser.add_argument("--steerable", type=pathlib.Path, help="model file with SAEs or knobs, for "
                        "the steered paths")
    parser.add_argument("--engines", nargs="+", choices=environments.NAMES,
                        default=environments.NAMES)
    parser.add_argument("--environments", type=pathlib.Path, default=ROOT / "build" / "peers",
                        help="folder of the engines' Python environments (%(default)s)")
    parser.add_argument("--install", action="store_true", help="install what is missing there")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--seconds", type=float, default=0.08,
                        help="for an engine, or a path of pintle bench, in a round (%(default)s)")
    parser.add_argument("--json", type=pathlib.Path, help="also write the medians of all rounds")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    missing = {}
    if arguments.install:
        missing.update(environments.install(arguments.environments, arguments.engines))
    pythons = {name: environments.python_of(arguments.environments, name)
               for name in arguments.engines}
    for name, python in pythons.items():
        if python is None:
            missing.setdefault(name, "not installed: --install")

    arguments.environments.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        with open(arguments.environments / "workers.log", "w") as log:
            processes = {engine: EngineProcess(pythons[environment], engine, log)
                         for _, environment, engine, _, _ in ENGINES if pythons.get(environment)}
            if not processes:
                table.print_missing(missing)
                print("skipped: no engine to compare with")
                return SKIPPED
            networks = [gpt2_network(arguments.gpt2),
                        sasrec_network(processes.values(), scratch)]
            for network in networks:
                network.convert(arguments.pintle, scratch)
                build_engines(network, processes, scratch, missing)
                check_lists(network)
            steerable = arguments.steerable and PintleModel(arguments.pintle, arguments.steerable)
            table.print_missing(missing)
            started = time.monotonic()
            for turn in range(arguments.rounds):
                for network in networks:
                    network.time(turn, arguments.seconds)
                if steerable:
                    steerable.time(arguments.seconds)
            for process in processes.values():
                process.close()
        table.print_tables(networks, steerable, arguments.rounds, time.monotonic() - started)
        if arguments.json:
            arguments.json.write_text(table.to_json(networks, steerable))
    return 0


if __name__ == "__main__":
    sys.exit(main())
