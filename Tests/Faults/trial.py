"""What every trial needs: a folder of its own, the program run under the shim, and what it left, comparable."""

import csv
import io
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST = 60  # seconds; past this a trial is stuck

# Small, with a picture after every epoch, and the same bytes whatever the machine.
TRAIN = (
    "train --data d --hidden 6 --latent 3 --epochs 3 --batch-size 20 --threads 1 --sample-every 1 "
    "--precision float32 --quiet --output r"
).split()
RESUME = "train --quiet --resume r".split()


def write_images(path, count, seed=1, height=8, width=6):
    """An IDX file of random pixels."""
    chance = random.Random(seed)
    header = struct.pack(">BBBBIII", 0, 0, 8, 3, count, height, width)
    path.write_bytes(header + bytes(chance.randrange(256) for _ in range(count * height * width)))


@dataclass
class Call:
    """A line of the shim's log."""

    number: int
    changes: bool
    name: str
    path: str

    def __str__(self):
        return f"call {self.number}, {self.name} {self.path}"


def faults(errors):
    """Standard error without the lines that tell what was written: a command may have done so before it failed."""
    return "".join(line for line in errors.splitlines(keepends=True) if not line.startswith("wrote "))


@dataclass
class Outcome:
    status: int  # negative: ended by that signal
    output: bytes
    errors: str
    stuck: bool
    calls: list = field(default_factory=list)

    @property
    def ending(self):
        if self.stuck:
            return "stuck"
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        return f"status {self.status}: {self.errors.strip()[:160]}"


