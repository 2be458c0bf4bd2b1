"""Breaks Selva on purpose, one small change at a time, and says which changes no test notices.

    python3 Tests/Mutations/run.py [--help]

Works in a copy of the tree with a build folder of its own (see --folder); the checkout is only read. README.md tells
what the list is and how to add to it.
"""

import argparse
import hashlib
import json
import os
import queue
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Quick ones first: a mutation should die of the cheapest test that sees it.
TARGETS = [
    "FilesTests", "IDXTests", "ComputeTests", "ImageGridTests", "PicturesTests", "ChartsTests", "TerminalTests",
    "ExchangeTests", "RanksTests", "DownloadsTests", "NetworksTests", "SelvaTests", "SelvaCommandsTests"]
ROOMS = {
    "Files": ["FilesTests"],
    "IDX": ["IDXTests"],
    "ImageGrid": ["ImageGridTests"],
    "CPNG": ["ImageGridTests"],
    "CJPEG": ["PicturesTests"],
    "CArchive": ["PicturesTests"],
    "CCurl": ["DownloadsTests"],
    "Downloads": ["DownloadsTests", "SelvaCommandsTests"],
    "Archives": ["PicturesTests"],
    "Pictures": ["PicturesTests", "SelvaCommandsTests"],
    "CKernels": ["ComputeTests", "SelvaTests"],
    "COneDNN": ["ComputeTests", "SelvaTests"],
    "Compute": ["ComputeTests", "SelvaTests"],
    "Charts": ["ChartsTests"],
    "Exchange": ["ExchangeTests"],
    "Terminal": ["TerminalTests"],
    "Ranks": ["RanksTests", "SelvaTests"],
    "Networks": ["NetworksTests", "SelvaTests"],
    "Selva": ["SelvaTests"],
    "SelvaCommands": ["SelvaCommandsTests"],
}
# Tests that are close to a file and not called after it: tried first, so that most faults die within a second or two.
NEAR = {
    "Activation": "InitializationTests|FiniteDifference",
    "ActivationInspection": "InspectCommandTests",
    "Adam": "TrainingStepTests|TrainingReplay",
    "CRC32": "CRC32",
    "activations": "ActivationKernelTests|KernelVariantTests",
    "adam": "VectorKernelTests|KernelVariantTests",
    "lanes": "KernelTests",
    "channels": "ChannelKernelTests|KernelVariantTests",
    "likelihoods": "LikelihoodKernelTests|KernelVariantTests",
    "random": "RandomStreamTests|KernelVariantTests",
    "vectors": "VectorKernelTests|KernelVariantTests",
    "Batch": "TrainingStepTests|TrainingReplay",
    "Bounds": "ReferenceTests",
    "DataInspection": "InspectCommandTests",
    "DenseLayer": "TrainingReplay",
    "Evaluation": "EvaluationTests",
    "Evaluator": "EvaluationTests|TrainingReplay",
    "ModelInitialization": "InitializationTests|TrainingReplay",
    "ParameterStore": "InitializationTests|TrainingReplay",
    "ModelLayout": "InitializationTests|TrainingReplay",
    "DataStatistics": "InitializationTests|DataStatisticsTests|TrainingReplay",
    "Network": "InitializationTests|TrainingReplay",
    "Interpolation": "LatentGeometry|PictureReference",
    "Interrupt": "InterruptTests|SignalTests",
    "LikelihoodRow": "ReferenceTests|LikelihoodPixel",
    "Manifold": "LatentGeometry|PictureReference",
    "NormalQuantile": "LatentGeometry",
    "PrincipalDirections": "LatentGeometry",
    "RandomStream": "RandomStreamTests|LatentsTests|TrainingReplay",
    "ResumedRun": "TrainingRunTests|ResumeTests|RunFilesTests",
    "RunConfiguration": "TrainOptionTests",
    "Schedules": "ScheduleTests",
    "Selection": "OptionTests",
    "SharedOptions": "OptionTests|FormatTests",
    "Console": "FormatTests|BrokenWriteTests",
    "SelvaCommand": "BrokenWriteTests|EncodeCommandTests",
    "StepBenchmark": "BenchCommandTests",
    "TrainOptions": "TrainOptionTests",
    "TrainReport": "TrainOptionTests|TrainCommandTests",
    "Trainer": "TrainingStepTests|TrainingReplay",
    "TrainingData": "TrainingReplay",
    "TrainingRun": "TrainingReplay|RunFilesTests|TrainingRunTests",
    "TrainingStep": "TrainingStepTests|TrainingReplay|ReferenceTests",
    "Traversal": "LatentGeometry|PictureReference",
}
# The Swift files into which a header's functions are compiled.
IMPORTERS = {"COneDNN": ["Sources/Compute/Product.swift"], "CPNG": ["Sources/ImageGrid/PNG.swift"]}
COPIED = ["Package.swift", "Sources", "Tests", "samples", "data"]


