#!/usr/bin/env python3
"""
Writes what a TRex profile in Python makes, as JSON for `pktgen-ts import trex`.

    trex_profile_to_json.py [--trex DIR] [--direction 0|1] [--port N] [-o FILE] PROFILE.py [-t name=value ...]

It runs the profile, and needs TRex's Python library for that: DIR is a TRex release or its source tree, its `scripts`
folder, or the folder `interactive` in it. Without --trex, the library is taken from PYTHONPATH. No server is asked.
The profile is a program: run only one that you trust.

Exit codes: 0 written; 2 wrong usage, or the profile fails; 3 the library is not there.
"""
import argparse
import itertools
import json
import os
import sys
import warnings

INTERACTIVE = [
    "",
    "interactive",
    "automation/trex_control_plane/interactive",
    "scripts/automation/trex_control_plane/interactive",
]


def fail(code, what):
    sys.stderr.write("trex_profile_to_json: %s\n" % what)
    sys.exit(code)


def library(root):
    """The class that loads profiles."""
    if root is not None:
        for below in INTERACTIVE:
            folder = os.path.join(os.path.abspath(root), below)
            if os.path.isdir(os.path.join(folder, "trex", "stl")):
                sys.path.insert(0, folder)
                break
        else:
            fail(3, "%s has no folder trex/stl; accepted: a TRex release, e.g. --trex /opt/trex/v3.06" % root)
    warnings.simplefilter("ignore")
    try:
        from trex.stl.trex_stl_streams import STLProfile

        return STLProfile
    except ImportError as error:
        fail(3, "TRex's library does not load (%s); --trex DIR says where it is" % error)


def arguments():
    parser = argparse.ArgumentParser(description="The JSON of a TRex profile, for pktgen-ts import trex.")
    parser.add_argument("profile", help="a .py profile of TRex's STL mode")
    parser.add_argument("--trex", metavar="DIR", help="a TRex release or source tree (default: PYTHONPATH has it)")
    parser.add_argument("--direction", type=int, choices=[0, 1], default=0, help="as in TRex (default: 0)")
    parser.add_argument("--port", type=int, default=0, help="as in TRex (default: 0)")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write (default: standard output)")
    parser.add_argument("-t", "--tunable", metavar="NAME=VALUE", nargs="+", action="append", default=[],
                        help="the profile's tunables; may be given again")
    return parser.parse_args()


def main():
    given = arguments()
    if not os.path.isfile(given.profile):
        fail(2, "%s does not exist" % given.profile)
    words = []
    for each in itertools.chain.from_iterable(given.tunable):
        name, equals, value = each.partition("=")
        if not equals:
            fail(2, "%s is no tunable; accepted: name=value" % each)
        words += ["--" + name, value]
    profiles = library(given.trex)
    # What a profile prints is not the JSON.
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        profile = profiles.load_py(
            os.path.abspath(given.profile), direction=given.direction, port_id=given.port, tunables=words
        )
    except Exception as error:  # a profile may raise anything
        fail(2, "%s fails: %s" % (given.profile, str(error).strip()))
    finally:
        sys.stdout = out
    if profile is None:
        fail(2, "%s gave no streams; its tunables are -t name=value" % given.profile)
    text = json.dumps(profile.to_json(), indent=2, sort_keys=True) + "\n"
    if given.output is None:
        sys.stdout.write(text)
    else:
        with open(given.output, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
