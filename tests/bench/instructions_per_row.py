#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions that each ISA's integer kernels execute per row of a catalogue.

    instructions_per_row.py [--cols 64] PROGRAM ...

PROGRAM: what the kernels are linked into, for x86-64 or aarch64, e.g.
build/dev/tests/kernels/kernel_check build/aarch64/tests/kernels/kernel_check.

Nothing of the kernels' ISA is needed on this machine: Unicorn runs the compiled kernel on zeros,
instruction by instruction, once over 4 panels and once over 8, and the difference is what 64 rows
cost. Vector instructions that Unicorn's CPUs lack are counted and passed over. That is right because
control flow depends on counters alone; a scan that did not come to its end is an error.

Needs python3-unicorn and binutils for the program's architecture.
"""
import argparse
import re
import struct
import subprocess
import sys

import unicorn
from unicorn import arm64_const as arm
from unicorn import x86_const as x86

KERNELS = ("matvec_s8", "scan_s8", "matvec_s4", "scan_s4")
LADDERS = {"x86_64": ("scalar", "avx2", "avx512vnni"),
           "aarch64": ("scalar", "neon", "neon_dotprod", "neon_i8mm")}
ROWS = 16  # of a panel
STACK, STOP, DATA = 0x7E000000, 0x7F000000, 0x60000000
DATA_BYTES = 1 << 22


def run_tool(tool, arch, *arguments):
    prefix = f"{arch}-linux-gnu-"
    for name in (prefix + tool, tool):
        try:
            return subprocess.run([name, *arguments], check=True, capture_output=True,
                                  text=True).stdout
        except FileNotFoundError:
            continue
    sys.exit(f"no {tool} for {arch}: install binutils-{arch.replace('_', '-')}-linux-gnu")


class Program:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.image = file.read()
        machine = struct.unpack_from("<H", self.image, 18)[0]
        self.arch = {62: "x86_64", 183: "aarch64"}[machine]
        # Kernels are local symbols: the FILE symbol before them names their ISA.
        self.kernels = {}
        self.functions = {}  # the others, by name
        isa = None
        for line in run_tool("readelf", self.arch, "-sW", path).splitlines():
            fields = line.split()
            if len(fields) < 8:
                continue
            if fields[3] == "FILE":
                match = re.fullmatch(r"kernels_(\w+)\.cpp", fields[7])
                isa = match and match[1]
            match = re.match(r"_ZN6pintle12_GLOBAL__N_1\d+?([a-z]\w*_s[48])E", fields[7])
            if isa and match and fields[3] == "FUNC" and match[1] in KERNELS:
                self.kernels[isa, match[1]] = int(fields[1], 16)
            elif fields[3] == "FUNC":
                self.functions[fields[7]] = int(fields[1], 16)
        # address: (next address, mnemonic, operands)
        self.listing = {}
        previous = None
        options = ["-d", "--no-show-raw-insn"] + (["-Mintel"] if self.arch == "x86_64" else [])
        for line in run_tool("objdump", self.arch, *options, path).splitlines():
            match = re.match(r"\s+([0-9a-f]+):\t(\S+)\s*(.*)", line)
            if not match:
                continue
            address = int(match[1], 16)
            if previous is not None:
                self.listing[previous[0]] = (address, *previous[1:])
            previous = (address, match[2], match[3])

    def segments(self):
        offset, = struct.unpack_from("<Q", self.image, 32)
        size, count = struct.unpack_from("<HH", self.image, 54)
        for i in range(count):
            kind, _, start, address, _, file_size, memory_size = struct.unpack_from(
                "<IIQQQQQ", self.image, offset + i * size)
            if kind == 1:  # PT_LOAD
                yield address, self.image[start:start + file_size], memory_size

    def machine(self):
        if self.arch == "x86_64":
            uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
        else:
            uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
            uc.ctl_set_cpu_model(arm.UC_CPU_ARM64_MAX)
        end = max(address + size for address, _, size in self.segments())
        uc.mem_map(0, (end + 0xFFFF) & ~0xFFFF)
        for address, data, _ in self.segments():
            uc.mem_write(address, data)
        uc.mem_map(STACK - 0x100000, 0x200000)
        uc.mem_map(STOP, 0x1000)
        uc.mem_map(DATA, 8 * DATA_BYTES)
        if self.arch == "aarch64":
            uc.reg_write(arm.UC_ARM64_REG_CPACR_EL1, 3 << 20)
        return uc

    def enter(self, uc, integers, floats=()):
        """Registers and stack as at the start of a function. Returns those of pc and result."""
        if self.arch == "x86_64":
            uc.mem_write(STACK, struct.pack("<QQ", STOP, integers[6] if len(integers) > 6 else 0))
            for name, value in zip(("RDI", "RSI", "RDX", "RCX", "R8", "R9"), integers):
                uc.reg_write(getattr(x86, "UC_X86_REG_" + name), value)
            for i, value in enumerate(floats):
                bits, = struct.unpack("<I", struct.pack("<f", value))
                uc.reg_write(x86.UC_X86_REG_XMM0 + i, bits)
            uc.reg_write(x86.UC_X86_REG_RSP, STACK)
            return x86.UC_X86_REG_RIP, x86.UC_X86_REG_RAX
        for i, value in enumerate(integers):
            uc.reg_write(arm.UC_ARM64_REG_X0 + i, value)
        for i, value in enumerate(floats):
            bits, = struct.unpack("<I", struct.pack("<f", value))
            uc.reg_write(arm.UC_ARM64_REG_S0 + i, bits)
        uc.reg_write(arm.UC_ARM64_REG_LR, STOP)
        uc.reg_write(arm.UC_ARM64_REG_SP, STACK)
        return arm.UC_ARM64_REG_PC, arm.UC_ARM64_REG_X0

    def count(self, isa, kernel, panels, cols):
        """How many instructions the kernel executes over that many panels."""
        uc = self.machine()
        buffers = [DATA + i * DATA_BYTES for i in range(5)]
        weights, scales, x, out, _ = buffers
        if kernel.startswith("matvec"):
            integers, floats = [weights, scales, panels, cols, x, out], [1.0]
        else:  # no bias; the zeros do not pass the threshold
            integers, floats = [weights, scales, 0, panels, cols, x, out], [1.0, 1.0]
        pc, result = self.enter(uc, integers, floats)
        address, executed, spilled = self.kernels[isa, kernel], 0, {}
        while address != STOP:
            following, mnemonic, operands = self.listing[address]
            executed += 1
            if self.is_passed_over(mnemonic):
                self.pass_over(uc, mnemonic, operands, spilled)
                address = following
            else:
                uc.emu_start(address, STOP, count=1)
                address = uc.reg_read(pc)
        if kernel.startswith("scan") and uc.reg_read(result) != panels:
            sys.exit(f"{isa} {kernel}: stopped after {uc.reg_read(result)} of {panels} panels")
        return executed

    def is_passed_over(self, mnemonic):
        if self.arch == "x86_64":
            return mnemonic[0] in "vk"  # AVX and mask registers
        return mnemonic == "smmla"

    def pass_over(self, uc, mnemonic, operands, spilled):
        """What the instruction, on zeros, leaves in a general register or in the flags. GCC keeps
        counters in vector registers when it runs out of the others; `spilled` remembers them."""
        if self.arch != "x86_64":
            return
        first, _, rest = operands.partition(",")
        if mnemonic in ("vmovq", "vmovd") and general_register(rest) is not None:
            spilled[first] = uc.reg_read(general_register(rest))
        elif general_register(first) is not None:
            value = spilled.get(rest, 0) if mnemonic in ("vmovq", "vmovd") else 0
            uc.reg_write(general_register(first), value)
        else:
            spilled.pop(re.sub("[yz]mm", "xmm", first), None)
        if mnemonic.startswith(("vcomis", "vucomis", "vptest", "vtestp", "kortest", "ktest")):
            uc.reg_write(x86.UC_X86_REG_EFLAGS, 0x42)  # ZF


def general_register(operand):
    """Unicorn's number of the 64-bit register that the operand is all or half of, or None."""
    match = re.fullmatch(r"(?:[re]([a-d]x|[sd]i|bp)|(r\d+)d?)", operand)
    if not match:
        return None
    return getattr(x86, "UC_X86_REG_" + ("R" + match[1] if match[1] else match[2]).upper())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cols", type=int, default=64)
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    arguments = parser.parse_args()
    print(f"instructions per row of {arguments.cols} columns")
    print(f"{'':22}" + "".join(f"{kernel:>11}" for kernel in KERNELS))
    for path in arguments.programs:
        program = Program(path)
        for isa in LADDERS[program.arch]:
            cells = []
            for kernel in KERNELS:
                if (isa, kernel) not in program.kernels:
                    cells.append("inherited")
                    continue
                few, many = (program.count(isa, kernel, panels, arguments.cols)
                             for panels in (4, 8))
                cells.append(f"{(many - few) / (4 * ROWS):.1f}")
            print(f"{program.arch:8} {isa:13}" + "".join(f"{cell:>11}" for cell in cells))


if __name__ == "__main__":
    main()