class Bench:
    """The program, the shim, and the one folder `here` in which all trials run, one after the other: paths that
    files record are then the same in each."""

    def __init__(self, program, work):
        self.program = Path(program).resolve()
        self.work = Path(work).resolve()
        self.here = self.work / "here"
        self.log = self.work / "log"
        self.shim = self.work / "shim.so"
        command = ["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", self.shim]
        subprocess.run([*command, HERE / "judge.c", HERE / "shim.c", "-ldl"], check=True)

    def set_up(self, template):
        """Makes `here` a copy of the folder `template`, times of change included."""
        shutil.rmtree(self.here, ignore_errors=True)
        shutil.copytree(template, self.here)

    def environment(self, settings):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FAULTS_")}
        # A trap is to end the process at once, not after a minute of drawing a backtrace.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment |= {"LD_PRELOAD": str(self.shim), "FAULTS_FOLDER": str(self.here), "FAULTS_CLOCK": "5"}
        return environment | settings

    def run(self, arguments, at=0, kind="", lasting=False, log=False, keep=None):
        """Runs the program in `here`, with the fault `kind` at call `at`."""
        settings = {"FAULTS_AT": str(at), "FAULTS_KIND": str(kind)}
        if lasting:
            settings["FAULTS_LASTING"] = "1"
        if log:
            self.log.unlink(missing_ok=True)
            settings["FAULTS_LOG"] = str(self.log)
        if keep:
            settings["FAULTS_KEEP"] = str(keep)
        process = subprocess.Popen(
            [self.program, *arguments], cwd=self.here, env=self.environment(settings), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stuck = False
        try:
            output, errors = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            stuck = True
            process.kill()
            output, errors = process.communicate()
        return Outcome(process.returncode, output, faults(errors.decode(errors="replace")), stuck, self.calls() if log else [])

    def calls(self):
        calls = []
        for line in self.log.read_text(errors="replace").splitlines():
            number, changes, name, path = line.split(" ", 3)
            calls.append(Call(int(number), changes == "C", name, plain(path)))
        return calls

    def contents(self):
        """Everything in `here`: path → comparable content, None for a folder."""
        found = {}
        for path in sorted(self.here.rglob("*")):
            name = str(path.relative_to(self.here))
            if path.name != "checkpoint.previous.safetensors":
                found[name] = None if path.is_dir() else comparable(name, path.read_bytes())
        return found


def plain(path):
    """Without what chance and process put into a temporary name."""
    return re.sub(r"[^/]*\.tmp(?=/|$)", "temporary", path)


def comparable(name, content):
    """Content without what is never twice the same: times, and the commands that resumed a run."""
    if name.endswith("metrics.csv"):
        try:
            rows = list(csv.DictReader(io.StringIO(content.decode())))
        except UnicodeDecodeError:
            return content
        for row in rows:
            row.pop("seconds", None)
            row.pop("images_per_second", None)
        return repr(rows).encode()
    if name.endswith("config.json"):
        try:
            settings = json.loads(content)
        except ValueError:
            return content
        settings.pop("resumed", None)
        return json.dumps(settings, sort_keys=True).encode()
    return content


def differences(found, expected):
    """In words; empty where there are none."""
    words = []
    for name in sorted(set(found) | set(expected)):
        if name not in found:
            words.append(f"{name} is missing")
        elif name not in expected:
            words.append(f"{name} is left over")
        elif found[name] != expected[name]:
            words.append(f"{name} differs")
    return ", ".join(words[:6]) + (f" and {len(words) - 6} more" if len(words) > 6 else "")


def is_leftover(name):
    """Whether a file, or a folder that it is in, is a temporary one."""
    return any(part.endswith(".tmp") or part.startswith(".") for part in Path(name).parts)


class Scenario:
    """A command, the folder that it starts from, and what it comes to undisturbed."""

    def __init__(self, name, bench, template, command, recoveries):
        """`recoveries`: the commands that a person tries in turn after a disturbance, until one succeeds."""
        self.name, self.bench, self.template, self.command = name, bench, template, command
        self.recoveries = recoveries
        keep = bench.work / "keep"
        shutil.rmtree(keep, ignore_errors=True)
        keep.mkdir()
        bench.set_up(template)
        self.begin = bench.contents()
        outcome = bench.run(command, log=True, keep=keep)
        if outcome.status != 0:
            raise SystemExit(f"{name}: the undisturbed run fails: {outcome.ending}")
        self.calls = outcome.calls
        self.end = bench.contents()
        self.versions = {}
        for call in self.calls:
            kept = keep / str(call.number)
            if kept.exists():
                self.versions.setdefault(call.path, set()).add(comparable(call.path, kept.read_bytes()))
        for contents in (self.begin, self.end):
            for path, content in contents.items():
                self.versions.setdefault(path, set()).add(content)
        # A run that is resumed from before its first epoch starts the log again.
        for path in self.versions:
            if path.endswith("metrics.csv"):
                self.versions[path].add(comparable(path, b"epoch\n"))

    def is_edge(self, call):
        """False for a write between two others into the same file, which comes to what they come to."""
        sides = self.calls[max(0, call.number - 2) : call.number + 1]
        return call.name != "write" or any(c.name != "write" for c in sides)

    def start(self, **fault):
        self.bench.set_up(self.template)
        return self.bench.run(self.command, **fault)

    def recover(self):
        """What a person does after a disturbance. Empty where it ends in the undisturbed bytes, else what is wrong."""
        said = []
        for command in self.recoveries:
            outcome = self.bench.run(command)
            said.append(f"{' '.join(command[:1] + command[-2:])}: {outcome.ending}")
            if outcome.stuck or outcome.status <= 0:
                break
        wrong = differences(self.bench.contents(), self.end)
        if outcome.stuck or outcome.status < 0:
            wrong = "; ".join(filter(None, [outcome.ending, wrong]))
        # Where all refuse, nothing was left to do only if everything is there.
        return f"{wrong} [{' | '.join(said)}]" if wrong else ""


def scenarios(bench):
    """Training, resuming, and the other commands that write."""
    plain_data = bench.work / "templates" / "data"
    (plain_data / "d").mkdir(parents=True)
    write_images(plain_data / "d" / "train-images-idx3-ubyte", 60)
    (plain_data / "few").mkdir()
    write_images(plain_data / "few" / "train-images-idx3-ubyte", 3)
    train = Scenario("train", bench, plain_data, TRAIN, [RESUME, TRAIN])
    finished = bench.work / "templates" / "finished"
    shutil.copytree(bench.here, finished)
    # Killed when the second epoch is whole, with its checkpoint and its picture.
    second = next(c.number for c in train.calls if c.name == "rename" and c.path == "r/samples/epoch-002.png")
    stopped = bench.work / "templates" / "stopped"
    train.start(at=second + 1, kind="kill")
    shutil.copytree(bench.here, stopped)
    for path in [path for path in stopped.rglob("*") if is_leftover(str(path))]:
        path.unlink()
    all_scenarios = [train, Scenario("resume", bench, stopped, RESUME, [RESUME, TRAIN])]
    for name, text in {
        "sample": "sample r --output s.png",
        "encode": "encode r --data d --part train --limit 20 --output z.csv",
        "encode to npy": "encode r --data d --part train --limit 20 --output z.npy",
        "decode": "decode z.csv r --separate p",
        "binarize": "data binarize --data d/train-images-idx3-ubyte --output b.gz",
        "reconstruct": "reconstruct r --data d --part train --output c.png",
        "interpolate": "interpolate r --data d --part train --indices 0,1 --output c.png",
        "traverse": "traverse r --data d --part train --index 0 --output c.png",
        "sample and latents": "sample r --output s.png --save-latents z.npy",
        "export": "export onnx r --output parts",
        "export pictures": "data export few --output pictures",
        "export one part": "export onnx r --part decoder --output d.onnx",
        "start from": "train --data d --start-from r --epochs 1 --batch-size 20 --threads 1 --quiet --output s",
    }.items():
        template = finished
        if name == "decode":
            template = bench.work / "templates" / "encoded"
            bench.set_up(finished)
            bench.run("encode r --data d --part train --limit 4 --output z.csv".split())
            shutil.copytree(bench.here, template)
        resume = ["train --quiet --resume s".split()] if name == "start from" else []
        all_scenarios.append(Scenario(name, bench, template, text.split(), [*resume, text.split()]))
    return all_scenarios
