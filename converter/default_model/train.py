# SPDX-License-Identifier: Apache-2.0
"""Trains the default model on all but every user's last item, measures it on that item, and writes
model.safetensors, config.json and golden.json. Needs PyTorch (1.13 or later) and numpy."""

import json
import math
import os
import time

import torch
from torch.nn import functional as F

from data import FOLDER, Measures, read_histories, read_items
from network import CONFIG, WINDOW, Network, last_scores, save_safetensors

SEED = 7
EPOCHS = 120
BATCH = 128
RATE = 4e-3
DROPOUT = 0.1
WEIGHT_DECAY = 0.02
GOLDEN_LENGTHS = (1, 2, 3, 5, 8, 13, 20, 31, 32, 33, 45, 57)  # below, at and above the window


def training_batch(histories, generator):
    """One window of WINDOW + 1 items from each history, at a random place: inputs, next items."""
    rows = torch.zeros(len(histories), WINDOW + 1, dtype=torch.long)
    for row, history in zip(rows, histories):
        spare = max(len(history) - (WINDOW + 1), 0)
        start = int(torch.randint(spare + 1, (1,), generator=generator))
        window = history[start:start + WINDOW + 1]
        row[:len(window)] = torch.tensor(window)
    return rows[:, :-1], rows[:, 1:]


def train(histories):
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    network = Network(CONFIG, DROPOUT)
    matrices = [p for p in network.parameters() if p.dim() > 1]
    vectors = [p for p in network.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": WEIGHT_DECAY},
                                   {"params": vectors, "weight_decay": 0.0}], lr=RATE)
    steps = EPOCHS * math.ceil(len(histories) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.05)
    started = time.monotonic()
    for epoch in range(EPOCHS):
        order, losses = torch.randperm(len(histories), generator=generator).tolist(), []
        for at in range(0, len(order), BATCH):
            batch = [histories[u] for u in order[at:at + BATCH]]
            inputs, targets = training_batch(batch, generator)
            logits = network(inputs)
            logits[..., 0] = float("-inf")  # padding is no item
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.4f}, "
                  f"{time.monotonic() - started:.0f} s", flush=True)
    return network.eval()


def top10(scores, seen=()):
    """Rows and scores of the best ten, best first; ties: lower row first."""
    scores = scores.clone()
    scores[list(seen)] = float("-inf")
    values, rows = torch.sort(scores, descending=True, stable=True)
    return rows[:10].tolist(), [float(f"{v:.9g}") for v in values[:10].tolist()]


def evaluate(network, histories, item_count):
    """Leave-one-out over the full catalogue, seen items excluded: the model, and popularity."""
    counts = torch.zeros(item_count + 1)
    for history in histories:
        counts += torch.bincount(torch.tensor(history[:-1]), minlength=item_count + 1)
    counts[0] = float("-inf")
    ours, popular = Measures(item_count), Measures(item_count)
    for at in range(0, len(histories), 500):
        batch = histories[at:at + 500]
        for history, scores in zip(batch, last_scores(network, [h[:-1] for h in batch])):
            ours.add(top10(scores, history[:-1])[0], history[-1])
            popular.add(top10(counts, history[:-1])[0], history[-1])
    return ours.result(), popular.result(), int(counts[1:].min())


def golden_cases(network, histories):
    """One history of every golden length, each the beginning of another user's."""
    cases, user = [], 0
    for length in GOLDEN_LENGTHS:
        while len(histories[user]) <= length:
            user += 1
        history = histories[user][:length]
        user += 1
        scores = last_scores(network, [history])[0]
        rows, values = top10(scores)
        unseen_rows, unseen_values = top10(scores, history)
        cases.append({"history": history, "top10": rows, "top10_scores": values,
                      "top10_unseen": unseen_rows, "top10_unseen_scores": unseen_values})
    return cases


def main():
    items = read_items()
    histories = read_histories(items)
    network = train([h[:-1] for h in histories])
    result, popularity, rarest = evaluate(network, histories, len(items))
    for name, figures in (("model", result), ("popularity", popularity)):
        print(name, ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
    print(f"the rarest item has {rarest} training events")
    save_safetensors(network, os.path.join(FOLDER, "model.safetensors"))
    with open(os.path.join(FOLDER, "config.json"), "w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps(CONFIG, indent=1) + "\n")
    golden = {"cases": golden_cases(network, histories), "evaluation": result}
    text = json.dumps(golden, separators=(",", ":")).replace('{"history"', '\n{"history"')
    with open(os.path.join(FOLDER, "golden.json"), "w", encoding="utf-8", newline="\n") as out:
        out.write(text + "\n")


if __name__ == "__main__":
    main()
