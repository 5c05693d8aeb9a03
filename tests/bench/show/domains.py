# SPDX-License-Identifier: Apache-2.0
"""Two networks with their data: who may be learned from, who is measured, and the model files.

What is converted, trained or labelled is kept in the folder `work` and made once.
"""

import json
import pathlib
import random
import time

from table import run, run_json


class Domain:
    """Files of one network. A subclass sets `log`, `items` and `conversion`, and writes the lists of users
    `train` (for SAEs and knobs) and `test` (for what features mean)."""

    def __init__(self, pintle, work, hook="last"):
        self.pintle, self.work, self.hook = pintle, work, hook
        work.mkdir(parents=True, exist_ok=True)

    def write_users(self, name, users):
        (self.work / name).write_text("".join(f"{user}\n" for user in users))

    def convert(self, precision, saes=()):
        """saes: (folder of the SAE, its features.json)."""
        name = "-".join([precision, *(pathlib.Path(sae).name for sae, _ in saes)]) + ".pintle"
        path = self.work / name
        if not path.exists():
            embedded = [word for sae, features in saes
                        for word in ("--sae", sae, "--features", features)]
            run(self.pintle, "convert", *self.conversion, "--items", self.items,
                "--precision", precision, *embedded, "--out", path)
        return path

    def trained(self, hook, variant="topk"):
        """An SAE trained at the hook, of the model as it ships."""
        name = "sae-" + ("" if variant == "topk" else variant + "-") + hook.replace(":", "")
        folder = self.work / name
        report = folder / "report.json"
        if not report.exists():
            size = ("--dict", 512, "--k", 32) if hook != "last" else ("--dict", 1024, "--k", 16)
            start = time.monotonic()
            value = run_json(self.pintle, "train-sae", "--model", self.convert("int8"),
                             "--interactions", self.log, "--users-file", self.work / self.train,
                             "--held-out-users", self.work / self.test, "--hook", hook,
                             *size, "--variant", variant, "--out", folder)
            value["wall_seconds"] = time.monotonic() - start
            report.write_text(json.dumps(value))
        return folder

    def labelled(self, sae, precision="int8", knobs=True):
        kind = precision if knobs else precision + "-features"
        path = self.work / f"{pathlib.Path(sae).name}-{kind}.json"
        if not path.exists():
            run(self.pintle, "label", "--model", self.convert(precision), "--sae", sae,
                "--interactions", self.log, "--train-users", self.work / self.train,
                "--test-users", self.work / self.test, "--out", path,
                *([] if knobs else ["--no-knobs"]))
        return path

    def steerable(self):
        sae = self.trained(self.hook)
        return self.convert("int8", [(sae, self.labelled(sae))])


    def described(self, name, attributes):
        """A model with these attributes alone; item -> names."""
        table = self.work / f"{name}-items.tsv"
        column = f"\t{self.attribute_group}" if attributes else ""
        table.write_text(f"item\ttitle{column}\n" + "".join(
            "\t".join([str(item), self.title(item)] + (["|".join(attributes.get(item, []))]
                                                      if attributes else [])) + "\n"
            for item in sorted(self.attributes_of_items())))
        path = self.work / f"{name}.pintle"
        conversion = [word for word in self.conversion
                      if word not in ("--attributes", self.attribute_group)]
        conversion += ["--items", table]
        if attributes:
            conversion += ["--attributes", self.attribute_group]
        if not path.exists():
            run(self.pintle, "convert", *conversion, "--precision", "int8", "--out", path)
        return path, conversion

    def with_concepts(self, name, attributes, *options):
        """(features.json, a model with its concepts) of a model with these attributes alone."""
        base, conversion = self.described(name, attributes)
        sae = self.work / "sae-default"
        if not (sae / "cfg.json").exists():
            run(self.pintle, "train-sae", "--model", base, "--interactions", self.log,
                "--users-file", self.work / self.train, "--held-out-users", self.work / self.test,
                "--out", sae)
        features, model = self.work / f"{name}.json", self.work / f"{name}-concepts.pintle"
        if not model.exists():
            run(self.pintle, "label", "--model", base, "--sae", sae, "--interactions", self.log,
                "--train-users", self.work / self.train, "--test-users", self.work / self.test,
                "--no-knobs", *options, "--out", features)
            run(self.pintle, "convert", *conversion, "--precision", "int8", "--sae", sae,
                "--features", features, "--out", model)
        return features, model

    def found(self):
        return self.with_concepts("unlabelled", {})

    def completed(self, part):
        """Attributes of a random part of the items alone are known."""
        items = self.attributes_of_items()
        order = sorted(items)
        random.Random(1).shuffle(order)
        known = {item: items[item] for item in order[:round(part * len(order))]}
        return self.with_concepts("part-known", known, "--complete", self.attribute_group)


