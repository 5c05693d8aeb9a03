# SPDX-License-Identifier: Apache-2.0
"""The command line of a script that prints its table part by part."""

import argparse
import pathlib
import tempfile


def parts_parser(description, parts):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--pintle", type=pathlib.Path, required=True)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(parts), help="some of " + ", ".join(parts))
    return parser


def show_parts(parser, arguments, parts, show_type):
    """Calls the method of each part that --only names, of show_type(arguments, working folder)."""
    arguments.pintle = arguments.pintle.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        show = show_type(arguments, (arguments.work or pathlib.Path(temporary)).resolve())
        for part in arguments.only.split(","):
            if part not in parts:
                parser.error(f"--only: no part {part}")
            getattr(show, part)()
        show.table.finish()
