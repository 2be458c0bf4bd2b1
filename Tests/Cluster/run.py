"""Trains and evaluates with several ranks on this machine, and takes ranks away: see README.md.

    python3 Tests/Cluster/run.py PROGRAM [--kills 20]

PROGRAM is a selva that was built with the trait MPI.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent.parent / "data"
# More ranks than cores, as root in a container, each with one thread.
ENVIRONMENT = os.environ | {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
TRAINING = ["train", str(DATA), "--hidden", "48", "--latent", "8", "--epochs", "12", "--batch-size", "50",
            "--threads", "1", "--sample-every", "0", "--average-decay", "0.99", "--clip-norm", "200", "--seed", "3"]
# A rank that is lost must be noticed in so many seconds.
PATIENCE = 30


def command(program, ranks, arguments):
    return ([] if ranks == 1 else ["mpirun", "-np", str(ranks)]) + [program] + arguments


def run(program, ranks, arguments, folder):
    return subprocess.run(
        command(program, ranks, arguments), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=600)


def start(program, ranks, arguments, folder):
    return subprocess.Popen(
        command(program, ranks, arguments), cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True)


def metrics(run):
    """Losses by epoch; the last two columns are times."""
    rows = (run / "metrics.csv").read_text().splitlines()[1:]
    return [[float(x) for x in row.split(",")[1:-2]] for row in rows]


def tensors(path):
    """What the file holds beside its header, in which command lines differ."""
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little"):]


def same(a, b):
    return (metrics(a) == metrics(b) and tensors(a / "model.safetensors") == tensors(b / "model.safetensors")
            and tensors(a / "checkpoint.safetensors") == tensors(b / "checkpoint.safetensors"))


def ranks_of(program):
    """Process numbers of the program's ranks that run now."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else [b""]
        except OSError:
            continue
        if words[0] == program.encode():
            found.append(int(entry.name))
    return found


