"""What happens to a training while it goes on: its data change, signals come, streams close, another one starts."""

import os
import re
import random
import resource
import shutil
import signal
import subprocess
import time

from trial import Scenario, differences, is_leftover, write_images

# Some seconds of work and epochs long enough to be met in the middle, with a checkpoint every few steps' time.
LONG = (
    "train --data d --hidden 64 --latent 4 --epochs 12 --batch-size 50 --threads 1 --sample-every 4 "
    "--precision float32 --output r"
).split()
IMAGES = 30_000
DATA = "d/train-images-idx3-ubyte"


def trials(bench, scenarios, everything):
    template = bench.work / "templates" / "long"
    (template / "d").mkdir(parents=True)
    write_images(template / DATA, IMAGES)
    live = Live(Scenario("long", bench, template, LONG, ["train --quiet --resume r".split(), LONG]))
    for name in ["SIGTERM", "SIGINT", "SIGHUP"]:
        yield f"live: {name}", lambda n=name: live.stopped_by(getattr(signal, n))
    yield "live: stopped again and again", live.stopped_again_and_again
    for number in range(30 if everything else 3):
        yield f"live: killed at some time, {number}", lambda n=number: live.killed_at_some_time(n)
    yield "live: SIGUSR1", live.asked_for_a_checkpoint
    yield "live: data cut", lambda: live.data_changed(lambda path: os.truncate(path, 1000))
    yield "live: data cut to nothing", lambda: live.data_changed(lambda path: os.truncate(path, 0))
    yield "live: data cut by a few bytes", lambda: live.data_changed(cut_by_a_few_bytes)
    yield "live: data overwritten", lambda: live.data_changed(overwritten)
    yield "live: data replaced", live.data_replaced
    yield "live: data removed", live.data_removed
    yield "live: standard error closed", lambda: live.streams(stderr_closed=True)
    yield "live: standard error a broken pipe", lambda: live.streams(stderr_closed=False)
    yield "live: file size limit", live.file_limit
    yield "live: folder removed", live.folder_removed
    yield "live: resumed while it is trained", live.resumed_meanwhile
    for number in range(60 if everything else 6):
        yield f"live: two at once, {number}", lambda n=number: live.two_at_once(n)
    yield "live: full disk", live.full_disk


def cut_by_a_few_bytes(path):
    """Within the last page: the kernel gives zeros for them, and no signal."""
    os.truncate(path, path.stat().st_size - 30)


def overwritten(path):
    with open(path, "r+b") as file:
        file.seek(1000)
        file.write(bytes(400_000))


