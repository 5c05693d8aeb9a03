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
                    "--interactions", domain.log, "--min-items", 50)
    weights = ", ".join(f"{weight:g}" for weight in told["prior_weights"])
    print(f"{domain.name}: {told['people']} newcomers, after {told['events']} events; weights of popularity {weights}; "
          f"of asked attributes {told['tilt']:g}")
    for method in told["methods"]:
        for key, what in (("hit_rate@10", ""), ("more_than_popularity", "  more than popularity"),
                          ("more_than_plain", "  more than plain")):
            table.row(what or f"{domain.name}: {method['method']}", "",
                      " ".join(text_of(estimate) for estimate in method[key]), None)


def show_simulation(table, pintle, domain, people):
    told = run_json(pintle, "simulate", "--model", model_of(pintle, domain), "--interactions",
                    domain.log, "--people", people, "--seed", 5, *domain.personas)
    print(f"{domain.name}: people {told['persons']}; " + "; ".join(told["notes"]))
    for trial in told["trials"]:
        name = f"{domain.name}, {trial['persona']}: {trial['method']}"
        table.row(name, "", " ".join(text_of(estimate) for estimate in trial["ndcg@10"]), None)
        # Who avoids had better not append; who wants something new had.
        appends = {"avoids": False, "wants": True}.get(trial["persona"])
        if "profile" in trial["method"] and trial["method"].startswith("appended") == appends:
            low, high = trial["share_interval"]
            share = trial["share_after_five"]
            table.row("  of the shift after 20, after 5", ">= 0.8",
                      f"{share:.2f} [{low:.2f}, {high:.2f}]", share >= 0.8)
    plain = {trial["persona"]: trial["ndcg@10"] for trial in told["trials"]
             if trial["method"] == "plain"}
    for pair in told["pairs"]:
        name = f"{domain.name}, {pair['persona']}: {pair['method']} - {pair['against']}"
        more = [pair["more"][place] for place in (FIVE, TWENTY)]
        is_harm = pair["persona"] == "random" and pair["method"] == "profile"
        if is_harm and pair["against"] == "plain":
            losses = [-estimate["mean"] / plain["random"][place]["mean"]
                      for place, estimate in zip((FIVE, TWENTY), more)]
            table.at_most(f"{name}: part lost", 0.01, max(losses), 4)
        table.row(name, "", ", ".join(text_of(estimate) for estimate in more), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pintle", required=True, type=pathlib.Path)
    parser.add_argument("--shared", required=True, type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--only", choices=("simulate", "cold-start"))
    parser.add_argument("--domain", choices=("ml-1m", "beauty"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or pathlib.Path(scratch)
        table = Table()
        for name, kind in (("ml-1m", MovieLens), ("beauty", Beauty)):
            if arguments.domain not in (None, name):
                continue
            domain = kind(arguments.pintle, arguments.shared, work / name)
            # Beauty's histories are short, and its attributes many and small.
            domain.personas = [] if name == "ml-1m" else ["--min-events", 30, "--min-items", 50]
            if arguments.only != "simulate":
                show_cold_start(table, arguments.pintle, domain)
            if arguments.only != "cold-start":
                show_simulation(table, arguments.pintle, domain, arguments.people)
        table.finish()


if __name__ == "__main__":
    main()
