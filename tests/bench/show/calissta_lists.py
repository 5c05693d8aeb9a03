#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists of CALISSTA (PyPI package calissta, its own code) for the wishes of a JSON file; run by lists.py
in an environment that has the package.

Backbone: GPT-2's last state and its item table; SAE: sae-topk-1024-last. Concepts are a wish's attributes
and the items in none of them, with what the wish leaves: without that concept, which is not the
package's, all ten places go to the wish's attributes.
"""

import json
import pathlib
import sys

import numpy as np
from calissta import CalisstaCalibrator, Concepts, fit_steering_vectors, orthogonalize_vectors

from gpt2_numpy import Gpt2, read_safetensors

K = 10
NEVER = -1e30  # as the package masks items


class Backbone:
    """The state of the person whose turn it is; row 0 of the item table is the pad."""

    def __init__(self, network):
        self.table, self.current = network.items.astype(np.float64), None

    def encode(self, history):
        return self.current

    def decode(self, states):
        scores = states @ self.table.T
        scores[..., 0] = NEVER
        return scores


class Sae:
    def __init__(self, folder, active=16):
        tensors = read_safetensors(folder / "sae_weights.safetensors")
        self.w_enc, self.b_enc, self.w_dec, self.b_dec = (
            tensors[name].astype(np.float64) for name in ("W_enc", "b_enc", "W_dec", "b_dec"))
        self.active, self.keeps_error = active, False

    def features(self, states):
        values = np.maximum((states - self.b_dec) @ self.w_enc + self.b_enc, 0)
        least = np.partition(values, -self.active, -1)[..., -self.active, None]
        return np.where(values >= least, values, 0)

    def encode(self, state):
        features = self.features(state)
        error = state - self.decode(features, 0) if self.keeps_error else 0
        return features, error

    def decode(self, features, error):
        return features @ self.w_dec + self.b_dec + error


class Directions:
    """A concept's direction before the others are taken out of it; that of a set of items once."""

    def __init__(self, features):
        self.features, self.made = features, {}

    def of(self, names, matrix):
        rows = []
        for name, members in zip(names, matrix):
            if name not in self.made:
                self.made[name] = fit_steering_vectors(self.features[1:], members[None, 1:],
                                                       orthogonalize=False)[0]
            rows.append(self.made[name])
        return orthogonalize_vectors(np.array(rows))


def main(question, answer):
    asked = json.loads(pathlib.Path(question).read_text())
    checkpoint = pathlib.Path(asked["checkpoint"])
    network = Gpt2(checkpoint)
    backbone, sae = Backbone(network), Sae(checkpoint / "sae-topk-1024-last")
    count = len(network.items)
    members = {}
    for name, items in asked["members"].items():
        members[name] = np.zeros(count)
        members[name][items] = 1
    histories = [np.array(items[:-1]) for items in asked["events"]]
    states = [network.state(history).astype(np.float64) for history in histories]
    alone = np.array([network.state([item]) for item in range(count)], np.float64)
    directions = [Directions(sae.features(backbone.table)), Directions(sae.features(alone))]
    lists = []
    for keeps_error, by_one_item, alpha in asked["variants"]:
        sae.keeps_error = keeps_error
        lists.append([])
        for history, state, wish in zip(histories, states, asked["wishes"]):
            if wish is None:
                lists[-1].append([0] * K)
                continue
            matrix = [members[name] for name in wish]
            rest = 1 - np.max(matrix, 0)
            rest[0] = 0
            names = [*wish, "none of " + ", ".join(sorted(wish))]
            matrix = np.array([*matrix, rest])
            target = np.array([*wish.values(), max(0, K - sum(wish.values()))]) / K
            concepts = Concepts(names, matrix, directions[by_one_item].of(names, matrix))
            backbone.current = state
            found = CalisstaCalibrator(backbone, sae, concepts).recommend(history, target,
                                                                         alpha=alpha, k=K)
            lists[-1].append([int(item) for item in found])
    pathlib.Path(answer).write_text(json.dumps(lists))


if __name__ == "__main__":
    main(*sys.argv[1:])
