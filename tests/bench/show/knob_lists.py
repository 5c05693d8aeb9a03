# SPDX-License-Identifier: Apache-2.0
"""Lists under one knob, at given strengths and where the mean share over people meets an aim."""

import json

import numpy as np

from one_group import OneGroup
from table import run

NEAR = 0.001  # of the mean share: near enough to an aim


def aimed_share(aim, start):
    """As `pintle sweep` has it."""
    if aim == "half":
        return 0.5
    return 2 * start if start < 0.25 else start + 0.15


class Steered:
    """A model with knobs, and people. Plain lists are asked with --why, for a probability."""

    def __init__(self, people, model):
        self.people, self.model = people, model
        about = json.loads(run(people.pintle, "inspect", "--model", model, "--json"))
        self.temperature = about["temperature"] or 1.0
        self.knobs = {knob["name"]: knob for knob in about["knobs"] if knob["attribute"]}
        self.plain = people.ask(model, "--why")
        self.base = people.ndcg(self.plain.ids)
        self.curves, self.groups = {}, {}

    def curve(self, knob):
        if knob not in self.curves:
            self.curves[knob] = Curve(self, knob)
        return self.curves[knob]

    def group(self, name):
        if name not in self.groups:
            self.groups[name] = OneGroup(self.people, self.model, self.temperature, self.plain, name)
        return self.groups[name]


class Curve:
    def __init__(self, steered, name):
        self.steered, self.about = steered, steered.knobs[name]
        self.name, self.attribute = name, self.about["attribute"]["name"]
        self.low, self.high = self.about["min_strength"], self.about["max_strength"]
        self.plain = steered.people.counts(steered.plain, self.attribute)
        self.made = {0.0: steered.plain}

    def lists(self, strength):
        if strength not in self.made:
            self.made[strength] = self.steered.people.ask(
                self.steered.model, "--knob", f"{self.name}={strength:g}")
        return self.made[strength]

    def counts(self, lists):
        return self.steered.people.counts(lists, self.attribute)

    def share(self, lists):
        return self.counts(lists).mean() / lists.ids.shape[1]

    def at_share(self, aim):
        """(lists, strength) whose mean share is near `aim`, above the plain one; strength None: beyond the
        range, where the wish for the attribute goes on; lists None: nothing reaches it. A knob of
        features too has no lists beyond its range."""
        if self.share(self.lists(self.high)) >= aim - NEAR:
            known = {s: self.share(lists) for s, lists in self.made.items() if s >= 0}
            return self.search(aim, known, self.lists)
        if self.about["features"]:
            return None, None
        wished = {}

        def by_wish(logarithm):
            if logarithm not in wished:
                wished[logarithm] = self.steered.people.ask(
                    self.steered.model, "--wish", f"{self.attribute}={np.exp(logarithm):.9g}")
            return wished[logarithm]

        ends = [np.log(0.1), np.log(1e5)]
        known = {end: self.share(by_wish(end)) for end in ends}
        if known[ends[1]] < aim - NEAR:
            return None, None
        return self.search(aim, known, by_wish)[0], None

    @staticmethod
    def narrowed(known, aim):
        below = max((s for s in known if known[s] < aim), key=lambda s: known[s])
        above = min((s for s in known if known[s] >= aim), key=lambda s: known[s])
        return below, above

    def search(self, aim, known, lists_at, most_steps=14):
        """Between known strengths: alternately where a straight line meets the aim, and half-way."""
        for step in range(most_steps):
            best = min(known, key=lambda s: abs(known[s] - aim))
            if abs(known[best] - aim) <= NEAR:
                break
            below, above = self.narrowed(known, aim)
            part = (aim - known[below]) / (known[above] - known[below]) if step % 2 == 0 else 0.5
            middle = round(below + min(max(part, 0.05), 0.95) * (above - below), 6)
            if middle in known:
                break
            known[middle] = self.share(lists_at(middle))
        best = min(known, key=lambda s: abs(known[s] - aim))
        return lists_at(best), best