class Mutation:
    """`old` becomes `new` in `file`; `tests` are tried first; `survives` is why it is known not to die."""

    def __init__(self, name, line):
        self.name, self.line, self.file = name, line, None
        self.old, self.new, self.tests, self.survives = [], [], [], None

    def finish(self):
        self.old, self.new = "\n".join(self.old), "\n".join(self.new)
        if not self.file or not self.old or self.old == self.new:
            sys.exit(f"mutations.txt:{self.line}: {self.name}: needs a file, an old text and another new one")
        return self

    @property
    def room(self):
        return self.file.split("/")[1]

    @property
    def digest(self):
        return hashlib.sha256("\0".join([self.file, self.old, self.new]).encode()).hexdigest()[:16]

    def stages(self):
        """Regular expressions of tests, one run of the suite each, until one fails."""
        first, stem = ROOMS[self.room], Path(self.file).stem
        rest = [target for target in TARGETS if target not in first]
        near = "|".join(self.tests) or NEAR.get(stem, f"{stem}Tests")
        return [near] + [f"^{target}\\." for target in first + rest]


def read_list(path):
    """[name], file, lines of `- old` and `+ new`; `tests: regex` and `survives: reason` where wanted."""
    found, names = [], set()
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            found.append(Mutation(line.strip("[]"), number))
            if line in names:
                sys.exit(f"mutations.txt:{number}: {line} is there twice")
            names.add(line)
        elif line.startswith(("- ", "+ ")) or line in "-+":
            (found[-1].old if line[0] == "-" else found[-1].new).append(line[2:])
        elif line.startswith("tests: "):
            found[-1].tests.append(line[7:])
        elif line.startswith("survives: "):
            found[-1].survives = line[10:]
        else:
            found[-1].file = line
    return [mutation.finish() for mutation in found]


def files(path):
    """Of a folder, or the file itself."""
    if path.is_dir():
        return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return [path] if path.exists() else []


class Copy:
    """The tree as it is, built once; nothing in it changes afterwards."""

    def __init__(self, folder):
        self.folder = folder
        self.products = folder / ".build" / "debug"

    def prepare(self):
        """The checkout's files as they are now, with the times that they have there, so that little is built."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = {path.relative_to(ROOT) for name in COPIED for path in files(ROOT / name)}
        for path in [path for name in COPIED for path in files(self.folder / name)]:
            if path.relative_to(self.folder) not in wanted:
                path.unlink()
        stale = []
        for name in wanted:
            source, target = ROOT / name, self.folder / name
            if not target.exists() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
                stale += IMPORTERS.get(name.parts[1], []) if name.suffix == ".h" else []
        # The package manager does not build again what imports a system library's header.
        for importer in stale:
            (self.folder / importer).touch()

    def build(self):
        done = subprocess.run(
            ["swift", "build", "--build-tests"], cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the tree does not build as it is:\n{(done.stdout + done.stderr)[-3000:]}")
        self.manifest = (self.folder / ".build" / "debug.yaml").read_text()
        self.jobs, self.lock = {}, threading.Lock()

    def command(self, key):
        """What the manifest runs for the first command whose name has `key`."""
        start = re.search(rf'^  "[^"\n]*{re.escape(key)}":$', self.manifest, re.M)
        found = re.compile(r"^    args: (.*)$", re.M).search(self.manifest, start.end())
        return json.loads(found[1])

    def compile(self, source):
        """How the compiler makes the object of one source file of the copy, and that object."""
        if source.suffix == ".c":
            command = self.command(f"{source.parent.name}.build/{source.name}.o")
        else:
            jobs = self.module(source.relative_to(self.folder).parts[1])
            command = next(job for job in jobs if f"-primary-file {source} " in f"{' '.join(job)} ")
        command = list(command)
        # Only the object is wanted.
        for flag in ["-emit-dependencies-path", "-emit-reference-dependencies-path", "-serialize-diagnostics-path",
                     "-index-store-path", "-MF"]:
            while flag in command:
                place = command.index(flag)
                del command[place : place + 2]
        command = [word for word in command if word not in ("-index-system-modules", "-MD", "-MT", "dependencies")]
        return command, Path(command[command.index("-o") + 1])

    def module(self, name):
        """The compiler's runs for one module, one a file."""
        with self.lock:
            if name not in self.jobs:
                key = re.search(rf'"C\.({name}-[^"]*-debug\.module)"', self.manifest)[1]
                done = subprocess.run(
                    self.command(key) + ["-driver-print-jobs"], capture_output=True, text=True, check=True)
                self.jobs[name] = [shlex.split(line) for line in done.stdout.splitlines()]
            return self.jobs[name]

    def link(self, product):
        suffix = "test" if product.endswith(".xctest") else "exe"
        key = re.search(rf'"C\.({product.removesuffix(".xctest")}-[^"]*-debug\.{suffix})"', self.manifest)[1]
        return self.command(key)


