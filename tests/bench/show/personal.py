#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the profile learns on two domains: `pintle simulate` and `pintle cold-start`, with their intervals.

    python3 tests/bench/show/personal.py --pintle build/release/converter/pintle --shared ../shared \\
        [--work DIR] [--people 500] [--only simulate|cold-start] [--domain ml-1m|beauty]

--shared holds the checkpoints gpt2-ml1m and iclrec-beauty and their data. Popularity is counted over all but each
user's last event, which both networks were trained without; the events before it they have seen. Prints one table;
exits with 1 if a bar of it is missed.
"""

import argparse
import pathlib
import tempfile

from domains import Beauty, MovieLens
from table import Table, run, run_json

FIVE, TWENTY = 3, 5  # places in the simulation's numbers of feedback


def model_of(pintle, domain):
    """int8, with the popularity of all but everybody's last event."""
    log, path = domain.work / "prefixes.txt", domain.work / "personal.pintle"
    if not path.exists():
        log.write_text("".join(f"{user} {item}\n" for user, items in domain.logs().items()
                               for item in items[:-1]))
        run(pintle, "convert", *domain.conversion, "--items", domain.items, "--precision", "int8",
            "--interactions", log, *(["--attributes", "genres"] if domain.name == "ML-1M" else []),
            "--out", path)
    return path


def text_of(estimate, digits=2):
    low, high = estimate["interval"]
    return f"{100 * estimate['mean']:.{digits}f} [{100 * low:.{digits}f}, {100 * high:.{digits}f}]"


def show_cold_start(table, pintle, domain):
    told = run_json(pintle, "cold-start", "--model", model_of(pintle, domain),
                    "--interactions", domain.log, "--min-items", domain.least_items)
    weights = ", ".join(f"{weight:g}" for weight in told["prior_weights"])
    print(f"{domain.name}: {told['people']} newcomers; weights of popularity {weights}; "
          f"of asked attributes {told['tilt']:g}")
    for method in told["methods"]:
        for place, events in enumerate(told["events"]):
            rate = text_of(method["hit_rate@10"][place])
            more = text_of(method["more_than_popularity"][place])
            plain = text_of(method["more_than_plain"][place])
            table.row(f"{domain.name} {events:>2} events: {method['method']}", "",
                      f"{rate}, over popularity {more}, over plain {plain}", None)
