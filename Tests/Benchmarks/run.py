"""Trains the same network with Selva, PyTorch and JAX, turn by turn, and prints Markdown tables.

    python Tests/Benchmarks/run.py --data FOLDER [--rounds 5] [--shapes 784-400-20@128 …] [--only NAME …]
        [--prior flow:6 [--prior-hidden 256,256]] [--channels 32,64 [--kernel 4] [--residual 1]]

FOLDER holds the MNIST training images as IDX. README.md says what is measured and how to read it. Needs Python 3.11 or
newer and nothing else installed: the peers live in `.venv` beside this file, which is made on the first run.
"""

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHAPES = ["784-400-20@128", "784-400-20@512", "784-1024-64@512"]
PRIOR_SHAPES = ["784-300-300-40@128"]
CONVOLUTION_SHAPES = ["784-256-40@128"]
# name → (script and options, or None for Selva; precision)
CONTENDERS = {
    "Selva f32": (None, "float32"),
    "Selva bf16": (None, "bfloat16"),
    "PyTorch eager f32": (["pytorch.py", "--mode", "eager"], "float32"),
    "PyTorch compiled f32": (["pytorch.py", "--mode", "compiled"], "float32"),
    "PyTorch eager bf16": (["pytorch.py", "--mode", "eager"], "bfloat16"),
    "PyTorch compiled bf16": (["pytorch.py", "--mode", "compiled"], "bfloat16"),
    "PyTorch eager, channels last f32": (["pytorch.py", "--channels-last", "--mode", "eager"], "float32"),
    "PyTorch compiled, channels last f32": (["pytorch.py", "--channels-last", "--mode", "compiled"], "float32"),
    "PyTorch eager, channels last bf16": (["pytorch.py", "--channels-last", "--mode", "eager"], "bfloat16"),
    "PyTorch compiled, channels last bf16": (["pytorch.py", "--channels-last", "--mode", "compiled"], "bfloat16"),
    "JAX f32": (["jax_scan.py"], "float32"),
    "JAX bf16": (["jax_scan.py"], "bfloat16"),
    "PyTorch's VAE example": (["pytorch_example.py", "--epochs", "1"], None),
}
LONGEST_RUN = 900  # seconds; past this a contender hangs


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", nargs="*", help="784-HIDDEN-…-LATENT@BATCH")
    parser.add_argument("--prior", default="normal", help="normal, or flow:N for N couplings; no cold start is timed")
    parser.add_argument("--prior-hidden", default="256,256", help="widths of the hidden layers in a coupling")
    parser.add_argument("--channels", help="of stages of convolutions before the dense layers; no cold start is timed")
    parser.add_argument("--kernel", default="4", help="of the stages")
    parser.add_argument("--residual", default="0", help="residual blocks after each stage")
    parser.add_argument("--only", nargs="*", default=[], help="run the contenders whose names contain one of these")
    parser.add_argument("--python", type=Path, help="a Python that has the peers, instead of .venv")
    parser.add_argument("--selva", type=Path, help="a built selva, instead of a release build")
    parser.add_argument("--no-start", action="store_true", help="leave out the times from a cold start")
    arguments = parser.parse_args()
    plain = SHAPES if arguments.prior == "normal" else PRIOR_SHAPES
    arguments.shapes = arguments.shapes or (CONVOLUTION_SHAPES if arguments.channels else plain)
    return arguments


def peers_python(given):
    if given:
        return given
    python = HERE / ".venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", HERE / ".venv"], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        subprocess.run(install, check=True)
    return python


