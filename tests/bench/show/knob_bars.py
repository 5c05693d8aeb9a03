# SPDX-License-Identifier: Apache-2.0
"""What knobs show: units, the price of a mean share, and the knob against the bonus alone."""

import statistics

import numpy as np

from knob_lists import aimed_share
from people import K

# Doubled, or raised to a half: % of NDCG@10 lost, % of the people without one more item.
BARS = {"doubled": (0.35, 36), "half": (5.5, 5)}
WORDS = {"doubled": "doubled", "half": "raised to a half"}


def loss_text(loss):
    return f"{loss[0]:.2f} [{loss[1]:.2f}, {loss[2]:.2f}]"


def loss_row(table, item, bar, loss):
    """bar: None for a figure without one."""
    table.row(item, "" if bar is None else f"<= {bar:g}", loss_text(loss),
              None if bar is None else loss[0] <= bar)


def units(table, steered):
    """+n: of the people whose list has room for n more, the median gains n; -n: of those who have n, it
    loses n. The lower median, so that a half below n is a miss. Beyond a knob's range too: the file has
    rewards there."""
    people, curves = steered.people, [steered.curve(name) for name in steered.knobs]
    for step in (1, 2, 3, -1, -2):
        able = [curve for curve in curves if curve.has(step)]
        wrong, below, ndcg = [], [], []
        for curve in able:
            lists = curve.lists(float(step))
            gained = (curve.counts(lists) - curve.plain) * np.sign(step)
            gained = gained[(K - curve.plain if step > 0 else curve.plain) >= abs(step)]
            below.append((gained < abs(step)).mean())
            ndcg.append(people.ndcg(lists.ids))
            median = np.sort(gained)[(len(gained) - 1) // 2]
            if median != abs(step):
                wrong.append(f"{curve.name} {median}")
        table.row(f"{step:+d}: knobs whose median person {'gains' if step > 0 else 'loses'} "
                  f"{abs(step)}", str(len(curves)), str(len(able) - len(wrong)),
                  len(able) - len(wrong) == len(curves))
        for text in wrong:
            table.row(f"  not so: {text}", "", "", None)
        for curve in curves:
            if curve not in able:
                table.row(f"  no reward there: {curve.name}", "", "", None)
        if not able:
            continue
        beyond = sum(not curve.low <= step <= curve.high for curve in able)
        table.row("  of them beyond the knob's range", "", str(beyond), None)
        table.row("  % of people below the unit: mean, most", "",
                  f"{100 * np.mean(below):.1f}, {100 * max(below):.1f}", None)
        loss_row(table, "  % of NDCG@10 lost, mean", None,
                 people.loss(steered.base, np.mean(ndcg, 0)))
    falling = [curve.name for curve in curves if falls(curve)]
    table.row("knobs whose share does not always rise over the range", "0", str(len(falling)),
              not falling)


def falls(curve):
    strengths = np.unique(np.append(np.arange(np.ceil(curve.low), np.floor(curve.high) + 1),
                                    (curve.low, curve.high)))
    shares = [curve.share(curve.lists(float(s))) for s in strengths]
    return any(b < a for a, b in zip(shares, shares[1:]))


def knobs(table, steered):
    curves = [steered.curve(name) for name in steered.knobs]
    with_features = sum(curve.about["features"] > 0 for curve in curves)
    table.row("knobs; of them with features", "", f"{len(curves)}; {with_features}", None)
    for aim in BARS:
        mean_share(table, steered, curves, aim)


def mean_share(table, steered, curves, aim):
    """Of every knob the lists whose mean share is the aim, and other methods' at the same share."""
    people, words = steered.people, f"mean share {WORDS[aim]}: "
    found, missed, beyond, effects = {}, [], 0, {}
    for curve in curves:
        start = curve.plain.mean() / K
        lists, strength = curve.at_share(aimed_share(aim, start))
        if lists is None:
            missed.append(curve.name)
            continue
        beyond += strength > curve.high
        share = curve.share(lists)
        effects[curve.name] = side_effect(steered, curve, lists, share - start)
        group = steered.group(curve.attribute)
        for method, ids in {"knob": lists.ids, **baselines(group, share)}.items():
            counts = people.members[curve.attribute][ids].sum(1)
            found.setdefault(method, []).append((people.ndcg(ids),
                                                 100 * (counts <= curve.plain).mean()))
        ndcg, unmoved = found["knob"][-1]
        table.row(f"  {curve.name}: {start:.3f} to {share:.3f} at {strength:+.2f} "
                  f"(range to {curve.high:+.1f})", "",
                  f"{loss_text(people.loss(steered.base, ndcg))}; {unmoved:.0f} %", None)
    table.row(words + "knobs that reach it", str(len(curves)), str(len(curves) - len(missed)),
              not missed)
    for name in missed:
        table.row(f"  not so: {name}", "", "", None)
    if not found:
        return
    table.row("  of them beyond the knob's range", "", str(beyond), None)
    for method, values in found.items():
        loss = people.loss(steered.base, np.mean([ndcg for ndcg, _ in values], 0))
        unmoved = statistics.mean(unmoved for _, unmoved in values)
        if method == "knob":
            loss_row(table, words + "% of NDCG@10 lost, mean", BARS[aim][0], loss)
            table.at_most(words + "% of people without one more", BARS[aim][1], unmoved, 1)
        else:
            table.row(f"  {method}: % lost; % of people without one more", "",
                      f"{loss_text(loss)}; {unmoved:.0f}", None)
    if aim == "doubled":
        worst = max(effects, key=effects.get)
        table.at_most(f"largest side effect on an uncorrelated attribute ({worst})", 0.333,
                      effects[worst])


def baselines(group, share):
    """Other lists of the same mean share."""
    most = np.ptp(group.scores[np.isfinite(group.scores)])
    reweighted = group.at_share(group.reweighted, share, most)
    bonus = group.at_share(group.bonus, share, 1.0)
    return {"re-weighting": group.items(reweighted),
            "re-weighting, order of the network": group.items(group.in_order(reweighted)),
            "bonus alone": group.items(bonus),
            "bonus alone, order of the network": group.items(group.in_order(bonus))}


def side_effect(steered, curve, lists, effect):
    """The largest change of another attribute's mean share, over the knob's own; of attributes of 100
    items and more whose correlation with it over the catalogue is below 0.1."""
    members = steered.people.members
    own = members[curve.attribute]
    changes = [0.0]
    for name in steered.people.large():
        if name != curve.attribute and abs(np.corrcoef(own, members[name])[0, 1]) < 0.1:
            before, after = (steered.people.counts(x, name).mean() / K
                             for x in (steered.plain, lists))
            changes.append(abs(after - before) / effect)
    return max(changes)


def against_bonus(table, steered, domain):
    """The bonus alone at the mean share that the knob has, in its own order as `pintle sweep` has it;
    the standard error of the paired difference over people. As many as a sixth of the attributes are beyond
    it either way by chance alone, hence the mean over them beside it."""
    people, worse, better, missed = steered.people, [], 0, []
    differences = []
    for name in steered.knobs:
        curve = steered.curve(name)
        lists, _ = curve.at_share(aimed_share("doubled", curve.plain.mean() / K))
        if lists is None:
            missed.append(name)
            continue
        group = steered.group(curve.attribute)
        bonus = people.ndcg(group.items(group.at_share(group.bonus, curve.share(lists), 1.0)))
        difference = people.ndcg(lists.ids) - bonus
        error = difference.std(ddof=1) / len(people) ** 0.5
        differences.append(difference)
        better += difference.mean() > error
        if difference.mean() < -error:
            worse.append((name, difference.mean(), error))
    large = len(people.large())
    table.row(f"{domain}: attributes of 100 items and more; knobs; measured", "",
              f"{large}; {len(steered.knobs)}; {len(differences)}", None)
    table.row(f"{domain}: knobs worse than the bonus by more than its error", "0", str(len(worse)),
              not worse)
    table.row("  better than it by more than its error", "", str(better), None)
    mean = people.loss(steered.base, steered.base + np.mean(differences, 0))
    loss_row(table, "  % of NDCG@10 more lost than by the bonus, mean of the attributes", None, mean)
    for name, mean, error in worse:
        scale = 100 / steered.base.mean()
        table.row(f"  {name}: % of NDCG@10 more lost; standard error", "",
                  f"{-scale * mean:.3f}; {scale * error:.3f}", None)
    if missed:
        table.row(f"{domain}: knobs whose share cannot be doubled", "", str(len(missed)), None)
