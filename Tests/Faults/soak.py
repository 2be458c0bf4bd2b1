"""Trains at full speed for a time and watches the process from outside: memory, descriptors, threads and the size of
its folder must not grow.

    python3 Tests/Faults/soak.py [--minutes 60] [--threads 1] [--program .build/release/selva]

Epochs are short, so that checkpoints, metrics and pictures come often. Prints the medians of the first and the last
quarter of what was sampled after the first minute, and fails where one grew past its bound.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What may grow: the rows of metrics.csv, one an epoch, and what is kept of them in memory.
BOUNDS = {"anonymous memory": 8.0, "resident memory": 8.0, "descriptors": 0, "threads": 0, "folder": 8.0}
# The most that a run takes; no machine gets through them in a day.
EPOCHS = 1_000_000
UNITS = {"anonymous memory": "MiB", "resident memory": "MiB", "folder": "MiB"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/selva")
    parser.add_argument("--every", type=float, default=5, help="seconds between samples")
    return parser.parse_args()


def sample(process, folder):
    status = {}
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        status[name] = value.strip()
    return {
        "anonymous memory": int(status["RssAnon"].split()[0]) / 1024,
        "resident memory": int(status["VmRSS"].split()[0]) / 1024,
        "descriptors": len(os.listdir(f"/proc/{process}/fd")),
        "threads": int(status["Threads"]),
        "folder": size(folder),
    }


def size(folder):
    """Without the rows of metrics.csv and the pictures of epochs, which come with every epoch, as they should."""
    total = 0
    for path in folder.glob("*"):
        try:
            if path.is_file() and path.name != "metrics.csv":
                total += path.stat().st_size
        except FileNotFoundError:
            pass  # a temporary file that has got its name meanwhile
    return total / 2**20


def main():
    chosen = arguments()
    with tempfile.TemporaryDirectory(prefix="soak-") as work:
        run = Path(work) / "run"
        errors = open(Path(work) / "errors", "wb")
        command = [chosen.program.resolve(), "train", "--data", ROOT / "data", "--hidden", "128,128", "--batch-size", "32"]
        command += ["--epochs", str(EPOCHS), "--threads", str(chosen.threads), "--sample-every", "10"]
        command += ["--quiet", "--output", run]
        process = subprocess.Popen(command, stderr=errors)
        samples = watch(process, run, chosen)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        text = Path(errors.name).read_text().strip()
        # Before anything is read that a training which refused to begin has not written.
        if process.returncode != 130:
            sys.exit(f"training ended with status {process.returncode}: {text}")
        epochs = len((run / "metrics.csv").read_text().splitlines()) - 1
        print(f"{epochs} epochs, {len(samples)} samples, {len(list((run / 'samples').glob('*')))} pictures")
        return report(samples)


def watch(process, folder, chosen):
    samples = []
    start = time.monotonic()
    while time.monotonic() - start < chosen.minutes * 60:
        time.sleep(chosen.every)
        if process.poll() is not None:
            break
        # What is set up in the beginning is no growth.
        if time.monotonic() - start > min(60, chosen.minutes * 6):
            samples.append(sample(process.pid, folder))
    return samples


def report(samples):
    quarter = max(1, len(samples) // 4)
    grown = 0
    for name, bound in BOUNDS.items():
        first = statistics.median(s[name] for s in samples[:quarter])
        last = statistics.median(s[name] for s in samples[-quarter:])
        highest = max(s[name] for s in samples)
        flat = last - first <= bound
        grown += not flat
        unit = UNITS.get(name, "")
        print(f"{name}: {first:.4g} → {last:.4g} {unit} (highest {highest:.4g}): {'flat' if flat else 'GROWS'}")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
