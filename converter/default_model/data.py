# SPDX-License-Identifier: Apache-2.0
"""Reads items.csv and interactions.txt; ranks and measures."""

import csv
import math
import os

FOLDER = os.path.dirname(os.path.abspath(__file__))


def read_items():
    """Rows of items.csv by checkpoint row, with 'genres' a set."""
    with open(os.path.join(FOLDER, "items.csv"), encoding="utf-8") as file:
        items = {int(r["checkpoint_id"]): r for r in csv.DictReader(file)}
    for item in items.values():
        item["genres"] = set(item["genres"].split("|"))
    return items


def read_histories(items):
    """Every user's history in checkpoint rows, oldest first."""
    rows = {item["id"]: row for row, item in items.items()}
    with open(os.path.join(FOLDER, "interactions.txt"), encoding="utf-8") as file:
        return [[rows[name] for name in line.split()[1:]] for line in file]


class Measures:
    """Mean HR@10, NDCG@10 and MRR@10 of one held-out item a user, and the catalogue's coverage."""

    def __init__(self, item_count):
        self.item_count, self.ranks, self.recommended = item_count, [], set()

    def add(self, top10, target):
        self.ranks.append(top10.index(target) if target in top10 else None)
        self.recommended.update(top10)

    def result(self):
        n, hits = len(self.ranks), [r for r in self.ranks if r is not None]
        return {
            "users": n,
            "hr@10": len(hits) / n,
            "ndcg@10": sum(1 / math.log2(r + 2) for r in hits) / n,
            "mrr@10": sum(1 / (r + 1) for r in hits) / n,
            "coverage@10": len(self.recommended) / self.item_count,
        }
