# SPDX-License-Identifier: Apache-2.0
"""Lists of one attribute from the ten best items that have it and the ten best of the others, which is
all that a best list of ten, a quota or a bonus can hold. Independent of how the runtime chooses."""

import numpy as np

from people import DISCOUNTS, K


class OneGroup:
    """ids, scores, p: [people, 2 K], members first. temperature: the model's; plain: lists with --why."""

    def __init__(self, people, model, temperature, plain, name):
        members = people.members[name]
        inside = people.ask_of_items(model, "--allow", members)
        outside = people.ask_of_items(model, "--deny", members)
        self.ids = np.hstack([inside.ids, outside.ids])
        self.scores = np.hstack([inside.scores, outside.scores])
        first = np.array([line["first_probability"] for line in plain.told])
        self.p = first[:, None] * np.exp((self.scores - plain.scores[:, :1]) / temperature)
        self.inside = np.isfinite(inside.scores).sum(1)   # eligible ones, up to K
        self.outside = np.isfinite(outside.scores).sum(1)

    @staticmethod
    def is_member():
        return np.arange(2 * K) < K

    def best(self, keys):
        """The K columns of the largest keys, best first; equal ones: the lower id."""
        return np.lexsort((self.ids, -keys))[:, :K]

    def with_count(self, counts):
        """The most probable `counts` [people] members and the most probable others, by their scores."""
        counts = np.asarray(counts)[:, None]
        column = np.arange(2 * K)
        taken = np.where(column < K, column < counts, column - K < K - counts)
        return self.best(np.where(taken, self.scores, -np.inf))

    def bonus(self, b):
        """By p + b for members."""
        keys = np.where(np.isfinite(self.scores), self.p + b * self.is_member(), -np.inf)
        return self.best(keys)

    def reweighted(self, more):
        """By scores, `more` being added to the members': a factor on p."""
        return self.best(self.scores + more * self.is_member())

    def in_order(self, columns):
        """The same items by their scores."""
        chosen = np.zeros(self.scores.shape, bool)
        np.put_along_axis(chosen, columns, True, 1)
        return self.best(np.where(chosen, self.scores, -np.inf))

    def share(self, columns):
        return (columns < K).mean()

    def items(self, columns):
        return np.take_along_axis(self.ids, columns, 1)

    def expected_dcg(self, columns):
        return np.take_along_axis(self.p, columns, 1) @ DISCOUNTS

    def at_share(self, method, share, most):
        """The lists of `method`, a function of a strength from 0 to `most`, whose mean share is nearest."""
        low, high = 0.0, most
        for _ in range(50):
            middle = (low + high) / 2
            if self.share(method(middle)) < share:
                low = middle
            else:
                high = middle
        return min((method(low), method(high)), key=lambda lists: abs(self.share(lists) - share))