class Live:
    def __init__(self, scenario):
        self.scenario, self.bench = scenario, scenario.bench
        self.data = self.bench.here / DATA

    def start(self, arguments=LONG, **options):
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} | options
        # Time as it is: here it is the point.
        environment = self.bench.environment({}) | {"FAULTS_CLOCK": "0"}
        return subprocess.Popen([self.bench.program, *arguments], cwd=self.bench.here, env=environment, **settings)

    def begun(self, **options):
        """A training in its second epoch or later."""
        self.bench.set_up(self.scenario.template)
        process = self.start(**options)
        self.wait_for(process, lambda: (self.bench.here / "r/metrics.csv").exists())
        time.sleep(random.Random(process.pid).random() * 0.2)
        return process

    def wait_for(self, process, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)

    def end(self, process):
        """(status, errors), or what is wrong as a text."""
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return "stuck"
        if process.returncode < 0:
            return f"ended by {signal.Signals(-process.returncode).name}"
        return process.returncode, (errors or b"").decode(errors="replace")

    def leftovers(self):
        return [name for name in self.bench.contents() if is_leftover(name)]

    def stopped_by(self, number):
        process = self.begun()
        process.send_signal(number)
        ended = self.end(process)
        if isinstance(ended, str):
            return ended
        if ended[0] != 130:
            return f"status {ended[0]}: {ended[1][-200:]}"
        return f"left over: {left}" if (left := self.leftovers()) else self.scenario.recover()

    def stopped_again_and_again(self):
        process = self.begun()
        for _ in range(200):
            process.send_signal(signal.SIGTERM)
            ended = self.end(process)
            if isinstance(ended, str) or ended[0] != 130:
                break
            process = self.start("train --resume r".split())
            # What is said before the first step shows that signals are heeded.
            process.stderr.readline()
            time.sleep(0.1)
        if isinstance(ended, str) or ended[0] != 0:
            return f"{ended}"
        return differences(self.bench.contents(), self.scenario.end)

    def killed_at_some_time(self, number):
        """By the clock, not by calls."""
        self.bench.set_up(self.scenario.template)
        process = self.start()
        time.sleep(random.Random(number).random() * 1.2)
        process.kill()
        self.end(process)
        return self.scenario.recover()

    def asked_for_a_checkpoint(self):
        process = self.begun()
        checkpoint = self.bench.here / "r/checkpoint.safetensors"
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process.send_signal(signal.SIGUSR1)
        self.wait_for(process, lambda: checkpoint.exists() and checkpoint.stat().st_mtime_ns != before, seconds=1)
        written = checkpoint.exists() and checkpoint.stat().st_mtime_ns != before
        ended = self.end(process)
        if isinstance(ended, str) or ended[0] != 0:
            return f"{ended}"
        return differences(self.bench.contents(), self.scenario.end) or ("" if written else "no checkpoint within a second")

    def data_changed(self, change):
        """It stops with a line about the data; put right, the run goes on as if nothing had been."""
        process = self.begun()
        content = self.data.read_bytes()
        change(self.data)
        ended = self.end(process)
        if isinstance(ended, str):
            return ended
        status, errors = ended
        if status not in (65, 66, 74) or "train-images" not in errors.splitlines()[-1]:
            return f"status {status}: {errors[-200:]}"
        if left := self.leftovers():
            return f"left over: {left}"
        if not (self.bench.here / "r/checkpoint.safetensors").exists():
            return "no checkpoint"
        self.data.write_bytes(content)
        return self.scenario.recover()

    def data_replaced(self):
        """Another file under the same name: the run keeps to the one that it began with, or says so."""
        process = self.begun()
        keep = self.data.with_name("kept")
        os.link(self.data, keep)
        other = self.data.with_name("other")
        write_images(other, 100, seed=2)
        os.replace(other, self.data)
        ended = self.end(process)
        os.replace(keep, self.data)
        if isinstance(ended, str):
            return ended
        if ended[0] == 0:
            return differences(self.bench.contents(), self.scenario.end)
        if ended[0] not in (65, 66, 74) or "train-images" not in ended[1].splitlines()[-1]:
            return f"status {ended[0]}: {ended[1][-200:]}"
        return self.scenario.recover()

    def data_removed(self):
        process = self.begun()
        content = self.data.read_bytes()
        self.data.unlink()
        ended = self.end(process)
        self.data.write_bytes(content)
        if isinstance(ended, str):
            return ended
        return differences(self.bench.contents(), self.scenario.end) if ended[0] == 0 else self.scenario.recover()

    def streams(self, stderr_closed):
        if stderr_closed:
            process = self.begun(stderr=None, preexec_fn=lambda: os.close(2))
        else:
            process = self.begun()
            process.stderr.close()
            process.stderr = None
        ended = self.end(process)
        if isinstance(ended, str) or ended[0] != 0:
            return f"{ended}"
        return differences(self.bench.contents(), self.scenario.end)

    def file_limit(self):
        """Files may grow to less than a checkpoint needs (ulimit -f): a line, not SIGXFSZ."""
        self.bench.set_up(self.scenario.template)
        limit = (20_000, 20_000)
        process = self.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        ended = self.end(process)
        if isinstance(ended, str):
            return ended
        if ended[0] not in (73, 74) or "File too large" not in ended[1]:
            return f"status {ended[0]}: {ended[1][-200:]}"
        return f"left over: {left}" if (left := self.leftovers()) else self.scenario.recover()

    def folder_removed(self):
        process = self.begun()
        shutil.move(self.bench.here / "r", self.bench.here / "moved")
        ended = self.end(process)
        if isinstance(ended, str):
            return ended
        return "" if ended[0] in (66, 73, 74) else f"status {ended[0]}: {ended[1][-200:]}"

    def two_at_once(self, number):
        """Two trainings into one folder: one of them trains, as if alone; the other says who is there."""
        self.bench.set_up(self.scenario.template)
        first = self.start()
        # More of them close together than far apart.
        time.sleep(random.Random(number).random() ** 3 * 0.12)
        return self.one_of(first, self.start())

    def resumed_meanwhile(self):
        first = self.begun()
        return self.one_of(first, self.start("train --quiet --resume r".split()))

    def one_of(self, first, second):
        ends = [self.end(first), self.end(second)]
        if texts := [end for end in ends if isinstance(end, str)]:
            return f"{texts}"
        if sorted(status for status, _ in ends) != [0, 73]:
            return f"{[(status, errors[-150:]) for status, errors in ends]}"
        refused, other = (ends[0], second) if ends[0][0] else (ends[1], first)
        # Between taking the folder and writing its number into it, a process has none to be called by.
        if not re.search(rf"\bby (process {other.pid}|another process)\b", refused[1]):
            return f"does not name process {other.pid}: {refused[1]}"
        return differences(self.bench.contents(), self.scenario.end)

    def full_disk(self):
        """A file system of half a megabyte, which a run and its pictures fill."""
        place = self.bench.here / "r"
        self.bench.set_up(self.scenario.template)
        place.mkdir()
        for size in (8, 64, 120, 176, 232, 400, 800, 1600):
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", place], capture_output=True)
            if mounted.returncode != 0:
                print("live: full disk: skipped, no file system can be mounted here")
                return ""
            try:
                ended = self.end(self.start())
                left = self.leftovers()
                if isinstance(ended, str):
                    return f"{size} KiB: {ended}"
                if ended[0] not in (0, 73, 74) or (ended[0] and "No space left" not in ended[1]):
                    return f"{size} KiB: status {ended[0]}: {ended[1][-200:]}"
                if left:
                    return f"{size} KiB: left over: {left}"
                if ended[0] == 0:
                    return ""
                subprocess.run(["mount", "-o", "remount,size=8m", place], check=True)
                if wrong := self.scenario.recover():
                    return f"{size} KiB: {wrong}"
            finally:
                subprocess.run(["umount", "-l", place], check=True)
        return "never had room"
