"""What every Python contender shares: its arguments, its data, the network's sizes and how it reports.

Nothing here imports a framework: start-up time is one of the things measured.
"""

import argparse
import gzip
import json
import time
from pathlib import Path

import numpy as np

LEARNING_RATE = 1e-3
SIDE = 28
PIXELS = SIDE * SIDE


def widths(text):
    return [int(part) for part in text.split(",")]


def coupling_count(text):
    """ "flow:6" → 6, "normal" → 0."""
    if text == "normal":
        return 0
    kind, count = text.split(":")
    if kind != "flow" or int(count) < 1:
        raise ValueError(text)
    return int(count)


def parse_arguments(description, with_parts=False, **extra):
    """The arguments of a contender; `extra` maps further option names to their choices.

    With parts, `prior` is the number of a flow's couplings, none for N(0, I), and `channels` those of a stage of
    convolutions each, none for dense layers alone.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with the training images as IDX, gzip or not")
    parser.add_argument("--hidden", type=widths, default=[400], help="of the encoder, as 300,300; mirrored")
    parser.add_argument("--latent", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--warm-up-epochs", type=int, default=1, help="not timed, compilation included")
    parser.add_argument("--epochs", type=int, default=2, help="timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save", type=Path, help="write the trained weights here at the end")
    if with_parts:
        parser.add_argument("--prior", type=coupling_count, default=0, metavar="normal|flow:N", help="N couplings")
        parser.add_argument("--prior-hidden", type=widths, default=[256, 256], help="in each coupling")
        parser.add_argument("--channels", type=widths, default=[], help="of each stage of convolutions, as 32,64")
        parser.add_argument("--kernel", type=int, default=4, help="of the stages")
        parser.add_argument("--residual", type=int, default=0, help="blocks after each stage")
        parser.add_argument("--channels-last", action="store_true", help="how maps lie in memory, where one can choose")
    for name, choices in extra.items():
        parser.add_argument("--" + name, choices=choices, default=choices[0])
    return parser.parse_args()


def load_images(folder):
    """The training images as uint8 [images, pixels]."""
    found = sorted(folder.glob("train-images*"))
    if not found:
        raise SystemExit(f"{folder}: no file named train-images*")
    content = found[0].read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    count, rows, columns = (int.from_bytes(content[i : i + 4], "big") for i in (4, 8, 12))
    if content[:4] != b"\0\0\x08\x03" or rows * columns != PIXELS:
        raise SystemExit(f"{found[0]}: not an IDX file of 28 x 28 bytes")
    return np.frombuffer(content, np.uint8, count * PIXELS, offset=16).reshape(count, PIXELS).copy()


def measure(arguments, run_epoch, **described):
    """Calls `run_epoch()` → (images, mean loss in nats) as often as asked and prints the result as JSON."""
    for _ in range(arguments.warm_up_epochs):
        run_epoch()
    images = 0
    started = time.perf_counter()
    for _ in range(arguments.epochs):
        count, loss = run_epoch()
        images += count
    seconds = time.perf_counter() - started
    print(json.dumps({"images_per_second": images / seconds, "seconds": seconds, "loss": float(loss)} | described))
