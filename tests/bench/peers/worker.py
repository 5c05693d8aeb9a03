# SPDX-License-Identifier: Apache-2.0
"""One engine in a process of its own, because no Python environment holds all engines' versions.

Reads one JSON command a line and answers each with one JSON line; compare.py is its only user. Between
commands it sleeps in a read, so that it takes nothing from the engine whose turn it is.
"""

import json
import os
import statistics
import sys
import time
import traceback

# Exporters write to stdout: answers go to a copy of it, everything else to stderr.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import torch  # noqa: E402

import engines  # noqa: E402
import networks  # noqa: E402


def time_us(engine, seconds):
    """Microseconds of each run: 11 runs at least. The first warms the caches and is not counted."""
    engine.run()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 11 or time.perf_counter() < end:
        start = time.perf_counter()
        engine.run()
        times.append((time.perf_counter() - start) * 1e6)
    return times


class Worker:
    def __init__(self, name):
        self.engine_class = getattr(engines, name)
        self.engines = {}

    def write_sasrec(self, folder):
        return networks.write_random_sasrec(folder)

    def build(self, key, network, folder, rows, options, scratch):
        """Makes the network of a checkpoint the engine's own: its version and its list."""
        module = networks.NETWORKS[network](folder, fused=self.engine_class.FUSED_ATTENTION,
                                            **options).eval()
        with torch.no_grad():
            engine = self.engine_class(module, torch.tensor([rows]), scratch)
        self.engines[key] = engine
        return {"version": engine.version, "top": [int(item) for item in engine.run()]}

    def time(self, key, seconds):
        times = time_us(self.engines[key], seconds)
        return {"min_us": min(times), "median_us": statistics.median(times), "rounds": len(times)}


def main():
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:  # whatever an engine's trouble looks like
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
