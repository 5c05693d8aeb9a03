# SPDX-License-Identifier: Apache-2.0
"""One table for all figures: what was asked, what was measured, and whether it suffices."""

import json
import subprocess
import sys


class Table:
    def __init__(self):
        self.missed = 0
        print(f"{'item':<58} {'bar':>14} {'measured':>14}  ")

    def row(self, item, bar, measured, ok):
        """ok: true, false, or None for a figure without a bar."""
        verdict = "" if ok is None else "ok" if ok else "MISSED"
        self.missed += verdict == "MISSED"
        print(f"{item:<58} {bar:>14} {measured:>14}  {verdict}", flush=True)

    def at_least(self, item, bar, value, digits=3):
        self.row(item, f">= {bar:g}", f"{value:.{digits}f}", value >= bar)

    def at_most(self, item, bar, value, digits=3):
        self.row(item, f"<= {bar:g}", f"{value:.{digits}f}", value <= bar)

    def near(self, item, wanted, value, tolerance, digits=4):
        self.row(item, f"{wanted:.{digits}f}+-{tolerance:g}", f"{value:.{digits}f}",
                 abs(value - wanted) <= tolerance)

    def finish(self):
        print(f"{self.missed} missed")
        sys.exit(1 if self.missed else 0)


def run(pintle, *arguments):
    done = subprocess.run([str(pintle), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr[-2000:]}")
    return done.stdout


def run_json(pintle, *arguments):
    return json.loads(run(pintle, *arguments, "--json"))
