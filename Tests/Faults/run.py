"""Kills, failing calls and damaged files: each must end in the undisturbed bytes or in one clear line.

    python3 Tests/Faults/run.py --sample 400        a drawn part, with seed: about a minute
    python3 Tests/Faults/run.py --all               everything

README.md says what is tried. Needs Python 3.11 or newer, a C compiler, and the program built: .build/release/selva,
or what --program names.
"""

import argparse
import collections
import random
import sys
import tempfile
import time

import caught
import damage
import failures
import kills
import live
from trial import HERE, Bench, scenarios


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=HERE.parent.parent / ".build/release/selva")
    amount = parser.add_mutually_exclusive_group(required=True)
    amount.add_argument("--sample", type=int, metavar="N", help="N of each kind of trial")
    amount.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--only", action="append", metavar="KIND", help="kill, fail, damage or live; may be repeated")
    parser.add_argument("--match", default="", metavar="TEXT", help="only trials with TEXT in their description")
    return parser.parse_args()


def main():
    chosen = arguments()
    chance = random.Random(chosen.seed)
    found = collections.Counter()
    tried = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="faults-") as work:
        bench = Bench(chosen.program, work)
        every = scenarios(bench)
        if wrong := caught.missed(every[0]):
            sys.exit(f"the shim misses calls: {wrong}")
        kinds = {
            "kill": lambda: kills.trials(every, chance, pairs=200),
            "fail": lambda: failures.trials(every),
            "damage": lambda: damage.trials(bench, every, chance),
            "live": lambda: live.trials(bench, every, chosen.all),
        }
        for kind in chosen.only or kinds:
            trials = [trial for trial in kinds[kind]() if chosen.match in trial[0]]
            if chosen.sample and kind != "live" and len(trials) > chosen.sample:
                trials = chance.sample(trials, chosen.sample)
            start = time.monotonic()
            for description, trial in trials:
                tried[kind] += 1
                if wrong := trial():
                    found[kind] += 1
                    print(f"{description}: {wrong}", flush=True)
            print(f"{kind}: {tried[kind]} tried, {found[kind]} found, {time.monotonic() - start:.0f} s", flush=True)
    return 1 if found.total() else 0


if __name__ == "__main__":
    sys.exit(main())