def selva_binary(given):
    if given:
        return given.resolve()
    build = ["swift", "build", "-c", "release", "--product", "selva", "--package-path", ROOT]
    subprocess.run(build, check=True, stdout=sys.stderr)
    shown = subprocess.run([*build, "--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(shown.stdout.strip()) / "selva"


def peers_environment():
    """PyTorch makes and drops large buffers at every step: jemalloc, where installed, is worth up to a tenth."""
    environment = dict(os.environ)
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"):
        library = Path(folder) / "libjemalloc.so.2"
        if library.exists():
            return environment | {"LD_PRELOAD": str(library)}
    return environment


def with_best_settings(machinery):
    """The environment with the better way to wait at PyTorch's barriers, and of its AVX-512 and AVX2 code the better,
    found by one short run of each.

    Spinning threads (OpenMP's own choice) win on a quiet machine by a little, and lose by a factor of ten where
    another process takes a core. PyTorch's expm1 and log1p with AVX-512, on which SELU and the loss rest, take seven
    times as long as with AVX2 on some machines, and on the same machine on another day they do not.
    """
    command = machinery.training_command("PyTorch eager f32", machinery.first_shape) + ["--warm-up-epochs", 0, "--epochs", 1]
    best = machinery.environment
    for choices in ({"OMP_WAIT_POLICY": "passive"}, {"ATEN_CPU_CAPABILITY": "avx2"}):
        plain, speeds = best, {}
        for settings in ({}, choices):
            machinery.environment = plain | settings
            finished = machinery.run(command)
            if finished.returncode != 0:
                raise SystemExit(f"PyTorch does not run: {last_line(finished.stderr)}")
            speeds[json.loads(finished.stdout)["images_per_second"]] = machinery.environment
        best = speeds[max(speeds)]
    return best


class Machinery:
    """The binaries and settings that every measurement needs."""

    def __init__(self, arguments):
        self.data = arguments.data.resolve()
        self.first_shape = arguments.shapes[0]
        normal = arguments.prior == "normal"
        self.parts = [] if normal else ["--prior", arguments.prior, "--prior-hidden", arguments.prior_hidden]
        if arguments.channels:
            self.parts += ["--channels", arguments.channels, "--kernel", arguments.kernel]
            self.parts += ["--residual", arguments.residual]
        self.python = peers_python(arguments.python)
        self.selva = selva_binary(arguments.selva)
        self.environment = peers_environment()
        self.environment = with_best_settings(self)

    def training_command(self, name, shape):
        script, precision = CONTENDERS[name]
        network, batch = shape.split("@")
        _, *hidden, latent = network.split("-")
        sizes = ["--data", self.data, "--hidden", ",".join(hidden), "--latent", latent, "--batch-size", batch]
        sizes += ["--threads", os.cpu_count(), *self.parts]
        numbers = ["--precision", precision] if precision else []
        if script is None:
            return [self.selva, "bench", *sizes, *numbers, "--json"]
        return [self.python, HERE / "peers" / script[0], *sizes, *numbers, *script[1:]]

    def run(self, command):
        """Runs one contender; Selva runs in the plain environment, as a user would start it."""
        environment = None if command[0] == self.selva else dict(self.environment)
        if environment and "compiled" in command:
            # What PyTorch compiles for AVX2 comes to losses that are no number.
            environment.pop("ATEN_CPU_CAPABILITY", None)
        options = {"capture_output": True, "text": True, "timeout": LONGEST_RUN}
        return subprocess.run([str(part) for part in command], env=environment, **options)


def last_line(text):
    return (text.strip().splitlines() or ["no message"])[-1]


def measure_training(machinery, shape, names, rounds):
    """Images/s and last loss of every contender, one list entry a round; a contender that fails has its message."""
    speeds, losses, failures = {n: [] for n in names}, {}, {}
    for turn in range(rounds):
        for name in names:
            if name in failures:
                continue
            finished = machinery.run(machinery.training_command(name, shape))
            if finished.returncode != 0:
                failures[name] = last_line(finished.stderr)
                continue
            result = json.loads(finished.stdout.strip().splitlines()[-1])
            if not math.isfinite(result.get("loss") or 0):
                speeds[name], failures[name] = [], "its loss is no number"
                continue
            speeds[name].append(result["images_per_second"])
            losses[name] = result.get("loss")
            print(f"{shape} round {turn + 1} {name}: {speeds[name][-1]:,.0f} images/s", file=sys.stderr)
    return speeds, losses, failures


def fastest_peer(medians, precision=None):
    peers = {n: v for n, v in medians.items() if CONTENDERS[n][0] and (not precision or CONTENDERS[n][1] == precision)}
    return max(peers.values(), default=None)


def contenders(arguments, shape):
    """Those that can train the network of `shape`: PyTorch's example has one hidden layer and the normal prior."""
    chosen = [n for n in CONTENDERS if not arguments.only or any(part in n for part in arguments.only)]
    if not arguments.channels:
        chosen = [n for n in chosen if "channels last" not in n]
    plain = arguments.prior == "normal" and not arguments.channels and shape.count("-") == 2
    return [n for n in chosen if plain or CONTENDERS[n][1]]


def title(arguments, shape):
    prior = "" if arguments.prior == "normal" else f", prior {arguments.prior} of {arguments.prior_hidden}"
    convolutions = ""
    if arguments.channels:
        convolutions = f", convolutions {arguments.channels} of kernel {arguments.kernel} with {arguments.residual} blocks"
    return shape.replace("@", ", batch ") + convolutions + prior


def print_training(heading, speeds, losses, failures):
    medians = {name: statistics.median(values) for name, values in speeds.items() if values}
    best_single, best_any = fastest_peer(medians, "float32"), fastest_peer(medians)
    ratio = lambda value, best: f"{value / best:.2f}" if best else "—"
    print(f"\n### {heading}\n")
    print("| contender | images/s, median | min–max | ÷ fastest f32 peer | ÷ fastest peer | last loss |")
    print("|---|---|---|---|---|---|")
    row = lambda *cells: print("| " + " | ".join(cells) + " |")
    for name, median in sorted(medians.items(), key=lambda item: -item[1]):
        spread = f"{min(speeds[name]):,.0f}–{max(speeds[name]):,.0f}"
        loss = f"{losses[name]:.1f}" if losses[name] is not None else "—"
        row(name, f"{median:,.0f}", spread, ratio(median, best_single), ratio(median, best_any), loss)
    for name, message in failures.items():
        print(f"\n{name} did not run: {message}")


def time_command(machinery, command):
    """Seconds of wall time from starting the process to its end."""
    started = time.perf_counter()
    finished = machinery.run(command)
    seconds = time.perf_counter() - started
    if finished.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {last_line(finished.stderr)}")
    return seconds


def start_commands(machinery, folder, model):
    """What a user waits for, by task and contender."""
    peer = lambda script, *options: [machinery.python, HERE / "peers" / script, *options]
    training = ["--data", machinery.data, "--threads", os.cpu_count(), "--warm-up-epochs", 0, "--epochs", 10]
    training += ["--save", folder / "weights.npz"]
    return {
        "64 digits as a PNG": {
            "Selva": [machinery.selva, "sample", model, "-o", folder / "digits.png"],
            "PyTorch": peer("pytorch_sample.py", model, "-o", folder / "digits.png"),
        },
        "10 epochs of 784-400-20, batch 128, weights written": {
            "Selva f32": selva_training(machinery, folder / "run", 10, "float32"),
            "Selva bf16": selva_training(machinery, folder / "run", 10, "bfloat16"),
            "PyTorch eager f32": peer("pytorch.py", "--mode", "eager", *training),
            "PyTorch compiled f32": peer("pytorch.py", "--mode", "compiled", *training),
            "JAX f32": peer("jax_scan.py", *training),
        },
    }


def selva_training(machinery, output, epochs, precision):
    sizes = ["--hidden", "400", "--latent", "20", "--batch-size", "128", "--epochs", epochs, "--precision", precision]
    return [machinery.selva, "train", "--quiet", "--data", machinery.data, *sizes, "--output", output]


def print_start(machinery, rounds):
    print("\n### From a cold start\n\n| task | contender | seconds, median | min–max |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        time_command(machinery, selva_training(machinery, folder / "model", 1, "float32"))
        tasks = start_commands(machinery, folder, folder / "model" / "model.safetensors")
        for task, commands in tasks.items():
            seconds = {contender: [] for contender in commands}
            for _ in range(rounds):
                for contender, command in commands.items():
                    remove_run(folder / "run")
                    seconds[contender].append(time_command(machinery, command))
            for contender, values in seconds.items():
                spread = f"{min(values):.3g}–{max(values):.3g}"
                print(f"| {task} | {contender} | {statistics.median(values):.3g} | {spread} |")


def remove_run(folder):
    """A run directory is never written over, so each round starts without one."""
    shutil.rmtree(folder, ignore_errors=True)


def print_machine(machinery, rounds):
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    code = "import jax, torch, sys; print(sys.version.split()[0], torch.__version__, jax.__version__)"
    versions = subprocess.run([machinery.python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    load = os.getloadavg()[0]
    if load > 0.3:
        print(f"The load is {load:.1f}: other processes take part in what follows.", file=sys.stderr)
    allocator = machinery.environment.get("LD_PRELOAD", "the C library's")
    print(f"{model}, {os.cpu_count()} cores; {platform.system()} {platform.release()}; Python {versions[0]}, ", end="")
    print(f"PyTorch {versions[1]}, JAX {versions[2]}; the peers' allocator: {Path(allocator).name}, ", end="")
    chosen = {name: machinery.environment.get(name, "as by default") for name in ("OMP_WAIT_POLICY", "ATEN_CPU_CAPABILITY")}
    print("; ".join(f"{name}: {value}" for name, value in chosen.items()) + f"; {rounds} rounds.")


def main():
    arguments = parse_arguments()
    machinery = Machinery(arguments)
    print_machine(machinery, arguments.rounds)
    for shape in arguments.shapes:
        names = contenders(arguments, shape)
        measured = measure_training(machinery, shape, names, arguments.rounds)
        print_training(title(arguments, shape), *measured)
        sys.stdout.flush()
    if not arguments.no_start and arguments.prior == "normal" and not arguments.channels:
        print_start(machinery, arguments.rounds)


if __name__ == "__main__":
    main()