class Check:
    def __init__(self, program, folder):
        self.program, self.folder, self.faults = program, folder, 0

    def expect(self, condition, text):
        print(("ok     " if condition else "WRONG  ") + text, flush=True)
        self.faults += not condition

    def undisturbed(self):
        """One rank and four come to the same; four twice to the same bytes."""
        for name, ranks in [("one", 1), ("four", 4), ("again", 4)]:
            begun = time.monotonic()
            done = run(self.program, ranks, TRAINING + ["-o", name], self.folder)
            self.seconds = time.monotonic() - begun
            self.expect(done.returncode == 0, f"{ranks} ranks train: {done.stderr.strip().splitlines()[-1]}")
        one, four = metrics(self.folder / "one"), metrics(self.folder / "four")
        worst = max(abs(a[0] / b[0] - 1) for a, b in zip(one, four))
        self.expect(len(one) == len(four) == 12 and worst < 1e-3, f"losses of 1 and 4 ranks differ by {worst:.1e}")
        self.expect(same(self.folder / "four", self.folder / "again"), "4 ranks twice give the same bytes")
        files = [sorted(str(p.relative_to(self.folder / n)) for p in (self.folder / n).rglob("*"))
                 for n in ("one", "four")]
        self.expect(files[0] == files[1], "1 and 4 ranks leave the same files")

    def evaluation(self):
        arguments = ["evaluate", "one", "--data", str(DATA), "--importance-samples", "20", "--json"]
        one, three = [run(self.program, ranks, arguments, self.folder) for ranks in (1, 3)]
        self.expect(three.returncode == 0 and json.loads(one.stdout) == json.loads(three.stdout),
                    "an evaluation by 3 ranks is that of 1, to the bit")

    def faults_in_one_line(self):
        for arguments in [["train", "nothing"], TRAINING + ["-o", "one"]]:
            alone = run(self.program, 1, arguments, self.folder)
            done = run(self.program, 3, arguments, self.folder)
            lines = [line for line in done.stderr.splitlines() if line.startswith("selva: ")]
            self.expect(
                alone.returncode != 0 and done.returncode != 0 and lines == alone.stderr.splitlines(),
                f"one line of 3 ranks: {lines}")

    def stop(self):
        """SIGTERM to mpirun, which passes it on, saves; another number of ranks goes on."""
        # So long that no machine is at its end before the signal comes.
        longer = [*TRAINING, "--epochs", "60"]
        run(self.program, 1, longer + ["-o", "long"], self.folder)
        process = start(self.program, 4, longer + ["-o", "stopped"], self.folder)
        self.wait_for(self.folder / "stopped" / "metrics.csv", process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        self.expect(len(metrics(self.folder / "stopped")) < 60, "a run is stopped before its end")
        done = run(self.program, 2, ["train", "--resume", "stopped"], self.folder)
        self.expect(done.returncode == 0, f"2 ranks go on: {done.stderr.strip().splitlines()[-1]}")
        worst = max(abs(a[0] / b[0] - 1) for a, b in zip(
            metrics(self.folder / "long"), metrics(self.folder / "stopped")))
        self.expect(len(metrics(self.folder / "stopped")) == 60 and worst < 1e-3, f"losses of 4 ranks and then 2 differ from those of 1 by {worst:.1e}")

    def wait_for(self, path, process):
        while not path.exists() and process.poll() is None:
            time.sleep(0.01)

    def disturb(self, name, number, after):
        """Sends a signal to one rank after so many seconds. Returns how long all took to end, and what they said."""
        process = start(self.program, 4, TRAINING + ["-o", name], self.folder)
        time.sleep(after)
        victims = ranks_of(self.program)
        if not victims or process.poll() is not None:
            process.communicate()
            return None
        sent = time.monotonic()
        os.kill(random.choice(victims), number)
        try:
            _, errors = process.communicate(timeout=2 * PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, errors = process.communicate()
        took = time.monotonic() - sent
        while ranks_of(self.program) and time.monotonic() - sent < 2 * PATIENCE:
            time.sleep(0.1)
        return max(took, time.monotonic() - sent if ranks_of(self.program) else 0), errors

    def kill(self, count):
        longest, equal, survived = 0, 0, 0
        for turn in range(count):
            name = f"killed-{turn}"
            ended = self.disturb(name, signal.SIGKILL, random.uniform(0.2, self.seconds))
            if ended is None:
                survived += 1
            else:
                longest = max(longest, ended[0])
            again = TRAINING + ["-o", name]
            if (self.folder / name / "checkpoint.safetensors").exists():
                again = ["train", "--resume", name]
            done = run(self.program, 4, again, self.folder)
            # What had ended before it was killed has nothing left to do.
            is_over = done.returncode == 0 or "has finished its 12 epochs" in done.stderr
            is_equal = is_over and same(self.folder / name, self.folder / "four")
            equal += is_equal
            if not is_equal:
                print(f"       {name}: {done.stderr}")
        self.expect(longest < PATIENCE, f"{count - survived} kills of one rank ended all, after {longest:.1f} s at most")
        self.expect(equal == count, f"{equal} of {count} that went on came to the undisturbed bytes")

    def vanish(self):
        """A rank that stands still is a machine that has vanished."""
        # Where the machine is faster by now than when it was timed, the run is over before.
        for share in (0.6, 0.3, 0.15):
            ended = self.disturb(f"vanished-{share}", signal.SIGSTOP, share * self.seconds)
            if ended is not None:
                break
        lines = [line for line in (ended or (0, ""))[1].splitlines() if line.startswith("selva: ")]
        told = [line for line in lines if "no sign of life" in line]
        self.expect(ended is not None and ended[0] < PATIENCE and len(told) == 1,
                    f"a rank that stands still ended all after {(ended or [0])[0]:.1f} s: {told}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=lambda text: str(Path(text).resolve()))
    parser.add_argument("--kills", type=int, default=20, help="times that a rank is killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    options = parser.parse_args()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        check = Check(options.program, Path(folder))
        check.undisturbed()
        check.evaluation()
        check.faults_in_one_line()
        check.stop()
        check.kill(options.kills)
        check.vanish()
    print("all is well" if check.faults == 0 else f"{check.faults} checks failed")
    return check.faults > 0


if __name__ == "__main__":
    sys.exit(main())
