#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What items that a delta adds are worth: NDCG@10 where the next item is one of them.

    python3 tests/bench/show/delta.py --pintle build/release/converter/pintle --shared ../shared \
        [--work DIR] [--folds 3]

--shared holds the checkpoint gpt2-ml1m and MovieLens-1M. Of its 3,416 films a twentieth, 171, is hidden: the
base model is converted without their rows, and a delta brings them back with vectors that are built from their
genres, the year and the words of their titles. The network itself was trained with them: no trainer of
recommenders is here. What the network's other weights learned of hidden films stays, and so do the
other films' rows beside them; a network that was trained without them may do worse by as much.

Each user's last film is held out, the history is all before it. Events: those whose held-out film is hidden,
of as many hidden twentieths as --folds. The interval is the bootstrap's over these people, 2,000 resamples
of a fixed seed. Needs numpy.
"""

import argparse
import json
import pathlib
import re
import tempfile

import numpy as np

from table import Table, run, run_json

SEED, RESAMPLES, LIST = 20240609, 2000, 10
# As options of `pintle delta`: by histories that the model draws itself, or by those of the log.
DRAWN = {f"--exposure {e}": ("--exposure", e) for e in (1, 2, 4)}


def read_films(path):
    """(id, title, date, genres) of each; the year of the title as a date."""
    lines = path.read_text().splitlines()[1:]
    films = []
    for line in lines:
        film, _, title, genres = line.split("\t")
        year = re.search(r"\((\d{4})\)", title)
        films.append((film, title, f"{year.group(1)}-01-01" if year else "", genres))
    return films


def write_films(path, films):
    path.write_text("\n".join("\t".join(row) for row in
                              [("item_id", "title", "released", "genres"), *films]) + "\n")
    return path


def read_histories(path):
    histories = {}
    for line in path.read_text().splitlines():
        user, film = line.split()
        histories.setdefault(user, []).append(film)
    return [films for films in histories.values() if len(films) > 1]


def gain(ranked, target):
    return 1 / np.log2(ranked.index(target) + 2) if target in ranked else 0.0


class Lists:
    """NDCG@10 of people under a model, by `pintle recommend`."""

    def __init__(self, pintle, work):
        self.pintle, self.work = pintle, work

    def of(self, histories, *model):
        """(gains of people, lists)."""
        path = self.work / "sequences.txt"
        path.write_text("".join(" ".join(h[:-1]) + "\n" for h in histories))
        out = run(self.pintle, "recommend", *model, "--sequences", path, "--skip-unknown",
                  "--top-k", LIST, "--json")
        lists = [[str(item["id"]) for item in json.loads(line)["items"]]
                 for line in out.splitlines()]
        return np.array([gain(l, h[-1]) for l, h in zip(lists, histories)]), lists


def interval(values):
    random = np.random.default_rng(SEED)
    means = np.sort(values[random.integers(0, len(values), (RESAMPLES, len(values)))].mean(1))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def told(values):
    low, high = interval(values)
    return f"{values.mean():.4f} [{low:.4f}, {high:.4f}]"


def popular_gains(histories, counts):
    """Where lists are the most seen films, the hidden ones' events in the log counted."""
    order = [film for film, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    gains = []
    for history in histories:
        seen = set(history[:-1])
        ranked = []
        for film in order:
            if film not in seen:
                ranked.append(film)
            if len(ranked) == LIST:
                break
        gains.append(gain(ranked, history[-1]))
    return np.array(gains)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pintle", type=pathlib.Path, required=True)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--folds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        show(arguments, (arguments.work or pathlib.Path(temporary)).resolve())


def show(arguments, work):
    work.mkdir(parents=True, exist_ok=True)
    pintle, table = arguments.pintle.resolve(), Table()
    checkpoint = arguments.shared / "checkpoints/gpt2-ml1m"
    log = arguments.shared / "data/ml-1m/ml-1m.txt"
    films = read_films(arguments.shared / "data/ml-1m/items.tsv")
    histories = read_histories(log)
    counts = {}
    for history in histories:
        for film in history[:-1]:
            counts[film] = counts.get(film, 0) + 1
    lists = Lists(pintle, work)

    def convert(rows, name):
        run(pintle, "convert", "--weights", checkpoint / "model.safetensors", "--config",
            checkpoint / "config.json", "--items", write_films(work / f"{name}.tsv", rows),
            "--precision", "int8", "--out", work / f"{name}.pintle")
        return work / f"{name}.pintle"

    ways = {**DRAWN, "--interactions LOG": ("--interactions", log)}
    whole = convert(films, "whole")
    whole_all = lists.of(histories, "--model", whole)[0]
    order = np.random.default_rng(SEED).permutation(len(films))
    size = len(films) // 20
    events, hidden_count = [], 0
    full, popular = [], []
    built = {exposure: [] for exposure in ways}
    all_people = {exposure: [] for exposure in ways}
    shares = {exposure: [] for exposure in ways}
    without, figures = [], []
    for fold in range(arguments.folds):
        places = set(order[fold * size:(fold + 1) * size].tolist())
        hidden = {films[i][0] for i in places}
        hidden_count += len(hidden)
        base = convert([f for i, f in enumerate(films) if i not in places], "base")
        rows = write_films(work / "new.tsv", [f for i, f in enumerate(films) if i in places])
        asked = [u for u, h in enumerate(histories) if h[-1] in hidden]
        events.append(len(asked))
        full.append(whole_all[asked])
        popular.append(popular_gains([histories[u] for u in asked], counts))
        without.append(lists.of(histories, "--model", base)[0].mean())
        for exposure in ways:
            delta = work / "new.delta"
            made = run_json(pintle, "delta", "--model", base, "--items", rows, *ways[exposure],
                            "--out", delta)
            if "--interactions" in ways[exposure]:
                figures.append(made["quality"])
            gains, of_all = lists.of(histories, "--model", base, "--delta", delta)
            built[exposure].append(gains[asked])
            all_people[exposure].append(gains.mean())
            shares[exposure].append(np.mean([sum(f in hidden for f in l) for l in of_all]) / LIST)
    table.row(f"films hidden, {arguments.folds} times {size}; events whose film is hidden", "",
              f"{hidden_count}; {sum(events)}", None)
    table.row("cosine of built with true rows, as pintle delta told", "",
              f"{np.mean([f['cosine'] for f in figures]):.3f}", None)
    table.row("NDCG@10 that it told of other hidden films; by true rows", "",
              f"{np.mean([f['ndcg@10'] for f in figures]):.4f}; "
              f"{np.mean([f['true_ndcg@10'] for f in figures]):.4f}", None)
    table.row("NDCG@10 there, the whole model", "", told(np.concatenate(full)), None)
    for exposure in ways:
        table.row(f"  base and delta, {exposure}", "",
                  told(np.concatenate(built[exposure])), None)
    table.row("  by popularity, the hidden films' own counted", "",
              told(np.concatenate(popular)), None)
    chance = sum(1 / np.log2(r + 2) for r in range(LIST)) / len(films)
    table.row("  at random", "", f"{chance:.4f}", None)
    table.row("NDCG@10 of all people, the whole model", "", f"{whole_all.mean():.4f}", None)
    table.row("  base alone (hidden films are misses)", "", f"{np.mean(without):.4f}", None)
    for exposure in ways:
        table.row(f"  the same, {exposure}; hidden films' share of places", "",
                  f"{np.mean(all_people[exposure]):.4f}; {np.mean(shares[exposure]):.3f}", None)
    table.finish()


if __name__ == "__main__":
    main()
