# SPDX-License-Identifier: Apache-2.0
"""`pintle evaluate` beside batched evaluation of the same GPT-2 checkpoint in PyTorch.

    python3 tests/bench/peers/evaluate.py --pintle build/release/converter/pintle --install \\
        --gpt2 CHECKPOINT_FOLDER --interactions LINES_OF_USER_AND_ITEM

Leave one out, the whole catalogue ranked without what the user has seen, NDCG@10. In turn, with the same
number of threads; a ratio is of one round. Two times each: of the whole process, and of the evaluation
alone, which PyTorch's side measures itself and Pintle's is the whole process less the same command
for a single user (which opens the model and reads all interactions). README.md says more.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import time

import environments
import table
from processes import run

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[2]
SKIPPED = 77
AT_LEAST = 4  # times as fast as PyTorch
NDCG_TOLERANCE = 0.0005


class Side:
    """One program; `whole` and `alone` hold seconds, one a round."""

    def __init__(self, name):
        self.name, self.whole, self.alone = name, [], []


class Pintle(Side):
    def __init__(self, name, command):
        super().__init__(name)
        self.command = command

    def time(self):
        _, start = timed([*self.command, "--users", 1])
        found, whole = timed(self.command)
        self.ndcg, self.users = found["ndcg@10"], found["users"]
        self.whole.append(whole)
        self.alone.append(whole - start)


class PyTorch(Side):
    def __init__(self, name, command):
        super().__init__(name)
        self.command = command

    def time(self):
        found, whole = timed(self.command)
        self.ndcg, self.users = found["ndcg@10"], found["users"]
        self.whole.append(whole)
        self.alone.append(found["seconds"])


def timed(command):
    start = time.perf_counter()
    text = run(command)
    return json.loads(text), time.perf_counter() - start


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pintle", required=True, type=pathlib.Path, help="release build")
    parser.add_argument("--gpt2", required=True, type=pathlib.Path,
                        help="folder of config.json and model.safetensors")
    parser.add_argument("--interactions", required=True, type=pathlib.Path,
                        help="lines of `user item`, items as rows of the checkpoint")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--environments", type=pathlib.Path, default=ROOT / "build" / "peers",
                        help="folder of the engines' Python environments (%(default)s)")
    parser.add_argument("--install", action="store_true", help="install PyTorch there")
    return parser.parse_args()


def make_sides(arguments, python, scratch):
    sides = []
    for precision in ("int8", "f32"):
        model = scratch / f"{precision}.pintle"
        run([arguments.pintle, "convert", "--weights", arguments.gpt2 / "model.safetensors",
             "--config", arguments.gpt2 / "config.json", "--precision", precision, "--out", model])
        sides.append(Pintle(f"pintle {precision}",
                            [arguments.pintle, "evaluate", "--model", model, "--interactions",
                             arguments.interactions, "--threads", arguments.threads, "--json"]))
    for batch in arguments.batch:
        for how, flags in (("padded to the window", []), ("sorted by length", ["--sorted"])):
            sides.append(PyTorch(f"PyTorch, batches of {batch}, {how}",
                                 [python, FOLDER / "evaluate_pytorch.py", "--gpt2", arguments.gpt2,
                                  "--interactions", arguments.interactions, "--batch", batch,
                                  "--threads", arguments.threads, *flags]))
    return sides


def main():
    arguments = parse_arguments()
    failures = {}
    if arguments.install:
        failures = environments.install(arguments.environments, ["pytorch"])
    python = environments.python_of(arguments.environments, "pytorch")
    if python is None:
        print(f"skipped: PyTorch {failures.get('pytorch', 'is not installed: --install')}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as scratch:
        sides = make_sides(arguments, python, pathlib.Path(scratch))
        for turn in range(arguments.rounds):
            for i in range(len(sides)):
                sides[(turn + i) % len(sides)].time()
    ours = [side for side in sides if isinstance(side, Pintle)]
    peers = [side for side in sides if isinstance(side, PyTorch)]
    exact = ours[-1].ndcg
    for side in sides:
        if side.users != ours[-1].users or abs(side.ndcg - exact) > NDCG_TOLERANCE:
            sys.exit(f"{side.name}: NDCG@10 {side.ndcg:.6f} of {side.users} users; "
                     f"{ours[-1].name}: {exact:.6f} of {ours[-1].users}")

    print(f"{ours[-1].users} users, {arguments.threads} threads, {arguments.rounds} rounds; s, min / median / "
          f"max over rounds; load average {os.getloadavg()[0]:.1f}")
    print(f"{'':42s} {'ndcg@10':>9s} {'whole process':>22s} {'evaluation alone':>22s}")
    for side in sides:
        print(f"{side.name:42s} {side.ndcg:9.6f} {table.spread(side.whole):>22s} "
              f"{table.spread(side.alone):>22s}")
    print(f"\ntimes as fast as PyTorch; evaluation alone: at least {AT_LEAST}")
    for mine in ours:
        for peer in peers:
            alone = table.ratios(peer.alone, mine.alone)
            print(f"{mine.name} / {peer.name:42s} whole process "
                  f"{table.spread(table.ratios(peer.whole, mine.whole)):>20s}, evaluation alone "
                  f"{table.spread(alone):>20s}: {table.verdict(alone, AT_LEAST, at_least=True)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
