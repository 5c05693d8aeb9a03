#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SAEs, their features and what steering by them costs on MovieLens-1M, each figure beside its bar.
Lists under knobs, wishes and rules: lists.py.

    python3 tests/bench/show/steering.py --pintle build/release/converter/pintle --shared ../shared \
        [--work DIR] [--only train,label,explain,baselines,quantized,cost]

--shared holds the checkpoint gpt2-ml1m with its sae_reference.json and the data. Users: SAEs and knobs
see sae_users alone, features are measured on interpretation_users, control on control_users. --work
keeps what was trained; without it a temporary folder is used. Parity with PyTorch is a test:
PINTLE_SHARED=... PINTLE_FORCE_ISA=... sae_parity_test.
"""

import json
import statistics

from domains import MovieLens
from parts import parts_parser, show_parts
from table import Table, run_json

# Where the published curves and the table of the method were taken.
BASELINE_SAE = "sae-topk-512-block0"
PARTS = ("train", "label", "explain", "baselines", "quantized", "cost")


def loss_at_target(points, start):
    """Linear between [strength, relative change of NDCG, share] where the share doubles (from 0.25 on:
    rises by 0.15), as pintle sweep's summary has it."""
    target = 2 * start if start < 0.25 else start + 0.15
    last = (0.0, start)
    for _, change, share in points:
        if share >= target:
            part = (target - last[1]) / (share - last[1])
            return -(last[0] + part * (change - last[0]))
        last = (change, share)
    return None


