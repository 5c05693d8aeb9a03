# SPDX-License-Identifier: Apache-2.0
"""Prints what compare.py measured. Every ratio is of one round; a spread is over rounds."""

import json
import os
import statistics

PATHS = {
    "history": "whole history + top 10",
    "append_recommend": "one event + top 10",
    "append_full_window": "one event + top 10, window full",
}
# What is timed without a list of its own, or elsewhere.
UNLISTED = ("open", "append", "recommend")
COLUMNS = (("int8", "append_recommend"), ("f32", "append_recommend"), ("int8", "history"),
           ("f32", "history"))
PEER = "ONNX Runtime"
# Network, precision, path, what it must be so many times faster than.
FASTER_THAN_PEER = (("gpt2", "int8", "append_recommend", 50), ("sasrec", "f32", "history", 3.5))
# Path (or a part of its name), at most so many times `history` of the same model.
AGAINST_HISTORY = (("append_full_window", 1.0), ("hop", 0.1))


def ratios(numerators, denominators):
    return [a / b for a, b in zip(numerators, denominators)]


def number(value):
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def spread(values):
    return " / ".join(number(f(values)) for f in (min, statistics.median, max))


def verdict(values, bar, at_least):
    """A bar is met if every round meets it, missed if none does; between, the median is named."""
    meets = [v >= bar if at_least else v <= bar for v in values]
    if all(meets) or not any(meets):
        return "met" if meets[0] else "MISSED"
    middle = statistics.median(values)
    met = middle >= bar if at_least else middle <= bar
    return f"{'met' if met else 'MISSED'} by the median, not by every round"


def described(path):
    return PATHS.get(path, path.replace("_", " "))


def is_steered(path):
    return path.startswith(("steer_", "rerank_"))


def print_missing(missing):
    for name, reason in missing.items():
        print(f"not timed: {name} ({reason})")


def print_network(network):
    width = 44
    print(f"\n{network.title}\n{'':{width}s} {'us':>22s}  same   times as slow as Pintle's")
    print(f"{'':{width}s} {'min / median / max':>22s} of 10"
          + "".join(f" {precision + ' ' + ('event' if 'append' in path else 'history'):>20s}"
                    for precision, path in COLUMNS))

    def print_row(name, us, top, cells):
        same = sum(1 for item in top if item in network.top)
        print(f"{name:{width}s} {spread(us):>22s} {same:5d}"
              + "".join(f" {cell:>20s}" for cell in cells))

    for engine in network.engines:
        print_row(engine.name, engine.us, engine.top,
                  [spread(ratios(engine.us, network.models[precision].us[path]))
                   for precision, path in COLUMNS])
    for precision, model in network.models.items():
        for path, us in model.us.items():
            if path not in UNLISTED and not is_steered(path):
                print_row(f"pintle {precision}, {described(path)}", us, model.top, [])


def bar_lines(networks):
    for network in networks:
        peers = [engine for engine in network.engines if engine.name == PEER]
        for kind, precision, path, bar in FASTER_THAN_PEER:
            for peer in peers if kind == network.kind else ():
                values = ratios(peer.us, network.models[precision].us[path])
                yield (f"{kind} {precision}, {described(path)}: {spread(values)} x faster than "
                       f"{PEER}", f"at least {bar}", verdict(values, bar, at_least=True))
        for precision, model in network.models.items():
            for wanted, bar in AGAINST_HISTORY:
                for path in (p for p in model.us if wanted == p or (wanted == "hop" and wanted in p)):
                    values = ratios(model.us[path], model.us["history"])
                    yield (f"{network.kind} {precision}, {described(path)}: "
                           f"{spread(values)} x its whole history",
                           f"at most {bar}", verdict(values, bar, at_least=False))


def print_steered(model):
    print(f"\nsteered paths of {model.path}")
    for path, us in model.us.items():
        if is_steered(path):
            base = "recommend" if path.startswith("rerank_") else "append_recommend"
            print(f"{path:42s} {spread(us):>24s}  {spread(ratios(us, model.us[base]))} x "
                  f"{base}")


def print_tables(networks, steerable, rounds, seconds):
    versions = {engine.version: None for network in networks for engine in network.engines}
    print(f"the same list from all f32 engines: {', '.join(versions)}\n{rounds} rounds in "
          f"{seconds:.0f} s, one thread, spreads over rounds; load average {os.getloadavg()[0]:.1f}")
    for network in networks:
        print_network(network)
    print("\nbars")
    for text, bar, met in bar_lines(networks):
        print(f"{text}; {bar}: {met}")
    if steerable:
        print_steered(steerable)


def to_json(networks, steerable):
    whole = {network.title: {
        "engines": {engine.name: engine.us for engine in network.engines},
        "pintle": {precision: model.us for precision, model in network.models.items()},
    } for network in networks}
    if steerable:
        whole[str(steerable.path)] = steerable.us
    return json.dumps(whole, indent=1) + "\n"
