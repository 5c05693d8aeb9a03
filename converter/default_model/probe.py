# SPDX-License-Identifier: Apache-2.0
"""Checks that genres are linearly visible after block 0 and can be steered there: what SAE features
and knobs are built on. Prints two tables; writes nothing."""

import os

import numpy as np
import torch

from data import FOLDER, Measures, read_histories, read_items
from network import last_scores, load_safetensors, pad
from train import top10

TRAIN_USERS = 1500  # the rest is measured on
RIDGE = 1.0
STRENGTHS = (-1.0, 0.0, 0.5, 1.0, 2.0)  # times the difference of means


@torch.no_grad()
def block0_states(network, histories):
    """The residual stream after block 0 at every real position, and the item there."""
    states, rows = [], []
    for at in range(0, len(histories), 500):
        batch, _ = pad(histories[at:at + 500])
        network(batch, lambda x: states.append(x[batch > 0]) or x)
        rows.append(batch[batch > 0])
    return torch.cat(states).double().numpy(), torch.cat(rows).numpy()


def roc_auc(scores, labels):
    order = scores.argsort()
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    positives = labels.sum()
    above = ranks[labels].sum() - positives * (positives + 1) / 2
    return above / (positives * (len(labels) - positives))


def probe(x, labels, test_x, test_labels):
    """Ridge regression on the label: ROC-AUC and Pearson correlation on the test positions, and the
    best correlation of a single hidden dimension."""
    mean = x.mean(0)
    centred = x - mean
    weights = np.linalg.solve(centred.T @ centred + RIDGE * np.eye(x.shape[1]),
                              centred.T @ (labels - labels.mean()))
    predicted = (test_x - mean) @ weights
    raw = max(abs(np.corrcoef(test_x[:, d], test_labels)[0, 1]) for d in range(x.shape[1]))
    return roc_auc(predicted, test_labels), np.corrcoef(predicted, test_labels)[0, 1], raw


def steer(network, histories, items, genre, direction):
    """The genre's share of the unseen top 10, and NDCG@10 of the held-out items."""
    def edit(x, last):
        x = x.clone()
        x[torch.arange(len(last)), last] += direction
        return x

    measures, share = Measures(len(items)), 0.0
    prefixes = [h[:-1] for h in histories]
    for history, scores in zip(histories, last_scores(network, prefixes, edit)):
        best = top10(scores, history[:-1])[0]
        share += sum(genre in items[row]["genres"] for row in best) / 10
        measures.add(best, history[-1])
    return share / len(histories), measures.result()["ndcg@10"]


def main():
    items = read_items()
    histories = read_histories(items)
    network = load_safetensors(os.path.join(FOLDER, "model.safetensors"))
    prefixes = [h[:-1] for h in histories]
    x, rows = block0_states(network, prefixes[:TRAIN_USERS])
    test_x, test_rows = block0_states(network, prefixes[TRAIN_USERS:])
    genres = sorted(set.union(*(i["genres"] for i in items.values())))
    print("genre         AUC    corr.  best raw dim.")
    summary, directions = [], {}
    for genre in genres:
        of_item = np.array([False] + [genre in items[row]["genres"] for row in sorted(items)])
        labels = of_item[rows]
        summary.append(probe(x, labels, test_x, of_item[test_rows]))
        directions[genre] = torch.from_numpy(x[labels].mean(0) - x[~labels].mean(0)).float()
        print(f"{genre:12} {summary[-1][0]:6.3f} {summary[-1][1]:6.3f} {summary[-1][2]:6.3f}")
    print(f"{'mean':12}" + "".join(f" {m:6.3f}" for m in np.mean(summary, axis=0)))
    print("\nshare of the top 10 (NDCG@10), difference of means added at the last position, times\n"
          + " " * 12 + "".join(f"{s:>14}" for s in STRENGTHS))
    for genre in genres:
        cells = [steer(network, histories[TRAIN_USERS:], items, genre, s * directions[genre])
                 for s in STRENGTHS]
        print(f"{genre:12}" + "".join(f"  {share:.3f} ({ndcg:.3f})"[-14:] for share, ndcg in cells))


if __name__ == "__main__":
    main()
