# SPDX-License-Identifier: Apache-2.0
"""A share for one person, and diversity."""

import numpy as np

from knob_bars import loss_row
from people import K

SHARE, COUNT = 0.3, 3


def shares(table, steered):
    """Exactly 3 of 10. The quota: the lowest others make room for the most probable members, or the
    lowest members for the most probable others, in the network's order."""
    people = steered.people
    reached, wanted, better, ndcg, quota_ndcg, same, least = 0, 0, 0, [], [], 0, []
    short, pairs, cheaper, at_least_reached = [], 0, 0, 0
    for name in people.large():
        group = steered.group(name)
        lists = people.ask(steered.model, "--share", f"{name}={SHARE}")
        counts = people.counts(lists, name)
        enough = (group.inside >= COUNT) & (group.outside >= K - COUNT)
        kept = (counts == COUNT) & enough
        reached, wanted = reached + kept.sum(), wanted + enough.sum()
        if kept.sum() < enough.sum():
            short.append(f"{name} {100 * kept.sum() / enough.sum():.2f} %")
        quota = group.with_count(np.clip(COUNT, K - group.outside, group.inside))
        ids = group.items(quota)
        pairs += len(people)
        same += (np.sort(ids, 1) == np.sort(lists.ids, 1)).all(1).sum()
        # Both sums rest on probabilities of seven digits.
        cheaper += (lists.of_list("expected_dcg") >= group.expected_dcg(quota) * (1 - 1e-5)).sum()
        ndcg.append(people.ndcg(lists.ids))
        quota_ndcg.append(people.ndcg(ids))
        better += ndcg[-1].mean() >= quota_ndcg[-1].mean() - 1e-12
        more = people.ask(steered.model, "--at-least", f"{name}={SHARE}")
        at_least_reached += ((people.counts(more, name) >= COUNT) & enough).sum()
        least.append(people.ndcg(more.ids))
    count = len(people.large())
    table.row(f"--share {SHARE:g}, {count} attributes: % of people that reach it", "100",
              f"{100 * reached / wanted:.3f}", reached == wanted)
    for text in short:
        table.row(f"  not so: {text}", "", "", None)
    table.row("--share: attributes whose NDCG@10 is not below the quota's", str(count), str(better),
              better == count)
    table.row("  people whose expected DCG is not below the quota's, %", "100",
              f"{100 * cheaper / pairs:.3f}", cheaper == pairs)
    table.row("  people whose list has the quota's items, %", "", f"{100 * same / pairs:.3f}", None)
    table.row("  people with too few eligible items", "", str(pairs - wanted), None)
    table.row(f"--at-least {SHARE:g}: % of people that reach it", "100",
              f"{100 * at_least_reached / wanted:.3f}", at_least_reached == wanted)
    for words, found in (("--share", ndcg), ("the quota", quota_ndcg), ("--at-least", least)):
        loss_row(table, f"  {words}: % of NDCG@10 lost, mean", None,
                 people.loss(steered.base, np.mean(found, 0)))


def diversity(table, steered):
    """The weight at which the mean over people of the intra-list diversity is a fifth higher."""
    people = steered.people
    made = {}

    def ratio(weight):
        if weight not in made:
            made[weight] = people.ask(steered.model, "--diverse", f"{weight:g}")
        lists = made[weight]
        return lists.of_list("diversity").mean() / lists.of_list("plain_diversity").mean()

    low, high = 0.0, 1.0
    if ratio(high) < 1.2:
        table.row("intra-list diversity + 20 %: reached", ">= 1.2", f"{ratio(high):.3f}", False)
        return
    while high - low > 0.004:
        middle = (low + high) / 2
        low, high = (middle, high) if ratio(middle) < 1.2 else (low, middle)
    lists = made[high]
    loss_row(table, f"intra-list diversity x {ratio(high):.3f} (--diverse {high:.3f}): % of NDCG@10",
             2, people.loss(steered.base, people.ndcg(lists.ids)))
    expected = 1 - lists.of_list("expected_dcg").mean() / lists.of_list("plain_dcg").mean()
    table.row("  % of expected DCG lost; entries kept", "",
              f"{100 * expected:.2f}; {lists.of_list('kept').mean():.2f}", None)
    proven = lists.of_list("proven").mean()
    table.row("  % of lists that are proven the best", "", f"{100 * proven:.1f}", None)
