# SPDX-License-Identifier: Apache-2.0
"""Groups by example: ten random items of an attribute as the only input, against its whole label."""

import numpy as np

from knob_bars import WORDS, loss_row
from knob_lists import aimed_share
from people import K

ITEMS, BAR = 10, 0.8
NEAR = 0.03  # of what is aimed at: so near two points are joined by a line


class Meeting:
    """What lists give each person where a mean over people meets an aim: on the line between the two
    nearest strengths that were tried. values: strengths; measure(lists): the mean, rising with them."""

    def __init__(self, ask, measure, aim, plain, first, most_tries=8):
        zero = measure(plain)
        tried = {0.0: (zero, plain)}
        value = first
        for _ in range(most_tries):
            lists = ask(value)
            tried[value] = measure(lists), lists
            points = sorted((found, strength) for strength, (found, _) in tried.items())
            below = max(point for point in points if point[0] <= aim)
            above = min((point for point in points if point[0] > aim), default=None)
            nearest = min(abs(found - aim) for found, _ in points)
            if above and nearest <= NEAR * (aim - zero):
                break
            if above is None:
                value = 1.7 * value
            else:
                # Losses rise faster than strengths, shares slower: by a straight line, but never near an end.
                part = (aim - below[0]) / (above[0] - below[0])
                value = below[1] + min(max(part, 0.15), 0.85) * (above[1] - below[1])
        if above is None:
            raise ValueError("no strength reaches the aim")
        self.part = (aim - below[0]) / (above[0] - below[0])
        self.low, self.high = tried[below[1]][1], tried[above[1]][1]
        self.strength = below[1] + self.part * (above[1] - below[1])

    def each(self, number):
        """number(lists) [people]."""
        return (1 - self.part) * number(self.low) + self.part * number(self.high)


def expected_loss(lists):
    """Of the network's own expected DCG, as a part: NDCG's loss without the noise of one held-out item."""
    return 1 - lists.of_list("expected_dcg").mean() / lists.of_list("plain_dcg").mean()


def ratio_interval(people, gains, label_gains):
    """Mean over attributes and draws of the ratio of mean gains, and its 95 % interval: people are drawn
    anew, and draws within each attribute. gains: [attribute][draw][people], label_gains: [attribute][people]."""
    random = np.random.default_rng(2)
    resampled = 0
    for own, label in zip(gains, label_gains):
        drawn = (people.weights @ np.array(own, np.float32).T) / (people.weights @ label)[:, None]
        picks = random.integers(0, len(own), drawn.shape)
        resampled = resampled + np.take_along_axis(drawn, picks, 1).mean(1) / len(gains)
    mean = np.mean([np.mean(own) / label.mean() for own, label in zip(gains, label_gains)])
    return mean, *np.percentile(resampled, (2.5, 97.5))


def example(table, steered, draws):
    for aim in ("doubled", "half"):
        gained_parts(table, steered, draws, aim)


def gained_parts(table, steered, draws, aim):
    """The share of an attribute that its label gains where the mean share meets the aim, and that ten of its
    items gain at the same loss of expected DCG. What both lose of NDCG@10 stands beside it."""
    people, model = steered.people, steered.model
    plain = people.ask(model, "--wish", f"{people.large()[0]}=0")
    gains, label_gains, losses, label_losses = [], [], [], []
    for number, name in enumerate(people.large()):
        counts = lambda lists: people.counts(lists, name)
        start = counts(plain)
        label = Meeting(lambda value: people.ask(model, "--wish", f"{name}={value:.6g}"),
                        lambda lists: counts(lists).mean() / K,
                        aimed_share(aim, start.mean() / K), plain, 1.0)
        loss = (1 - label.part) * expected_loss(label.low) + label.part * expected_loss(label.high)
        label_gains.append((label.each(counts) - start).astype(np.float32))
        label_losses.append(label.each(lambda lists: people.ndcg(lists.ids)))
        gains.append([])
        for draw in range(draws):
            random = np.random.default_rng((number, draw))
            items = random.choice(np.flatnonzero(people.members[name]), ITEMS, replace=False)
            like = "ten=" + ",".join(map(str, items))
            own = Meeting(lambda value: people.ask(model, "--like", like, "--wish", f"ten={value:.6g}"),
                          expected_loss, loss, plain, label.strength)
            gains[-1].append(own.each(counts) - start)
            losses.append(own.each(lambda lists: people.ndcg(lists.ids)))
        parts = [np.mean(gain) / label_gains[-1].mean() for gain in gains[-1]]
        table.row(f"  {name}: part of the label's gain ({label_gains[-1].mean() / K:+.3f})", "",
                  f"{np.mean(parts):.2f} [{min(parts):.2f}, {max(parts):.2f}]", None)
    mean, low, high = ratio_interval(people, gains, label_gains)
    table.row(f"mean share {WORDS[aim]}, {ITEMS} random items for it, {draws} draws: part of the gain",
              f">= {BAR:g}", f"{mean:.3f} [{low:.3f}, {high:.3f}]", mean >= BAR)
    label_loss, loss = np.mean(label_losses, 0), np.mean(losses, 0)
    loss_row(table, "  labels: % of NDCG@10 lost, mean", None, people.loss(steered.base, label_loss))
    loss_row(table, "  by example: % of NDCG@10 lost, mean", None, people.loss(steered.base, loss))
    loss_row(table, "  by example: % of the labels' NDCG@10 lost, mean", None,
             people.loss(label_loss, loss))
