#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists under wishes and rules, each figure beside its bar.

    python3 tests/bench/show/lists.py --pintle build/release/converter/pintle --shared ../shared \
        [--work DIR] [--only units,knobs,example,concepts,shares,mix,calissta,diversity,domains,tests] [--install]

--shared holds the checkpoints gpt2-ml1m and iclrec-beauty and their data. On MovieLens-1M SAE and knobs
see sae_users alone and all others, 3,624, are measured; on Amazon Beauty every second user is learned
from, the others are measured. Each one's last item is held out, lists hold ten. --work keeps what was
trained; without it a temporary folder is used. --install puts the package calissta from PyPI into an
environment in --work, for the part calissta. Needs numpy.

Losses are in % of NDCG@10, with the 95 % interval of a paired bootstrap over people, 2,000 resamples of a
fixed seed; means over attributes are taken person by person.
"""

import concept_bars
import example_bars
import knob_bars
import mix_bars
import rule_bars
from domains import Beauty, MovieLens
from knob_lists import Steered
from parts import parts_parser, show_parts
from people import People
from table import Table

# Bars that C++ programs hold.
TESTS = (
    ("caps, pins, runs, freshness, diversity: exact in 10,000 cases each",
     "ctest --preset dev -R 'list_'"),
    ("zero strength and no rules: the plain list, bit for bit", "ctest --preset dev -R 'list_test'"),
    ("cost of lists under wishes and rules, beside a plain one",
     "build/release/tests/bench/bench_kernels --benchmark_filter=list"),
    ("the same in instructions", "ctest --preset dev -R instruction_baseline -V"),
)


class Show:
    def __init__(self, arguments, work):
        self.arguments, self.work, self.table = arguments, work, Table()
        self.made = {}

    def steered(self, domain_type):
        """(domain, its people with the model that has knobs), made once."""
        if domain_type not in self.made:
            domain = domain_type(self.arguments.pintle, self.arguments.shared,
                                 self.work / domain_type.name, self.arguments.knob_hook)
            people = People(self.arguments.pintle, domain)
            steered = Steered(people, domain.steerable())
            self.table.row(f"{domain.name}: people measured; NDCG@10 of the plain list", "",
                           f"{len(people)}; {steered.base.mean():.4f}", None)
            self.made[domain_type] = domain, steered
        return self.made[domain_type]

    def units(self):
        knob_bars.units(self.table, self.steered(MovieLens)[1])

    def knobs(self):
        knob_bars.knobs(self.table, self.steered(MovieLens)[1])

    def example(self):
        example_bars.example(self.table, self.steered(MovieLens)[1], self.arguments.draws)

    def concepts(self):
        for domain_type in (MovieLens, Beauty):
            domain = domain_type(self.arguments.pintle, self.arguments.shared,
                                 self.work / domain_type.name)
            people = People(self.arguments.pintle, domain)
            concept_bars.concepts(self.table, people, domain)

    def shares(self):
        rule_bars.shares(self.table, self.steered(MovieLens)[1])

    def mix(self):
        mix_bars.mix(self.table, self.steered(MovieLens)[1])

    def calissta(self):
        domain, steered = self.steered(MovieLens)
        mix_bars.calissta(self.table, steered, domain, self.arguments.install)

    def diversity(self):
        rule_bars.diversity(self.table, self.steered(MovieLens)[1])

    def domains(self):
        for domain_type in (MovieLens, Beauty):
            domain, steered = self.steered(domain_type)
            knob_bars.against_bonus(self.table, steered, domain.name)

    def tests(self):
        for what, command in TESTS:
            self.table.row(what, "", command, None)


PARTS = ("units", "knobs", "example", "concepts", "shares", "mix", "calissta", "diversity", "domains", "tests")


def main():
    parser = parts_parser(__doc__, PARTS)
    parser.add_argument("--knob-hook", default="last", choices=("last", "block:0"),
                        help="whose features knobs may be made of")
    parser.add_argument("--draws", type=int, default=5,
                        help="of ten items an attribute, for the part example")
    parser.add_argument("--install", action="store_true", help="calissta from PyPI, into --work")
    arguments = parser.parse_args()
    if arguments.install and not arguments.work:
        parser.error("--install needs --work")
    show_parts(parser, arguments, PARTS, Show)


if __name__ == "__main__":
    main()
