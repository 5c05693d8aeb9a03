# SPDX-License-Identifier: Apache-2.0
"""Groups that features found in a model that knows no attribute, and attributes that are known of a tenth of
the items only, each turned up until the mean share of the hidden attribute meets an aim."""

import json

import numpy as np

from example_bars import Meeting
from knob_bars import WORDS, loss_row
from knob_lists import aimed_share
from people import K

BARS = {"found": 0.6, "completed": 0.84}
KNOWN = 0.1


def level_of_items(people, features, group):
    """name -> [items]: memberships of the concepts of one group in a features.json."""
    levels = {}
    for made in features["concepts"]:
        if made["group"] != group:
            continue
        level = np.zeros(len(next(iter(people.members.values()))))
        for item, fifteenths in made["items"].items():
            level[int(item)] = fifteenths / 15
        levels[made["name"]] = level
    return levels


def most_alike(levels, members):
    """The concept whose memberships correlate best with an attribute, which the model has not seen."""
    return max(levels, key=lambda name: np.corrcoef(levels[name][:-1], members[:-1])[0, 1])


def losses(table, people, model, wishes, aim):
    """wishes: attribute -> the wish that stands for it. [attributes][people] of NDCG@10 at the aim."""
    base = people.ask(model)
    met = []
    for name, wish in wishes.items():
        counts = lambda lists: people.counts(lists, name)
        start = counts(base).mean() / K
        try:
            lists = Meeting(lambda value: people.ask(model, "--wish", f"{wish}={value:.6g}"),
                            lambda made: counts(made).mean() / K, aimed_share(aim, start), base, 1.0)
        except ValueError:
            table.row(f"  {name} by \"{wish}\"", "", f"never {WORDS[aim]}", None)
            continue
        met.append(lists.each(lambda made: people.ndcg(made.ids)))
        loss_row(table, f"  {name} by \"{wish}\": % of NDCG@10 lost", None,
                 people.loss(people.ndcg(base.ids), met[-1]))
    return people.ndcg(base.ids), met


def concepts(table, people, domain):
    features, model = domain.found()
    levels = level_of_items(people, json.loads(features.read_text()), "concept")
    names = people.large()
    found = {name: "concept/" + most_alike(levels, people.members[name]) for name in names}
    features, completed_model = domain.completed(KNOWN)
    group = domain.attribute_group + ", completed"
    told = level_of_items(people, json.loads(features.read_text()), group)
    completed = {name: f"{group}/{name}" for name in names if name in told}
    for kind, its_model, wishes in (("found", model, found), ("completed", completed_model, completed)):
        base, met = losses(table, people, its_model, wishes, "doubled")
        loss = people.loss(base, np.mean(met, 0))
        bar = BARS[kind] if domain.name == "ML-1M" else None
        loss_row(table, f"{domain.name}, {kind}: % of NDCG@10 lost where the share is {WORDS['doubled']}, "
                 f"mean of {len(met)} of {len(names)}", bar, loss)
