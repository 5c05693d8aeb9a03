# SPDX-License-Identifier: Apache-2.0
"""The GPT-2 of gpt2-ml1m in numpy: the state behind its last norm, which its item table scores."""

import json

import numpy as np


def read_safetensors(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, about in json.loads(data[8:start]).items():
        if name != "__metadata__":
            first, end = about["data_offsets"]
            tensors[name] = np.frombuffer(data[start + first:start + end],
                                          np.float32).reshape(about["shape"])
    return tensors


class Gpt2:
    def __init__(self, folder):
        tensors = read_safetensors(folder / "model.safetensors")
        self.tensors = {name.removeprefix("transformer."): x for name, x in tensors.items()}
        config = json.loads((folder / "config.json").read_text())
        self.layers, self.heads = config["n_layer"], config["n_head"]
        self.epsilon = config.get("layer_norm_epsilon", 1e-5)
        self.items = self.tensors["wte.weight"]
        self.positions = self.tensors["wpe.weight"]

    def linear(self, x, name):
        return x @ self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + self.epsilon)
        return scaled * self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def attention(self, x, block):
        count, dim = x.shape
        joint = self.linear(x, block + ".attn.c_attn")
        q, k, v = (part.reshape(count, self.heads, -1).transpose(1, 0, 2)
                   for part in np.split(joint, 3, 1))
        weights = q @ k.transpose(0, 2, 1) / np.sqrt(np.float32(dim // self.heads))
        weights = np.where(np.tri(count, dtype=bool), weights, -np.inf)
        weights = np.exp(weights - weights.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        mixed = (weights @ v).transpose(1, 0, 2).reshape(count, dim)
        return self.linear(mixed, block + ".attn.c_proj")

    def state(self, history):
        """Of the newest event."""
        window = np.asarray(history)[-len(self.positions):]
        x = self.items[window] + self.positions[:len(window)]
        for layer in range(self.layers):
            block = f"h.{layer}"
            x = x + self.attention(self.norm(x, block + ".ln_1"), block)
            wide = self.linear(self.norm(x, block + ".ln_2"), block + ".mlp.c_fc")
            wide = 0.5 * wide * (1 + np.tanh(np.sqrt(2 / np.pi) * (wide + 0.044715 * wide ** 3)))
            x = x + self.linear(wide, block + ".mlp.c_proj")
        return self.norm(x[-1], "ln_f")
