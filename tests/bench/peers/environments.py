# SPDX-License-Identifier: Apache-2.0
"""A Python environment for each engine, made from requirements-ENGINE.txt, each on its own: one that
cannot be installed does not keep the others from it."""

import hashlib
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
NAMES = ("pytorch", "onnxruntime", "litert", "executorch")


def python_of(root, name):
    """The environment's Python, or None if it is not installed or made from other requirements."""
    stamp = root / name / "requirements"
    python = root / name / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != digest(name):
        return None
    return python


def digest(name):
    return hashlib.sha256((FOLDER / f"requirements-{name}.txt").read_bytes()).hexdigest()


def install(root, names):
    """Installs what is missing into `root`; the reason by name where it did not work."""
    failures = {}
    for name in names:
        if python_of(root, name):
            continue
        print(f"installing {name} into {root / name}", flush=True)
        log = root / f"{name}.log"
        root.mkdir(parents=True, exist_ok=True)
        with open(log, "w") as out:
            commands = ([sys.executable, "-m", "venv", "--clear", str(root / name)],
                        [str(root / name / "bin" / "python"), "-m", "pip", "install", "-r",
                         str(FOLDER / f"requirements-{name}.txt")])
            for command in commands:
                if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode != 0:
                    failures[name] = f"pip failed, see {log}"
                    break
            else:
                (root / name / "requirements").write_text(digest(name))
    return failures
