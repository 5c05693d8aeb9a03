# SPDX-License-Identifier: Apache-2.0
"""Writes the invented catalogue (items.csv) and the viewing histories (interactions.txt).

Needs Python 3 alone. Every draw is Random.random(), whose sequence Python guarantees across
versions, so that the files can be made anew.

Taste structure. An item has a main genre and up to two more, moods, a popularity, a place on a
two-dimensional style plane, and may be part of a series. A user has one to three favourite genres
whose weights drift, and a place on the style plane that drifts. Viewing comes in runs of one genre;
within a run, the next part of a series and styles close to the last item are preferred.
"""

import math
import os
import random
import re

from words import GENRES, MOODS, NAMES, PLACES, TITLES

SEED = 20250721
ITEM_COUNT = 480
SERIES_COUNT = 66
USER_COUNT = 2000
MIN_EVENTS, MAX_EVENTS = 20, 60

EXPLORE = 0.06       # chance of an item outside the taste, by popularity
NEXT_PART = 0.55     # chance of the next part, if the last item has one
STAY = 0.74          # chance that a genre run goes on
TASTE_FLOOR = 0.012  # weight of every genre that is not a favourite
STYLE_WIDTH = 0.55   # of the preference for nearby styles
FOLDER = os.path.dirname(os.path.abspath(__file__))


class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed).random

    def chance(self, probability):
        return self.random() < probability

    def below(self, n):
        return int(self.random() * n)

    def one(self, options):
        return options[self.below(len(options))]

    def weighted(self, options, weights):
        left = self.random() * sum(weights)
        for option, weight in zip(options, weights):
            left -= weight
            if left < 0:
                return option
        return options[-1]

    def normal(self):
        return math.sqrt(-2 * math.log(1 - self.random())) * math.cos(2 * math.pi * self.random())


class Item:
    def __init__(self, title, genre, others, moods, year, popularity, style):
        self.title, self.year, self.moods = title, year, moods
        self.genres = {genre: 1.0, **{g: 0.45 for g in others}}
        self.popularity, self.style = popularity, style
        self.previous = self.next = None


def plural(noun):
    if noun == "Tooth":
        return "Teeth"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "ch")) else "s")


# `taken` holds titles, and pairs of a pattern and a noun, so that no two titles read alike.
def make_title(draw, genre, taken):
    adjectives, nouns, patterns = (bank.split("|") for bank in TITLES[genre])
    while True:
        pattern, name, noun = draw.one(patterns), draw.one(NAMES), draw.one(nouns)
        title = pattern.format(
            a=draw.one(adjectives), n=noun, s=plural(noun),
            m=draw.one([n for n in nouns if n != noun]),
            N=name, F=name.split()[0], P=draw.one(PLACES))
        title = re.sub(r"\b([Aa]) (?=[AEIOU])", r"\1n ", title)
        if not {title, (pattern, noun)} & taken:
            taken |= {title, (pattern, noun)}
            return title


def make_items(draw):
    names, shares = list(GENRES), [g[0] for g in GENRES.values()]
    items, taken = [], set()
    while len(items) < ITEM_COUNT:
        genre = draw.weighted(names, shares)
        parts = 1
        if sum(1 for i in items if i.next and not i.previous) < SERIES_COUNT and draw.chance(0.3):
            parts = min(2 + draw.below(3), ITEM_COUNT - len(items))
        title = make_title(draw, genre, taken)
        related = GENRES[genre][1]
        others = [g for g, p in zip(related, (0.42, 0.22, 0.1)) if draw.chance(p)][:2]
        typical = GENRES[genre][2]
        moods = {draw.one(typical if draw.chance(0.8) else MOODS)}
        if draw.chance(0.35):
            moods.add(draw.one(typical))
        year = 1955 + int(68 * math.sqrt(draw.random()))
        popularity = math.exp(0.75 * draw.normal())
        style = (draw.normal(), draw.normal())
        for part in range(parts):
            item = Item(f"{title} {part + 1}" if part else title, genre, others, sorted(moods),
                        min(year + part * (2 + draw.below(3)), 2024), popularity * 0.85**part,
                        (style[0] + 0.1 * draw.normal(), style[1] + 0.1 * draw.normal()))
            if part:
                item.previous, items[-1].next = items[-1], item
            items.append(item)
    # Series must not show in the order of the rows: shuffle (Fisher-Yates).
    for i in range(len(items) - 1, 0, -1):
        j = draw.below(i + 1)
        items[i], items[j] = items[j], items[i]
    ids = set()
    for item in items:
        item.id = 10000 + draw.below(90000)
        while item.id in ids:
            item.id = 10000 + draw.below(90000)
        ids.add(item.id)
    return items


def make_history(draw, items, by_genre):
    names, shares = list(GENRES), [g[0] for g in GENRES.values()]
    tastes = {}
    for _ in range(1 + draw.below(3)):
        tastes[draw.weighted(names, shares)] = 0.3 + draw.random()
    style = [draw.normal(), draw.normal()]
    length = MIN_EVENTS + int((MAX_EVENTS - MIN_EVENTS + 1) * (draw.random() + draw.random()) / 2)
    history, seen, genre = [], set(), None
    while len(history) < length:
        for name in tastes:
            tastes[name] = min(max(tastes[name] * math.exp(0.18 * draw.normal()), 0.1), 3.0)
        if draw.chance(0.02):  # a favourite gives way to a related genre
            old = draw.one(sorted(tastes))
            tastes.setdefault(draw.one(GENRES[old][1]), tastes.pop(old))
        style = [s + 0.08 * draw.normal() for s in style]
        last = history[-1] if history else None
        if last and last.next and last.next not in seen and draw.chance(NEXT_PART):
            item = last.next
        elif draw.chance(EXPLORE):
            pool = [i for i in items if i not in seen]
            item = draw.weighted(pool, [i.popularity for i in pool])
        else:
            if genre is None or not draw.chance(STAY):
                genre = draw.weighted(names, [tastes.get(n, TASTE_FLOOR) for n in names])
            pool = [i for i in by_genre[genre] if i not in seen]
            if not pool:
                genre = None
                continue
            x, y = style
            if last:
                x, y = (x + last.style[0]) / 2, (y + last.style[1]) / 2
            weights = [
                i.popularity * i.genres[genre]
                * math.exp(-((i.style[0] - x)**2 + (i.style[1] - y)**2) / (2 * STYLE_WIDTH**2))
                * (0.15 if i.previous and i.previous not in seen else 1.0) + 1e-6
                for i in pool
            ]
            item = draw.weighted(pool, weights)
        history.append(item)
        seen.add(item)
    return history


def main():
    draw = Draw(SEED)
    items = make_items(draw)
    by_genre = {g: [i for i in items if g in i.genres] for g in GENRES}
    with open(os.path.join(FOLDER, "items.csv"), "w", encoding="utf-8", newline="\n") as out:
        out.write("checkpoint_id,id,title,genres,mood\n")
        for row, item in enumerate(items, start=1):  # row 0 of the table is padding
            out.write(f"{row},{item.id},{item.title} ({item.year}),"
                      f"{'|'.join(item.genres)},{'|'.join(item.moods)}\n")
    events = 0
    with open(os.path.join(FOLDER, "interactions.txt"), "w", encoding="utf-8", newline="\n") as out:
        for user in range(1, USER_COUNT + 1):
            history = make_history(draw, items, by_genre)
            events += len(history)
            out.write(" ".join(map(str, [user] + [i.id for i in history])) + "\n")
    print(f"{len(items)} items, {USER_COUNT} users, {events} events")


if __name__ == "__main__":
    main()
