# SPDX-License-Identifier: Apache-2.0
"""Batched leave-one-out evaluation of a GPT-2 checkpoint in PyTorch: the other side of evaluate.py.

In good faith: torch's fused causal attention, which needs no mask as pads are on the right; only each
history's last position is scored; ranks are counted instead of sorted; all in inference mode. With
--sorted, users are batched by length and padded to the longest of their batch alone, which frameworks do
not do; without, every window is padded to its full length, as they do.
"""

import argparse
import json
import math
import time

import numpy as np
import torch
from torch.nn import functional as F

import networks


def read_histories(path):
    """Item rows of each user from lines of `user item`, in the file's order."""
    pairs = np.loadtxt(path, dtype=np.int64)
    order = np.argsort(pairs[:, 0], kind="stable")
    users, items = pairs[order].T
    starts = np.flatnonzero(np.diff(users)) + 1
    return [torch.from_numpy(h) for h in np.split(items, starts) if len(h) > 1]


def ranks_of(network, histories, width):
    """Rank of each history's last item among all items that it did not hold before."""
    windows = [h[:-1][-network.window:] for h in histories]
    rows = torch.zeros(len(windows), width or max(map(len, windows)), dtype=torch.long)
    for row, window in zip(rows, windows):
        row[:len(window)] = window
    every = torch.arange(len(windows))
    last = network.hidden(rows)[every, torch.tensor([len(w) - 1 for w in windows])]
    scores = F.linear(network.final_norm(last), network.scored)  # column i: item i + 1
    users = torch.cat([torch.full((len(h) - 1,), u) for u, h in enumerate(histories)])
    scores[users, torch.cat([h[:-1] for h in histories]) - 1] = -math.inf
    target = scores[every, torch.stack([h[-1] for h in histories]) - 1].unsqueeze(1)
    # A held-out item that was seen before is a miss.
    return torch.where(target[:, 0] == -math.inf, scores.shape[1], (scores > target).sum(1))


@torch.inference_mode()
def evaluate(network, histories, batch, by_length):
    if by_length:
        histories = sorted(histories, key=len)
    ranks = torch.cat([ranks_of(network, histories[at:at + batch],
                                None if by_length else network.window)
                       for at in range(0, len(histories), batch)])
    hits = ranks[ranks < 10].double()
    return {"users": len(histories), "hr@10": len(hits) / len(histories),
            "ndcg@10": float((1 / torch.log2(hits + 2)).sum()) / len(histories)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--gpt2", required=True)
    arguments.add_argument("--interactions", required=True)
    arguments.add_argument("--batch", type=int, required=True)
    arguments.add_argument("--threads", type=int, required=True)
    arguments.add_argument("--sorted", action="store_true")
    arguments = arguments.parse_args()
    torch.set_num_threads(arguments.threads)
    network = networks.Gpt2(arguments.gpt2).eval()
    histories = read_histories(arguments.interactions)
    start = time.perf_counter()
    result = evaluate(network, histories, arguments.batch, arguments.sorted)
    print(json.dumps({**result, "seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
