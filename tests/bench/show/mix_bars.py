# SPDX-License-Identifier: Apache-2.0
"""A mix of two to four attributes for one person, near what the plain list has of them."""

import json
import os
import pathlib
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from knob_bars import loss_row
from people import K

SIZES = (2, 3, 4)
# Items of the ten that the wish is off the plain list, summed over its attributes: L1 / 2 <= .2.
FARTHEST = 4
CALISSTA = "calissta==0.1.0"
# (the part of the state that the SAE does not explain is kept, concepts by one-item histories, alpha)
VARIANTS = ((False, False, 0.2), (False, False, 0.5), (True, False, 0.2), (True, True, 0.2),
            (True, True, 0.5))


def draw_wishes(people, plain, size, by_taste):
    """One wish a person, {attribute: items}, or None where a thousand draws meet none: attributes drawn
    uniformly, or by what the plain list has of them (+ .25), and counts uniform within FARTHEST of it."""
    rng = np.random.default_rng(size + 10 * by_taste)
    names = people.large()
    counts = np.stack([people.counts(plain, name) for name in names], 1)
    wishes = []
    for own in counts:
        weights = own + 0.25 if by_taste else np.ones(len(names))
        wishes.append(None)
        for _ in range(1000):
            chosen = rng.choice(len(names), size, replace=False, p=weights / weights.sum())
            change = rng.integers(-FARTHEST, FARTHEST + 1, size)
            wished = own[chosen] + change
            if 0 < np.abs(change).sum() <= FARTHEST and wished.min() >= 0 and 0 < wished.sum() <= K:
                wishes[-1] = {names[a]: int(n) for a, n in zip(chosen, wished)}
                break
    return wishes


def error(people, ids, wish):
    """L1 / 2 between shares: half the items by which the list is off, of K."""
    return sum(np.abs(people.members[name][ids].sum(1) - n) for name, n in wish.items()) / (2 * K)


def ask_each(steered, wishes, options_of):
    """Every person's list under the own wish: (ids, error), nan without one. Equal wishes go together."""
    people = steered.people
    ids, errors = steered.plain.ids.copy(), np.full(len(people), np.nan)
    by_wish = {}
    for person, wish in enumerate(wishes):
        if wish is not None:
            by_wish.setdefault(tuple(sorted(wish.items())), []).append(person)

    def ask(entry):
        wish, who = dict(entry[0]), np.array(entry[1])
        lists = people.ask(steered.model, *options_of(wish), who=who)
        return who, lists.ids, error(people, lists.ids, wish)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for who, own_ids, own_errors in pool.map(ask, by_wish.items()):
            ids[who], errors[who] = own_ids, own_errors
    return ids, errors


def as_mix(wish):
    return ["--mix", ",".join(f"{name}={n / K:g}" for name, n in wish.items())]


def as_shares(wish):
    return [word for name, n in wish.items() for word in ("--share", f"{name}={n / K:g}")]


def mix(table, steered):
    people = steered.people
    for by_taste in (False, True):
        words = "by taste" if by_taste else "uniform"
        drawn = [draw_wishes(people, steered.plain, size, by_taste) for size in SIZES]
        plain_errors = np.array([np.nan if wish is None else
                                 error(people, steered.plain.ids[i:i + 1], wish)[0]
                                 for wishes in drawn for i, wish in enumerate(wishes)])
        table.row(f"mixes of 2-4 attributes, {words}: wishes; error of the plain list", "",
                  f"{np.isfinite(plain_errors).sum()}; {np.nanmean(plain_errors):.3f}", None)
        for option, options_of in (("--mix", as_mix), ("a --share each", as_shares)):
            made = [ask_each(steered, wishes, options_of) for wishes in drawn]
            errors = np.stack([errors for _, errors in made])
            ndcg = np.stack([np.where(np.isnan(e), np.nan, people.ndcg(ids)) for ids, e in made])
            has_bar = option == "--mix"
            name = f"{words}, {option}: calibration error (L1 / 2), "
            if has_bar:
                table.at_most(name + "mean", 0.05, np.nanmean(errors))
                table.at_most(name + "largest", 0.05, np.nanmax(errors))
            else:
                table.row(name + "mean", "", f"{np.nanmean(errors):.3f}", None)
            loss_row(table, f"{words}, {option}: % of NDCG@10 lost", 3 if has_bar else None,
                     mean_loss(people, steered.base, ndcg))
            nearer = np.stack([[wish is not None and off_with_rest(people, steered.plain, i, wish)
                                <= FARTHEST for i, wish in enumerate(wishes)] for wishes in drawn])
            loss_row(table, "  where it is within .2 if the rest counts as a share too", None,
                     mean_loss(people, steered.base, np.where(nearer, ndcg, np.nan)))


def off_with_rest(people, plain, person, wish):
    """Items by which the wish is off the plain list, what is in none of its attributes being one more."""
    change = [n - people.members[name][plain.ids[person]].sum() for name, n in wish.items()]
    return sum(map(abs, change)) + abs(sum(change))


def mean_loss(people, base, ndcg):
    """Of each person the mean over the sizes of a mix for which there is a wish."""
    there = np.isfinite(ndcg)
    count = there.sum(0)
    mean = np.where(count > 0, np.where(there, ndcg, 0).sum(0) / np.maximum(count, 1), np.nan)
    return people.loss(base, mean)


def calissta(table, steered, domain, install):
    """CALISSTA (UMAP '26) by its authors' package, on the same kind of wish, one a person: two, three,
    four attributes in turn, by taste. It steers by an SAE of the last state; the network is GPT-2 in
    numpy, as the package asks for states."""
    python = domain.work / "calissta/bin/python"
    if install and not python.exists():
        venv.create(python.parents[1], with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", CALISSTA, "numpy"], check=True)
    if not python.exists():
        table.row("CALISSTA: not installed (--install)", "", "", None)
        return
    people = steered.people
    drawn = [draw_wishes(people, steered.plain, size, True) for size in SIZES]
    wishes = [drawn[i % len(SIZES)][i] for i in range(len(people))]
    asked = {"checkpoint": str(domain.checkpoint), "events": people.events, "wishes": wishes,
             "members": {name: np.flatnonzero(people.members[name][:-1]).tolist()
                         for name in people.large()}, "variants": VARIANTS}
    question, answer = (domain.work / f"calissta_{name}.json" for name in ("question", "answer"))
    question.write_text(json.dumps(asked))
    script = pathlib.Path(__file__).with_name("calissta_lists.py")
    if subprocess.run([python, script, question, answer]).returncode != 0:
        sys.exit("calissta_lists.py failed")
    rows = [("plain list", steered.plain.ids), ("--mix", ask_each(steered, wishes, as_mix)[0])]
    for (kept, one_item, alpha), lists in zip(VARIANTS, json.loads(answer.read_text())):
        name = "the SAE's error kept" if kept else "as published"
        concepts = ", concepts by one-item histories" if one_item else ""
        rows.append((f"CALISSTA, {name}{concepts}, alpha {alpha:g}", np.array(lists)))
    for name, ids in rows:
        off = [error(people, ids[i:i + 1], wish)[0]
               for i, wish in enumerate(wishes) if wish is not None]
        ndcg = np.where([wish is None for wish in wishes], np.nan, people.ndcg(ids))
        loss = people.loss(steered.base, ndcg)
        table.row(f"  {name}: error; % of NDCG@10 lost", "",
                  f"{np.mean(off):.3f}; {loss[0]:.1f} [{loss[1]:.1f}, {loss[2]:.1f}]", None)
