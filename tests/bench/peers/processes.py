# SPDX-License-Identifier: Apache-2.0
"""What compare.py times: an engine in its own process, and Pintle's command line."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


class EngineProcess:
    """A worker.py and the pipes to it. What its exporter and its libraries print goes to `log`."""

    def __init__(self, python, engine_class, log):
        self.process = subprocess.Popen(
            [str(python), str(FOLDER / "worker.py"), engine_class], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": "1"})

    def ask(self, do, **arguments):
        """The answer to one command; {"error": why} where there is none."""
        line = ""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"exit status {self.process.wait()}"}

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


class EngineRow:
    """An engine with a network in it; `us` holds a median a round."""

    def __init__(self, name, version, process, key, top, exact):
        self.name, self.version, self.process, self.key = name, version, process, key
        self.top, self.exact, self.us = top, exact, []

    def time(self, seconds):
        answer = self.process.ask("time", key=self.key, seconds=seconds)
        if "error" in answer:
            sys.exit(f"{self.name}: {answer['error']}")
        self.us.append(answer["median_us"])


class PintleModel:
    """A model file; `us` holds a list for every path of `pintle bench`, a figure a round."""

    def __init__(self, pintle, path):
        self.pintle, self.path, self.us = pintle, path, {}

    def time(self, seconds):
        bench = json.loads(run([self.pintle, "bench", "--model", self.path,
                                "--seconds", seconds, "--json"]))
        for path, figures in bench.items():
            self.us.setdefault(path, []).append(figures["median_us"])

    def recommend(self, rows):
        found = run([self.pintle, "recommend", "--model", self.path, "--include-seen",
                     "--history", " ".join(map(str, rows)), "--json"])
        self.top = [int(item["id"]) for item in json.loads(found)["items"]]
