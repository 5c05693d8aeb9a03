#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kernels of this working tree beside those of another revision.

    kernels_against.py REVISION [--prefix KERNEL] [--build DIR] [avx2|avx512vnni|neon|wasm ...]

Each revision's kernels are compiled by its own build, with its own flags. For each call of
kernel_calls.cpp, whether it gives the same bits, and:

avx2, avx512vnni    times new / old: both in one process, in short rounds that take turns
neon                executed instructions new / old: Unicorn runs the compiled calls
wasm                the same of what V8's optimizing compiler makes of the module, by callgrind, which
                    writes its counts whenever the script calls kill(2)

Without a list of ISAs, those that this machine has the tools for. Needs what the builds need; for neon
python3-unicorn and the cross compiler, for wasm clang for WASI, node and valgrind.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent.parent
PRESETS = {"avx2": "dev", "avx512vnni": "dev", "neon": "aarch64", "wasm": "wasm"}
HEADERS = pathlib.Path("runtime/kernels")


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def output_of(*command, **options):
    return run(*command, capture_output=True, text=True, **options).stdout


def checkout(revision, folder):
    """The revision's files, without a work tree of git's own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = run("git", "-C", ROOT, "archive", revision, stdout=subprocess.PIPE).stdout
    run("tar", "-x", "-C", folder, input=archive)


def kernel_objects(tree, preset, folder):
    """The object files of kernels_<isa>.cpp, compiled as the tree's preset says."""
    configured = subprocess.run(
        ["cmake", "--preset", preset, "-B", folder, "-D", "PINTLE_DEV=OFF", "-D", "PINTLE_FETCH=OFF",
         "-D", "PINTLE_CONVERTER=OFF", "-D", "PINTLE_WITH_XNNPACK=OFF"],
        cwd=tree, capture_output=True, text=True)
    if configured.returncode != 0:
        sys.exit(configured.stdout + configured.stderr)
    targets = output_of("ninja", "-C", folder, "-t", "targets", "all")
    objects = re.findall(r"^(\S*pintle_objects\S*/kernels_\w+\.cpp\.\w+): ", targets, re.MULTILINE)
    run("ninja", "-C", folder, *objects, stdout=subprocess.DEVNULL)
    return [folder / name for name in objects]


def link(tree, preset, folder):
    """One revision's library (dev), or program of calls (aarch64, wasm)."""
    objects = kernel_objects(tree, preset, folder)
    lookup = folder / "kernel_lookup.o"
    compiler, flags = {
        "dev": (["g++"], ["-fPIC"]),
        "aarch64": (["aarch64-linux-gnu-g++"], ["-fno-tree-loop-distribute-patterns"]),
        "wasm": (["clang++-14", "--target=wasm32-wasi"], []),
    }[preset]
    compile_ = [*compiler, "-std=c++17", "-O2", "-c", *flags]
    run(*compile_, "-I", tree / HEADERS, BENCH / "kernel_lookup.cpp", "-o", lookup)
    if preset == "dev":
        library = folder / "kernels.so"
        run(*compiler, "-shared", "-o", library, lookup, *objects, "-lm")
        return library
    calls = []
    for name in ("kernel_calls", "kernel_calls_counted"):
        calls.append(folder / f"{name}.o")
        run(*compile_, "-I", ROOT / HEADERS, BENCH / f"{name}.cpp", "-o", calls[-1])
    program = folder / "kernel_calls.program"
    if preset == "aarch64":
        options = ["-static", "-nostartfiles", "-Wl,-e,kernel_calls_run"]
    else:
        options = ["-mexec-model=reactor", "-Wl,--stack-first"] + [
            f"-Wl,--export=kernel_calls_{name}" for name in ("prepare", "run", "name", "bits")]
    run(*compiler, *options, "-o", program, *calls, lookup, *objects, "-lm")
    return program