class Show:
    def __init__(self, arguments, work):
        self.domain = MovieLens(arguments.pintle, arguments.shared, work / MovieLens.name)
        self.domain.write_users("direction_users", self.domain.reference["sae_users"][:1200])
        self.pintle, self.log, self.work = arguments.pintle, self.domain.log, self.domain.work
        self.table = Table()

    def sweep(self, model, *arguments):
        return run_json(self.pintle, "sweep", "--model", model, "--interactions", self.log,
                        "--users-file", self.work / "control_users", *arguments)

    def train(self):
        table = self.table
        for hook, bars in (("block:0", (0.985, 32, 0.02)), ("last", (0.96, 16, None))):
            value = json.loads((self.domain.trained(hook) / "report.json").read_text())
            table.at_least(f"train-sae {hook}: explained variance, held out", bars[0],
                           value["explained_variance"], 4)
            table.at_most(f"train-sae {hook}: features active (L0)", bars[1], value["l0"], 1)
            dead = value["dead_features"] / value["features"]
            if bars[2]:
                table.at_most(f"train-sae {hook}: dead features, share", bars[2], dead)
                table.at_most(f"train-sae {hook}: seconds, harvest and measuring too", 180,
                              value["wall_seconds"], 0)
            else:
                table.row(f"train-sae {hook}: dead features, share", "", f"{dead:.3f}", None)

    def label(self):
        features = json.loads(self.domain.labelled(self.domain.trained("block:0")).read_text())
        summary = features["summary"]
        correlation = summary["mean_best_correlation"]
        self.table.at_least("features: mean correlation of the best, 18 genres", 0.67, correlation)
        self.table.at_least("features: its mean sensitivity", 0.90, summary["mean_sensitivity"])
        self.table.at_least("features: correlation over that of raw dimensions", 2.4,
                            correlation / summary["raw_mean_best_correlation"], 2)

    def explain(self):
        """Of the best item's score, mean over 200 people; and that the parts told add up to it."""
        sae = self.domain.trained("block:0")
        model = self.domain.convert("int8", [(sae, self.domain.labelled(sae, knobs=False))])
        logs = self.domain.logs()
        shares, gaps = [], []
        for user in self.domain.reference["control_users"][:200]:
            history = " ".join(map(str, logs[user][:-1]))
            told = run_json(self.pintle, "explain", "--model", model, "--history", history,
                            "--events", 1)
            score, features = told["item"]["score"], told["saes"][0]
            without = features["without_features"]
            shares.append(1 - abs(without / score))
            gaps.append(abs(score - without - features["other_features"] -
                            sum(entry["value"] for entry in features["contributions"])))
        self.table.at_least("explain: part of a score that features explain, mean", 0.6,
                            statistics.mean(shares))
        self.table.at_most("explain: what the told parts miss of a score, most", 0.001, max(gaps), 5)

    def baselines(self):
        """The published curves at f32: relative NDCG and share at every published strength, and the
        loss where the share reaches its target.

        A feature's strength is in units of its 95th percentile. Over which positions the published
        one was taken is not told, and it differs by some per cent between samples of users, so one
        factor a genre is fitted, on its feature's two curves, and told."""
        sae = self.domain.checkpoint / BASELINE_SAE
        model = self.domain.convert("f32", [(sae, self.domain.labelled(sae, "f32", knobs=False))])
        best = self.domain.reference["interpretability"]["topk512_k32_block0"]["per_genre"]
        for genre, curves in self.domain.reference["control"]["curves"].items():
            feature = f"feature:{best[genre][0]}"
            units = [1 + i / 200 for i in range(-20, 21)]
            fits = [self.curve(model, genre, feature, curves[name], units, name.endswith("replace"))
                    for name in ("feature delta", "feature replace")]
            unit = min(units, key=lambda u: max(fit[u][0] for fit in fits))
            for name, method in (("feature delta", feature), ("feature replace", feature),
                                 ("mean diff", "direction"), ("reweight", "reweight")):
                u = unit if method == feature else 1
                difference, points = self.curve(model, genre, method, curves[name], [u],
                                                name.endswith("replace"))[u]
                told = f", unit x {u:.3f}" if method == feature else ""
                self.table.at_most(f"baseline {genre}, {name}{told}: difference", 0.005, difference,
                                   4)
                start = curves["base"][1]
                self.table.near(f"baseline {genre}, {name}: NDCG@10 lost at target",
                                loss_at_target(curves[name], start), loss_at_target(points, start),
                                0.005)

    def curve(self, model, genre, method, wanted, units, replaces=False):
        """By unit: the largest difference from `wanted`, and the points as measured."""
        strengths = [unit * strength for unit in units for strength, _, _ in wanted]
        swept = self.sweep(
            model, "--attribute", genre, "--method", method, "--strengths",
            ",".join(f"{strength:g}" for strength in strengths),
            *(["--steer-mode", "replace"] if replaces else []),
            *(["--direction-users", self.work / "direction_users"] if method == "direction"
              else []))
        base = swept["base"]["ndcg@10"]
        points = [(p["strength"], p["ndcg@10"] / base - 1, p["share"]) for p in swept["points"]]
        found = {}
        for i, unit in enumerate(units):
            own = points[i * len(wanted):(i + 1) * len(wanted)]
            found[unit] = (max(abs(g[k] - w[k]) for g, w in zip(own, wanted) for k in (1, 2)), own)
        return found

    def quantized(self):
        """int8 against f32, the same SAE and knobs: active sets and control curves."""
        sae = self.domain.trained("block:0")
        models = [self.domain.convert("int8", [(sae, self.domain.labelled(sae))])]
        # The SAE says that it belongs to the int8 network; without that it is taken to belong to f32's.
        float_sae = self.work / "float" / sae.name
        float_sae.mkdir(parents=True, exist_ok=True)
        (float_sae / "sae_weights.safetensors").write_bytes(
            (sae / "sae_weights.safetensors").read_bytes())
        config = json.loads((sae / "cfg.json").read_text())
        del config["metadata"]["pintle_model_hash"]
        (float_sae / "cfg.json").write_text(json.dumps(config))
        models.append(self.domain.convert("f32", [(float_sae, self.domain.labelled(sae))]))
        logs = self.domain.logs()
        overlaps = []
        for user in self.domain.reference["control_users"][:100]:
            history = " ".join(map(str, logs[user][:-1]))
            sets = []
            for model in models:
                told = run_json(self.pintle, "explain", "--model", model, "--history", history,
                                "--features", 1000, "--events", 1)
                sets.append({entry["feature"] for entry in told["saes"][0]["active"]})
            overlaps.append(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))
        self.table.at_least("int8 against f32: Jaccard of active features, mean", 0.9,
                            statistics.mean(overlaps))
        largest = 0
        knobs = json.loads(self.domain.labelled(sae).read_text())["knobs"]
        for knob in (knob["name"] for knob in knobs if knob.get("attribute")):
            curves = [self.sweep(model, "--knob", knob, "--strengths", "-4,-2,0,1,2,4,6")["points"]
                      for model in models]
            largest = max([largest] + [abs(a["share"] - b["share"]) for a, b in zip(*curves)])
        self.table.at_most("int8 against f32: control curves' shares, largest difference", 0.01,
                           largest, 4)

    def cost(self):
        """Of SAEs whose features decide for themselves (BatchTopK's threshold), of which SET encodes
        eight rows, and of TopK's, whose features are only known when all are: no bar there."""
        bars = {"steer_add": 1.05, "steer_set8": 1.1, "rerank_last": 1.5}
        for variant in ("batchtopk", "topk"):
            saes = [self.domain.trained(hook, variant) for hook in ("last", "block:0")]
            model = self.domain.convert(
                "int8", [(sae, self.domain.labelled(sae, knobs=False)) for sae in saes])
            rounds = [run_json(self.pintle, "bench", "--model", model, "--seconds", 1)
                      for _ in range(5)]
            for path in rounds[0]:
                bar = next((b for name, b in bars.items() if path.startswith(name)), None)
                if bar is None:
                    continue
                ratios = sorted(timed[path]["ratio"] for timed in rounds)
                told = f"bench, {variant}, {path}: times unsteered " \
                       f"({ratios[0]:.3f} to {ratios[-1]:.3f})"
                if variant == "topk" and path.startswith("steer_set8"):
                    self.table.row(told, "", f"{ratios[2]:.3f}", None)
                else:
                    self.table.at_most(told, bar, ratios[2])


def main():
    parser = parts_parser(__doc__, PARTS)
    show_parts(parser, parser.parse_args(), PARTS, Show)


if __name__ == "__main__":
    main()
