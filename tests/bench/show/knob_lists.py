# SPDX-License-Identifier: Apache-2.0
"""Lists under one knob, at given strengths and where the mean share over people meets an aim."""

import json

import numpy as np

from one_group import OneGroup
from table import run

NEAR = 0.0003  # of the mean share: near enough to an aim
MOST_BEYOND = 8  # strengths past the last reward, each e times the one before


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
        self.temperature, self.wish_unit = about["temperature"], about["wish_unit"]
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
    """A knob's lists by strength. Beyond its range, which `recommend` refuses, they are those of the wish
    for its attribute with the reward that the file has there; past the last one rewards go on growing. A
    knob that has features too has no lists beyond its range."""

    def __init__(self, steered, name):
        self.steered, self.about = steered, steered.knobs[name]
        self.name, self.attribute = name, self.about["attribute"]["name"]
        self.low, self.high = self.about["min_strength"], self.about["max_strength"]
        self.strengths, self.rewards = np.array(self.about["rewards"]).T
        self.plain = steered.people.counts(steered.plain, self.attribute)
        self.made = {0.0: steered.plain}

    def has(self, strength):
        """Whether the file says what the strength is worth."""
        if self.about["features"]:
            return self.low <= strength <= self.high
        return self.strengths[0] <= strength <= self.strengths[-1]

    def option(self, strength):
        if self.low <= strength <= self.high:
            return "--knob", f"{self.name}={strength:g}"
        reward = np.interp(strength, self.strengths, self.rewards)
        reward *= np.exp(max(0, strength - self.strengths[-1]))
        value = np.sign(strength) * reward / self.steered.wish_unit
        return "--wish", f"{self.attribute}={value:.9g}"

    def lists(self, strength):
        if strength not in self.made:
            self.made[strength] = self.steered.people.ask(self.steered.model,
                                                          *self.option(strength))
        return self.made[strength]

    def counts(self, lists):
        return self.steered.people.counts(lists, self.attribute)

    def share(self, lists):
        return self.counts(lists).mean() / lists.ids.shape[1]

    def at_share(self, aim):
        """(lists, strength) whose mean share is near `aim`, above the plain one; (None, None): nothing
        reaches it."""
        ends = [self.high]
        if not self.about["features"]:
            ends += [self.strengths[-1], self.strengths[-1] + MOST_BEYOND]
        for end in ends:
            if self.share(self.lists(end)) >= aim - NEAR:
                return self.search(aim, end)
        return None, None

    def search(self, aim, end, most_steps=14):
        """Between strengths up to `end`: in turns where a straight line meets the aim, and half-way."""
        known = {s: self.share(lists) for s, lists in self.made.items() if 0 <= s <= end}
        best = min(known, key=lambda s: abs(known[s] - aim))
        for step in range(most_steps):
            below = max((s for s in known if known[s] < aim), default=best)
            above = min((s for s in known if known[s] >= aim), default=best)
            if abs(known[best] - aim) <= NEAR or below >= above:
                break
            part = (aim - known[below]) / (known[above] - known[below]) if step % 2 == 0 else 0.5
            middle = round(below + min(max(part, 0.05), 0.95) * (above - below), 5)
            known[middle] = self.share(self.lists(middle))
            best = min(known, key=lambda s: abs(known[s] - aim))
        return self.lists(best), best