def count_neon(program):
    """{(kernel, shape): (instructions of one call, hash of what it writes)}"""
    import unicorn
    from instructions_per_row import STOP, Program
    loaded = Program(program)
    uc = loaded.machine()
    executed = [0]

    def add_block(uc, address, size, _):
        executed[0] += size // 4

    def call(name, *integers):
        _, result = loaded.enter(uc, integers)
        executed[0] = 0
        uc.emu_start(loaded.functions[name], STOP)
        return uc.reg_read(result)

    def text(*integers):
        data = uc.mem_read(call("kernel_calls_name", *integers), 64)
        return bytes(data).split(b"\0")[0].decode()

    count = call("kernel_calls_prepare")
    uc.hook_add(unicorn.UC_HOOK_BLOCK, add_block)
    counts = {}
    for i in range(count):
        name = text(i, 0), text(i, 1)
        call("kernel_calls_run", i, 1)
        counts[name] = executed[0], call("kernel_calls_bits", i) & 0xFFFFFFFF
    return counts


def count_wasm(program):
    """The same; the script marks what is between two calls of kill(2)."""
    with tempfile.TemporaryDirectory() as folder:
        result = run(
            "valgrind", "--tool=callgrind", "--smc-check=all-non-file", "--dump-before=kill",
            f"--callgrind-out-file={folder}/out", "node", "--no-warnings", "--single-threaded",
            "--predictable", "--no-liftoff", "--no-wasm-lazy-compilation",
            BENCH / "kernel_calls.mjs", program, capture_output=True, text=True)
        totals = {}
        for path in pathlib.Path(folder).glob("out.*"):
            match = re.search(r"^totals: (\d+)", path.read_text(), re.MULTILINE)
            totals[int(path.suffix[1:])] = int(match[1])
    # Dumps are numbered from 1, which is what came before the first mark; then three a call: the first run,
    # one run, eleven runs.
    counts = {}
    for i, line in enumerate(result.stdout.splitlines()):
        kernel, shape, bits = line.split("\t")
        counts[kernel, shape] = (totals[3 * i + 4] - totals[3 * i + 3]) / 10, int(bits)
    return counts


def print_counts(isa, old, new, prefix):
    print(f"{isa}\n{'executed instructions of one call':45} {'old':>10} {'new':>10} {'new/old':>7}  bits")
    for kernel, shape in new:
        if not kernel.startswith(prefix):
            continue
        if (kernel, shape) not in old:
            print(f"{kernel:20} new")
            continue
        (before, old_bits), (after, new_bits) = old[kernel, shape], new[kernel, shape]
        print(f"{kernel:20} {shape:24} {before:10.0f} {after:10.0f} {after / before:7.3f}  "
              f"{'same' if old_bits == new_bits else 'other'}")


def available_isas():
    isas = ["avx2", "avx512vnni"] if os.uname().machine == "x86_64" else []
    try:
        import unicorn  # noqa: F401
        if shutil.which("aarch64-linux-gnu-g++"):
            isas.append("neon")
    except ImportError:
        pass
    if all(shutil.which(tool) for tool in ("clang++-14", "node", "valgrind")):
        isas.append("wasm")
    return isas


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision")
    parser.add_argument("--prefix", default="", help="kernels whose names begin with it")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/kernels_against")
    parser.add_argument("isas", nargs="*", metavar="ISA", choices=[[], *PRESETS])
    arguments = parser.parse_args()
    isas = arguments.isas or available_isas()
    build = arguments.build.resolve()
    checkout(arguments.revision, build / "source")
    linked = {}
    for preset in dict.fromkeys(PRESETS[isa] for isa in isas):
        linked[preset] = [link(tree, preset, build / f"{which}-{preset}")
                          for which, tree in (("old", build / "source"), ("new", ROOT))]
    failed = False
    for isa in isas:
        old, new = linked[PRESETS[isa]]
        if PRESETS[isa] == "dev":
            program = build / "kernels_against"
            run("g++", "-std=c++17", "-O2", "-I", ROOT / HEADERS, BENCH / "kernels_against.cpp",
                BENCH / "kernel_calls.cpp", "-o", program, "-ldl")
            status = subprocess.run([program, old, new, isa, arguments.prefix]).returncode
            failed = failed or status not in (0, 77)
        else:
            count = count_neon if isa == "neon" else count_wasm
            print_counts(isa, count(old), count(new), arguments.prefix)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
