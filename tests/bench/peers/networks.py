# SPDX-License-Identifier: Apache-2.0
"""The two networks of the comparison, for inference in PyTorch, from which every other engine exports.

Written as someone would who wants them fast in a general engine: the item table is sliced once, only the
last position is scored, the top 10 is part of the graph, GELU and LayerNorm are single operations. What
a general engine cannot know is left as the frameworks have it: every position runs through every layer
(`last_row_only` undoes that by hand in the last layer), attention is a whole square, and nothing is kept
from one event to the next.
"""

import json
import math
import pathlib

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

TOP = 10


def attend(q, k, v, heads, causal, fused):
    """Attention of q [batch, rows or 1, d] over k and v [batch, rows, d]; causal if q has all rows."""
    batch, queries, dim = q.shape
    q, k, v = (t.reshape(batch, t.shape[1], heads, dim // heads).transpose(1, 2)
               for t in (q, k, v))
    if fused:
        out = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    else:
        scores = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(2, 3)
        if causal:
            # Finite: -inf in a mask makes NaN in some engines' quantizers.
            scores = scores + torch.full((queries, queries), -1e9).triu(1)
        out = scores.softmax(-1) @ v
    return out.transpose(1, 2).reshape(batch, queries, dim)


def copied(tensor):
    return tensor.clone(memory_format=torch.contiguous_format)


class Recommender(nn.Module):
    """Rows [1, window], a full window of item rows, to the scores and rows of the best ten."""

    def __init__(self, tensors, items, norm_eps, fused, last_row_only):
        super().__init__()
        # Copies: ExecuTorch 1.5 writes a view's storage from its start, not from the view's offset.
        for name, tensor in tensors.items():
            self.register_buffer(name.replace(".", "_"), copied(tensor))
        self.register_buffer("scored", copied(items[1:]))  # row 0 is padding
        self.norm_eps, self.fused, self.last_row_only = norm_eps, fused, last_row_only

    def tensor(self, name):
        return getattr(self, name.replace(".", "_"))

    def norm(self, x, stem):
        return F.layer_norm(x, x.shape[-1:], self.tensor(stem + ".weight"),
                            self.tensor(stem + ".bias"), self.norm_eps)

    def linear(self, x, stem):
        return F.linear(x, self.tensor(stem + ".weight"), self.tensor(stem + ".bias"))

    def forward(self, rows):
        last = self.final_norm(self.hidden(rows)[:, -1])
        scores = F.linear(last, self.scored)[0]
        values, indices = torch.topk(scores, TOP)
        return values, indices + 1


class Gpt2(Recommender):
    """Hugging Face GPT-2 with a tied head: config.json and model.safetensors without prefixes."""

    def __init__(self, folder, fused=True, last_row_only=False):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "config.json").read_text())
        tensors = load_file(folder / "model.safetensors")
        for name in tensors:
            if name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
                tensors[name] = tensors[name].T  # Conv1D: [in, out]
        super().__init__(tensors, tensors["wte.weight"], config["layer_norm_epsilon"], fused,
                         last_row_only)
        self.layers, self.heads = config["n_layer"], config["n_head"]
        self.window, self.item_rows = config["n_positions"], config["vocab_size"]

    def hidden(self, rows):
        """[batch, rows, d] before the final norm. Rows may be fewer than the window, pads on the right."""
        x = F.embedding(rows, self.tensor("wte.weight"))
        x = x + self.tensor("wpe.weight")[:rows.shape[1]]
        for i in range(self.layers):
            last = self.last_row_only and i + 1 == self.layers
            q, k, v = self.linear(self.norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn").chunk(3, -1)
            if last:
                x, q = x[:, -1:], q[:, -1:]
            x = x + self.linear(attend(q, k, v, self.heads, not last, self.fused),
                                f"h.{i}.attn.c_proj")
            y = self.linear(self.norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc")
            x = x + self.linear(F.gelu(y, approximate="tanh"), f"h.{i}.mlp.c_proj")
        return x

    def final_norm(self, x):
        return self.norm(x, "ln_f")


class Sasrec(Recommender):
    """SASRec.pytorch of 2024 (`sasrec-pmixer-2024`), one head; a full window has no pads."""

    HEADS = 1

    def __init__(self, folder, fused=True, last_row_only=False):
        tensors = load_file(pathlib.Path(folder) / "model.safetensors")
        layers = sum(1 for name in tensors if name.endswith(".in_proj_weight"))
        items = tensors["item_emb.weight"]
        dim = items.shape[1]
        for i in range(layers):
            stem = f"attention_layers.{i}."
            for kind in ("weight", "bias"):
                whole = tensors.pop(f"{stem}in_proj_{kind}")
                tensors[f"{stem}query.{kind}"] = whole[:dim]
                tensors[f"{stem}key_value.{kind}"] = whole[dim:]
            for conv in ("conv1", "conv2"):
                name = f"forward_layers.{i}.{conv}.weight"
                tensors[name] = tensors[name].squeeze(-1)
        tensors["scaled_items"] = items * math.sqrt(dim)
        tensors["positions"] = tensors.pop("pos_emb.weight")[1:]
        super().__init__(tensors, items, 1e-8, fused, last_row_only)
        self.layers = layers
        self.window, self.item_rows = len(tensors["positions"]), len(items)

    def hidden(self, rows):
        """[1, window, d] before the final norm."""
        x = F.embedding(rows, self.tensor("scaled_items")) + self.tensor("positions")
        for i in range(self.layers):
            last = self.last_row_only and i + 1 == self.layers
            k, v = self.linear(x, f"attention_layers.{i}.key_value").chunk(2, -1)
            normed = self.norm(x[:, -1:] if last else x, f"attention_layernorms.{i}")
            q = self.linear(normed, f"attention_layers.{i}.query")
            x = normed + self.linear(attend(q, k, v, self.HEADS, not last, self.fused),
                                     f"attention_layers.{i}.out_proj")
            y = self.norm(x, f"forward_layernorms.{i}")
            inner = F.relu(self.linear(y, f"forward_layers.{i}.conv1"))
            x = y + self.linear(inner, f"forward_layers.{i}.conv2")
        return x

    def final_norm(self, x):
        return self.norm(x, "last_layernorm")


NETWORKS = {"gpt2": Gpt2, "sasrec": Sasrec}


def write_random_sasrec(folder, window=200, dim=64, layers=2, items=3416, seed=1):
    """A SASRec checkpoint with seeded random weights, in SASRec.pytorch's tensor names; its shape. Norms
    and biases are random too, so that an engine that dropped one would be found out."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape, mean=0.0, deviation=0.1):
        return mean + deviation * torch.randn(*shape, generator=random)

    tensors = {"item_emb.weight": normal(items + 1, dim), "pos_emb.weight": normal(window + 1, dim)}
    tensors["item_emb.weight"][0] = tensors["pos_emb.weight"][0] = 0
    norms = ["last_layernorm"]
    for i in range(layers):
        norms += [f"attention_layernorms.{i}", f"forward_layernorms.{i}"]
        tensors[f"attention_layers.{i}.in_proj_weight"] = normal(3 * dim, dim)
        tensors[f"attention_layers.{i}.in_proj_bias"] = normal(3 * dim)
        tensors[f"attention_layers.{i}.out_proj.weight"] = normal(dim, dim)
        tensors[f"attention_layers.{i}.out_proj.bias"] = normal(dim)
        for conv in ("conv1", "conv2"):
            tensors[f"forward_layers.{i}.{conv}.weight"] = normal(dim, dim, 1)
            tensors[f"forward_layers.{i}.{conv}.bias"] = normal(dim)
    for stem in norms:
        tensors[f"{stem}.weight"] = normal(dim, mean=1.0)
        tensors[f"{stem}.bias"] = normal(dim)
    save_file(tensors, pathlib.Path(folder) / "model.safetensors")
    return {"window": window, "dim": dim, "layers": layers, "items": items}