class Worker:
    """Makes the objects that a mutation changes in a folder of its own, links them with the copy's, runs the tests."""

    def __init__(self, copy, folder, options):
        self.copy, self.folder, self.options = copy, folder, options

    def sources(self, mutation):
        """Files of the copy that must be compiled again, and the folders whose place among them counts."""
        parts = mutation.file.split("/")
        tree = self.copy.folder
        if parts[1] == "CKernels":
            own = [tree / mutation.file] if mutation.file.endswith(".c") else list((tree / "Sources/CKernels").glob("*.c"))
            variants = [path for path in (tree / "Tests/CKernelVariants").glob("*.c") if path.name != "variants.c"]
            return own + variants, ["Sources/CKernels", "Tests/CKernelVariants"]
        if parts[1] in IMPORTERS:
            return [tree / path for path in IMPORTERS[parts[1]]], ["/".join(parts[:2])]
        return [tree / mutation.file], []

    def build(self, mutation, text):
        """None where all went well, else what the compiler says."""
        shutil.rmtree(self.folder, ignore_errors=True)
        sources, folders = self.sources(mutation)
        for name in folders:
            shutil.copytree(self.copy.folder / name, self.folder / name)
        (self.folder / mutation.file).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / mutation.file).write_text(text)
        moved = [*folders, mutation.file]
        self.objects = {}
        for source in sources:
            command, target = self.copy.compile(source)
            made = self.folder / f"{source.parent.name}-{target.name}"
            for name in moved:
                command = [word.replace(f"{self.copy.folder}/{name}", f"{self.folder}/{name}") for word in command]
            command[command.index("-o") + 1] = str(made)
            done = subprocess.run(command, cwd=self.copy.folder, capture_output=True, text=True)
            if done.returncode:
                found = re.search(r"error: .*", done.stdout + done.stderr)
                return found[0] if found else (done.stdout + done.stderr)[-300:]
            self.objects[str(target)] = str(made)
        return self.link("selvaPackageTests.xctest")

    def link(self, product):
        command = self.copy.link(product)
        for place, word in enumerate(command):
            if word.startswith("@") and word.endswith("LinkFileList"):
                names = Path(word[1:]).read_text()
                for old, new in self.objects.items():
                    names = names.replace(old, new)
                (self.folder / f"{product}.list").write_text(names)
                command[place] = f"@{self.folder}/{product}.list"
        command[command.index("-o") + 1] = str(self.folder / product)
        done = subprocess.run(command, cwd=self.copy.folder, capture_output=True, text=True)
        return (done.stdout + done.stderr)[-300:] if done.returncode else None

    def test(self, pattern, products=None):
        """None where all tests pass, else the first issue; the rest of the run is not waited for."""
        products = products or self.folder
        command = [
            products / "selvaPackageTests.xctest", "--testing-library", "swift-testing", "--filter", pattern]
        temporary = self.folder / "temporary files"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        process = subprocess.Popen(
            command, cwd=self.copy.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env=os.environ | {"TMPDIR": str(temporary), "NO_COLOR": "1", "SWIFT_BACKTRACE": "enable=no"})
        end = time.monotonic() + self.options.timeout
        text, issue = "", None
        try:
            while issue is None:
                left = end - time.monotonic()
                if left <= 0:
                    return f"no end after {self.options.timeout} s"
                if not select.select([process.stdout], [], [], min(left, 1))[0]:
                    continue
                part = os.read(process.stdout.fileno(), 1 << 16)
                if not part:
                    break
                text += re.sub(r"\x1b\[[0-9;]*m", "", part.decode(errors="replace"))
                found = re.search(r"^✘ Test (.*?) recorded an issue", text, re.M)
                issue = found and found[1]
            if issue:
                return issue
            status = process.wait(timeout=60)
            # 69: no test is called so; those of the room are next.
            return None if status in (0, 69) else f"status {status}: {' '.join(text.split()[-12:])}"
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def judge(self, mutation):
        """What came of it, and the test that noticed."""
        path = self.copy.folder / mutation.file
        if not path.exists():
            return "does not apply", "the file is not there"
        whole = path.read_text()
        if whole.count(mutation.old) != 1:
            return "does not apply", f"its text is there {whole.count(mutation.old)} times"
        problem = self.build(mutation, whole.replace(mutation.old, mutation.new))
        if problem:
            return "does not build", problem
        for pattern in mutation.stages():
            # The program that the commands' tests start; what lies deep dies before it is asked for.
            if "Command" in pattern or mutation.room in ("Selva", "SelvaCommands"):
                problem = None if (self.folder / "selva").exists() else self.link("selva")
                if problem:
                    return "does not build", problem
            issue = self.test(pattern)
            if issue:
                return "killed", issue
        return "survived", ""


