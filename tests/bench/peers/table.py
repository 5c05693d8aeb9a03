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
# Path, at most so many times `history` of the same model.
AGAINST_HISTORY = (("append_full_window", 1.0), ("append_hop", 0.1))


def ratios(numerators, denominators):
    return [a / b for a, b in zip(numerators, denominators)]


def spread(values, digits=1):
    low, middle, high = (f"{f(values):.{digits}f}" for f in (min, statistics.median, max))
    return f"{low} / {middle} / {high}"


def verdict(values, bar, at_least):
    """A bar is met if every round meets it; otherwise the text says what the median does."""
    meets = [v >= bar if at_least else v <= bar for v in values]
    if all(meets):
        return "met"
    if not any(meets):
        return "MISSED"
    middle = statistics.median(values)
    return "met by the median" if (middle >= bar) == at_least else "MISSED by the median"


def described(path):
    return PATHS.get(path, path.replace("_", " "))


def is_steered(path):
    return path.startswith(("steer_", "rerank_"))


def print_missing(missing):
    for name, reason in missing.items():
        print(f"not timed: {name} ({reason})")


def print_network(network):
    width = max(len(e.name) for e in network.engines) if network.engines else 0
    width = max(width, 42)
    print(f"\n{network.title}")
    heads = [f"/ {precision} {'event' if 'append' in path else 'history'}"
             for precision, path in COLUMNS]
    print(f"{'us: min / median / max':{width}s} {'':>24s}  same of 10"
          + "".join(f" {head:>22s}" for head in heads))
    for engine in network.engines:
        same = sum(1 for item in engine.top if item in network.top)
        cells = [spread(ratios(engine.us, network.models[precision].us[path]))
                 for precision, path in COLUMNS]
        print(f"{engine.name:{width}s} {spread(engine.us):>24s}  {same:>10d}"
              + "".join(f" {cell:>22s}" for cell in cells))
    for precision, model in network.models.items():
        same = sum(1 for item in model.top(network.rows) if item in network.top)
        for path, us in model.us.items():
            if path in UNLISTED or is_steered(path):
                continue
            name = f"pintle {precision}, {described(path)}"
            print(f"{name:{width}s} {spread(us):>24s}  {same:>10d}")


def bar_lines(networks):
    for network in networks:
        peers = [e for e in network.engines if e.name.startswith(PEER) and e.exact
                 and "," not in e.name]
        for kind, precision, path, bar in FASTER_THAN_PEER:
            for peer in peers if kind == network.kind else ():
                values = ratios(peer.us, network.models[precision].us[path])
                yield (f"{kind} {precision}, {described(path)}: {spread(values)} x faster than "
                       f"{peer.name}", f"at least {bar}", verdict(values, bar, at_least=True))
        for precision, model in network.models.items():
            for path, bar in AGAINST_HISTORY:
                if path in model.us:
                    values = ratios(model.us[path], model.us["history"])
                    yield (f"{network.kind} {precision}, {described(path)}: "
                           f"{spread(values, 3)} x its whole history",
                           f"at most {bar}", verdict(values, bar, at_least=False))


def print_steered(model):
    print(f"\nsteered paths of {model.path}")
    for path, us in model.us.items():
        if is_steered(path):
            base = "recommend" if path.startswith("rerank_") else "append_recommend"
            print(f"{path:42s} {spread(us):>24s}  {spread(ratios(us, model.us[base]), 2)} x "
                  f"{base}")


def print_tables(networks, steerable, rounds, seconds):
    print(f"the same lists from all f32 engines; {rounds} rounds in {seconds:.0f} s, one thread, "
          f"spreads over rounds; load average {os.getloadavg()[0]:.1f}")
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
