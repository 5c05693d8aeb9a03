# SPDX-License-Identifier: Apache-2.0
"""People whose last item is held out, the lists that `pintle recommend` makes for them, and what a
difference between two kinds of list is worth, with an interval."""

import json
import subprocess
import sys
import tempfile

import numpy as np

K = 10
DISCOUNTS = 1 / np.log2(np.arange(2, K + 2))
NO_ITEM = -1
RESAMPLES = 2000


class Lists:
    """ids, scores: [people, K], NO_ITEM and -inf where a list is shorter. told: what --json says of each
    list besides its entries."""

    def __init__(self, lines):
        self.ids = np.full((len(lines), K), NO_ITEM)
        self.scores = np.full((len(lines), K), -np.inf)
        self.told = []
        for row, line in enumerate(map(json.loads, lines)):
            entries = line.pop("items")
            self.ids[row, :len(entries)] = [int(entry["id"]) for entry in entries]
            self.scores[row, :len(entries)] = [entry["score"] for entry in entries]
            line["first_probability"] = entries[0].get("probability") if entries else None
            self.told.append(line)

    def of_list(self, key):
        return np.array([line["list"][key] for line in self.told])


class People:
    def __init__(self, pintle, domain):
        self.pintle = pintle
        logs = domain.logs()
        events = [logs[user] for user in domain.measured_users()]
        self.events = [items for items in events if len(items) >= 2]
        self.held_out = np.array([items[-1] for items in self.events])
        # members[attribute][item]: whether it has the attribute.
        items = domain.attributes_of_items()
        last = max(max(items), max(map(max, self.events)))
        names = sorted({name for values in items.values() for name in values})
        self.members = {name: np.zeros(last + 2, bool) for name in names}  # NO_ITEM: the last
        for item, values in items.items():
            for name in values:
                self.members[name][item] = True
        self.weights = np.random.default_rng(1).multinomial(
            len(self), np.full(len(self), 1 / len(self)), RESAMPLES).astype(np.float32)

    def __len__(self):
        return len(self.events)

    def large(self, count=100):
        """Attributes of at least so many items, as knobs are made for."""
        return [name for name, items in self.members.items() if items.sum() >= count]

    def ask(self, model, *options, who=None):
        """who: numbers of people, default all."""
        events = self.events if who is None else [self.events[i] for i in who]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(" ".join(map(str, items[:-1])) + "\n" for items in events)
            file.flush()
            done = subprocess.run(
                [str(self.pintle), "recommend", "--model", str(model), "--sequences", file.name,
                 "--top-k", str(K), "--json", *map(str, options)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"recommend {' '.join(map(str, options))}: {done.stderr[-2000:]}")
        return Lists(done.stdout.splitlines())

    def ask_of_items(self, model, option, items):
        """--allow or --deny by the item numbers of a mask."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(f"{item}\n" for item in np.flatnonzero(items[:-1]))
            file.flush()
            return self.ask(model, option, file.name)

    def counts(self, lists, name):
        return self.members[name][lists.ids].sum(1)

    def ndcg(self, ids, who=None):
        held_out = self.held_out if who is None else self.held_out[who]
        return (ids == held_out[:, None]) @ DISCOUNTS

    def loss(self, base, ndcg):
        """% of NDCG lost, with its 95 % interval by a paired bootstrap over people. One number a person
        each, nan where the person does not take part."""
        takes_part = ~(np.isnan(base) | np.isnan(ndcg))
        base, ndcg = (np.where(takes_part, x, 0).astype(np.float64) for x in (base, ndcg))
        drawn = 1 - (self.weights @ ndcg) / (self.weights @ base)
        return (100 * (1 - ndcg.sum() / base.sum()), *(100 * np.percentile(drawn, (2.5, 97.5))))