def choose(mutations, options):
    chosen = [m for m in mutations if re.search(options.only, f"{m.file} {m.name}")]
    if options.survivors:
        known = last_results(options.folder)
        chosen = [m for m in chosen if known.get(m.digest, {}).get("result") != "killed"]
    elif options.resume:
        known = last_results(options.folder)
        chosen = [m for m in chosen if known.get(m.digest, {}).get("result") not in ("killed", "survived")]
    return chosen


def last_results(folder):
    path = folder / "results.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {row["digest"]: row for row in rows}


def work(worker, waiting, options, commit, lock):
    while True:
        try:
            mutation = waiting.get_nowait()
        except queue.Empty:
            return
        start = time.monotonic()
        try:
            result, detail = worker.judge(mutation)
        except (OSError, subprocess.SubprocessError, StopIteration) as problem:
            result, detail = "not judged", f"{type(problem).__name__}: {str(problem)[-200:]}"
        seconds = time.monotonic() - start
        row = dict(name=mutation.name, digest=mutation.digest, result=result, detail=detail, seconds=round(seconds, 1))
        with lock:
            with open(options.folder / "results.jsonl", "a") as file:
                file.write(json.dumps(row | {"commit": commit}) + "\n")
            print(f"{result:15s} {seconds:6.1f} s  {mutation.name}: {detail}", flush=True)


def report(mutations, folder, seconds):
    known = last_results(folder)
    rows = [(m, known.get(m.digest, {}).get("result", "not tried"), known.get(m.digest, {})) for m in mutations]
    counts = {}
    for _, result, _ in rows:
        counts[result] = counts.get(result, 0) + 1
    print(f"\n{len(rows)} mutations: " + ", ".join(f"{count} {result}" for result, count in sorted(counts.items())))
    tried = counts.get("killed", 0) + counts.get("survived", 0)
    if tried:
        print(f"killed: {100 * counts.get('killed', 0) / tried:.1f} % of {tried}, in {seconds / 60:.1f} minutes")
    missed = 0
    for mutation, result, row in rows:
        if result == "killed" and mutation.survives:
            print(f"dies now, though it is said to survive: {mutation.name}")
        if result in ("killed", "not tried"):
            continue
        known_reason = f" (known: {mutation.survives})" if mutation.survives else ""
        print(f"{result}: {mutation.name}, {mutation.file}: {row.get('detail', '')}{known_reason}")
        missed += not mutation.survives
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default=".", metavar="REGEX", help="those whose file and name match")
    parser.add_argument("--workers", type=int, default=1, help="copies of the tree that work side by side")
    parser.add_argument("--folder", type=Path, default=ROOT / ".build-mutations", help="for copies and results")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for a part of the suite; longer is a kill")
    parser.add_argument("--resume", action="store_true", help="leave out those with a result")
    parser.add_argument("--survivors", action="store_true", help="only those that were not killed when last tried")
    parser.add_argument("--skip-baseline", action="store_true", help="do not see the suite pass unbroken first")
    parser.add_argument("--check", action="store_true", help="only say which do not apply to the tree")
    options = parser.parse_args()
    mutations = read_list(HERE / "mutations.txt")
    if options.check:
        broken = [m for m in mutations if (ROOT / m.file).exists() is False
                  or (ROOT / m.file).read_text().count(m.old) != 1]
        for mutation in broken:
            print(f"mutations.txt:{mutation.line}: {mutation.name} does not apply to {mutation.file}")
        print(f"{len(mutations)} mutations, {len(broken)} do not apply")
        return len(broken) > 0
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = choose(mutations, options)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    start = time.monotonic()
    copy = Copy((options.folder / "copy").resolve())
    copy.prepare()
    copy.build()
    workers = [Worker(copy, options.folder / f"worker-{index}", options) for index in range(options.workers)]
    if not options.skip_baseline:
        issue = workers[0].test(".", copy.products)
        if issue:
            sys.exit(f"the suite fails before anything is broken: {issue}")
    waiting, lock = queue.Queue(), threading.Lock()
    # Mixed, so that a pass that is broken off has seen every room.
    for mutation in sorted(chosen, key=lambda m: m.digest):
        waiting.put(mutation)
    threads = [threading.Thread(target=work, args=(w, waiting, options, commit, lock)) for w in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return report(mutations if options.only == "." else chosen, options.folder, time.monotonic() - start) > 0


if __name__ == "__main__":
    sys.exit(main())
