# SPDX-License-Identifier: Apache-2.0
"""The default model: a GPT-2 with tied head, in plain PyTorch, and its safetensors file."""

import json
import math
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CONFIG = {
    "architectures": ["GPT2Model"],
    "model_type": "gpt2",
    "n_layer": 2,
    "n_head": 2,
    "n_embd": 32,
    "n_positions": 32,
    "n_ctx": 32,
    "n_inner": 128,
    "vocab_size": 481,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-05,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
    "scale_attn_weights": True,
}
WINDOW = CONFIG["n_positions"]


class Conv1D(nn.Module):
    """Hugging Face's Linear: weight [in, out]."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


def gelu_new(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = Conv1D(dim, 3 * dim)
        self.c_proj = Conv1D(dim, dim)

    def forward(self, x):
        batch, length, dim = x.shape
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2)
                   for t in self.c_attn(x).split(dim, dim=2))
        scores = q @ k.transpose(2, 3) / math.sqrt(dim // self.heads)
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(future, float("-inf")).softmax(-1)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(batch, length, dim))


class Mlp(nn.Module):
    def __init__(self, dim, inner):
        super().__init__()
        self.c_fc = Conv1D(dim, inner)
        self.c_proj = Conv1D(inner, dim)

    def forward(self, x):
        return self.c_proj(gelu_new(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        dim, eps = config["n_embd"], config["layer_norm_epsilon"]
        self.ln_1 = nn.LayerNorm(dim, eps=eps)
        self.attn = Attention(dim, config["n_head"])
        self.ln_2 = nn.LayerNorm(dim, eps=eps)
        self.mlp = Mlp(dim, config["n_inner"])

    def forward(self, x, dropout):
        x = x + F.dropout(self.attn(self.ln_1(x)), dropout, self.training)
        return x + F.dropout(self.mlp(self.ln_2(x)), dropout, self.training)


class Network(nn.Module):
    def __init__(self, config=None, dropout=0.0):
        super().__init__()
        config = config or CONFIG
        self.dropout = dropout
        self.wte = nn.Embedding(config["vocab_size"], config["n_embd"], padding_idx=0)
        self.wpe = nn.Embedding(config["n_positions"], config["n_embd"])
        self.h = nn.ModuleList(Block(config) for _ in range(config["n_layer"]))
        self.ln_f = nn.LayerNorm(config["n_embd"], eps=config["layer_norm_epsilon"])
        with torch.no_grad():
            self.wte.weight.normal_(0, 0.05)[0].zero_()
            self.wpe.weight.normal_(0, 0.02)

    def embed(self, rows):
        x = self.wte(rows) + self.wpe(torch.arange(rows.shape[1]))
        return F.dropout(x, self.dropout, self.training)

    def forward(self, rows, edit=None):
        """Logits [batch, length, vocab]. rows: [batch, length], padding (0) on the right.
        edit: called with the residual stream after block 0; returns what takes its place."""
        x = self.embed(rows)
        for i, block in enumerate(self.h):
            x = block(x, self.dropout)
            if edit and i == 0:
                x = edit(x)
        return self.ln_f(x) @ self.wte.weight.T


def pad(histories):
    """The newest WINDOW items of each history, padded on the right, and the last real positions."""
    windows = [h[-WINDOW:] for h in histories]
    rows = torch.zeros(len(windows), max(map(len, windows)), dtype=torch.long)
    for row, window in zip(rows, windows):
        row[:len(window)] = torch.tensor(window)
    return rows, torch.tensor([len(w) - 1 for w in windows])


@torch.no_grad()
def last_scores(network, histories, edit=None):
    """Scores [history, row] of the next item. edit(x, last): as in Network.forward; last holds each
    history's last position."""
    rows, last = pad(histories)
    logits = network(rows, edit and (lambda x: edit(x, last)))
    scores = logits[torch.arange(len(histories)), last]
    scores[:, 0] = float("-inf")  # padding is no item
    return scores


def save_safetensors(network, path):
    header, blobs, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in network.state_dict().items():
        blob = tensor.numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def load_safetensors(path, config=None):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    network = Network(config)
    tensors = {}
    for name, entry in header.items():
        values = np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").copy()
        tensors[name] = torch.from_numpy(values).view(entry["shape"])
    network.load_state_dict(tensors)
    return network.eval()