class MovieLens(Domain):
    """GPT-2 on MovieLens-1M. SAEs and knobs see sae_users alone."""
    name, train, test = "ML-1M", "sae_users", "interpretation_users"
    attribute_group = "genres"

    def __init__(self, pintle, shared, work, hook="last"):
        super().__init__(pintle, work, hook)
        self.checkpoint = shared / "checkpoints/gpt2-ml1m"
        self.log = shared / "data/ml-1m/ml-1m.txt"
        self.items = shared / "data/ml-1m/items.tsv"
        self.conversion = ["--weights", self.checkpoint / "model.safetensors",
                           "--config", self.checkpoint / "config.json"]
        self.titles = {}
        self.reference = json.loads((self.checkpoint / "sae_reference.json").read_text())
        for name in ("sae_users", "interpretation_users", "control_users"):
            self.write_users(name, self.reference[name])

    def rows(self):
        return [line.split("\t") for line in self.items.read_text().splitlines()[1:]]

    def attributes_of_items(self):
        """Item -> its genres."""
        return {int(row[0]): row[3].split("|") for row in self.rows()}

    def title(self, item):
        if not self.titles:
            self.titles = {int(row[0]): row[2] for row in self.rows()}
        return self.titles[item]

    def logs(self):
        """User -> items, oldest first."""
        logs = {}
        for line in self.log.read_text().splitlines():
            user, item = map(int, line.split())
            logs.setdefault(user, []).append(item)
        return logs

    def measured_users(self):
        seen = set(self.reference["sae_users"])
        return [user for user in sorted(self.logs()) if user not in seen]


class Beauty(Domain):
    """ICLRec on Amazon Beauty, whose attributes have numbers and no names. A half of the users, every
    second one, is learned from: two thirds of it for knobs, a third for what features mean."""
    name, train, test = "Beauty", "train_users", "test_users"
    attribute_group = "attribute"

    def __init__(self, pintle, shared, work, hook="last"):
        super().__init__(pintle, work, hook)
        self.log = shared / "data/amazon-beauty/Beauty.txt"
        self.conversion = ["--weights", shared / "checkpoints/iclrec-beauty/ICLRec-Beauty-1.pt",
                           "--heads", 2, "--attributes", "attribute"]
        numbers = json.loads(
            (shared / "data/amazon-beauty/Beauty_item2attributes.json").read_text())
        self.attributes = {int(item): [f"a{n}" for n in values]
                           for item, values in numbers.items()}
        self.items = work / "items.tsv"
        self.items.write_text("item\tattribute\n" + "".join(
            f"{item}\t{'|'.join(values)}\n" for item, values in sorted(self.attributes.items())))
        learned = sorted(self.logs())[::2]
        self.write_users("test_users", learned[::3])
        self.write_users("train_users", [u for i, u in enumerate(learned) if i % 3])

    def attributes_of_items(self):
        return self.attributes

    def title(self, item):
        return ""

    def logs(self):
        logs = (list(map(int, line.split())) for line in self.log.read_text().splitlines())
        return {user: items for user, *items in logs}

    def measured_users(self):
        return sorted(self.logs())[1::2]
