"""Reads what `selva train --tensorboard` leaves with TensorBoard itself: its reader of event files, its projector's
configuration, and the program with what its pages ask for.

    python3 tensorboard_runs.py SELVA FOLDER

FOLDER is one that `models.Place.make` has filled, or is filled. Exit status 1 where anything differs.
"""

import csv
import io
import json
import signal
import subprocess
import sys
import time
import urllib.request

import numpy as np
from google.protobuf import text_format
from models import Checks, Place
from PIL import Image
from tensorboard import program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.projector import projector_plugin
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

COLUMNS = {
    "loss/train": "train_loss", "reconstruction/train": "train_reconstruction", "kl/train": "train_kl",
    "loss/validation": "validation_loss", "reconstruction/validation": "validation_reconstruction",
    "kl/validation": "validation_kl", "schedule/learning_rate": "learning_rate",
    "speed/images_per_second": "images_per_second",
}
OPTIONS = ["--condition", "labels", "--tensorboard", "--hidden", "24", "-z", "4", "--sample-every", "2",
           "--beta-schedule", "linear", "--beta-epochs", "8", "--batch-size", "20", "--quiet"]


def events(place, run):
    """All event files of a run, as TensorBoard puts them together."""
    found = EventAccumulator(str(place.folder / run / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    return found.Reload()


def check_figures(checks, place, run, epochs):
    found = events(place, run)
    with open(place.folder / run / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    for tag, column in COLUMNS.items():
        scalars = found.Scalars(tag)
        checks.compare(f"{run}: steps of {tag}", [event.step for event in scalars], range(1, epochs + 1), 0)
        checks.compare(f"{run}: scalars, {tag}", [event.value for event in scalars], [row[column] for row in rows], 1e-6)
    description = found.SummaryMetadata("loss/validation").summary_description
    checks.true(f"{run}: what is said of a tag", "nats per image" in description)
    beta = [event.value for event in found.Scalars("schedule/beta")]
    checks.compare(f"{run}: scalars, beta", beta, [min(1, (epoch + 1) / 8) for epoch in range(epochs)], 1e-6)
    return found


def check_pictures(checks, place, run, found, epochs):
    """Each equal to the run's own file."""
    steps = {event.step: event for event in found.Images("samples/epoch")}
    checks.compare(f"{run}: epochs with pictures", sorted(steps), range(2, epochs + 1, 2), 0)
    files = {f"samples/epoch-{step:03}.png": event for step, event in steps.items()}
    files["samples.png"] = found.Images("samples/best")[-1]
    files["reconstructions.png"] = found.Images("reconstructions/best")[-1]
    for name, event in files.items():
        theirs, own = Image.open(io.BytesIO(event.encoded_image_string)), Image.open(place.folder / run / name)
        checks.compare(f"{run}: pictures, {name}", np.asarray(theirs), np.asarray(own), 0)
        checks.true(f"{run}: size of {name}", (event.width, event.height) == own.size)
    checks.true(f"{run}: reconstructions", len(found.Images("reconstructions/epoch")) == len(steps))


def check_projector(checks, place, run):
    folder = place.folder / run / "tensorboard"
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    embedding = config.embeddings[0]
    vectors = projector_plugin._read_tensor_tsv_file(str(folder / embedding.tensor_path))
    checks.compare(f"{run}: shape of vectors", list(embedding.tensor_shape), vectors.shape, 0)
    lines = (folder / embedding.metadata_path).read_text().splitlines()
    checks.true(f"{run}: names of columns", lines[0] == "label\timage")
    metadata = np.array([line.split("\t") for line in lines[1:]], int)
    place.selva("encode", run, "--data", "grey", "--indices", ",".join(map(str, metadata[:, 1])), "-o", "validation.npz")
    own = np.load(place.folder / "validation.npz")
    checks.compare(f"{run}: vectors, posterior means", vectors, own["mean"], 1e-6)
    checks.compare(f"{run}: labels", metadata[:, 0], own["labels"], 0)
    images = (place.images("grey")[metadata[:, 1]] * 255).round()
    width, height = embedding.sprite.single_image_dim
    sprite = np.asarray(Image.open(folder / embedding.sprite.image_path))
    columns = sprite.shape[1] // width
    checks.true(f"{run}: as many columns as a square has", columns == int(np.ceil(np.sqrt(len(images)))))
    for index, image in enumerate(images):
        y, x = index // columns * height, index % columns * width
        checks.compare(f"{run}: sprite", sprite[y:y + height, x:x + width], image, 0)


def check_program(checks, place, runs, epochs):
    """TensorBoard as it runs, asked what its pages ask."""
    server = program.TensorBoard()
    server.configure(argv=[None, "--logdir", str(place.folder), "--port", "0", "--reload_interval", "1"])
    address = server.launch()
    ask = lambda path: json.load(urllib.request.urlopen(f"{address}data/plugin/{path}"))
    for run in runs:
        name = f"{run}/tensorboard"
        for _ in range(60):
            if name in ask("scalars/tags"):
                break
            time.sleep(1)
        points = ask(f"scalars/scalars?run={name}&tag=loss/validation")
        checks.compare(f"{run}: steps on the page", [point[1] for point in points], range(1, epochs + 1), 0)
        checks.true(f"{run}: pictures on the page", "samples/epoch" in ask("images/tags")[name])
        embedding = ask(f"projector/info?run={name}")["embeddings"][0]
        checks.true(f"{run}: sprite on the page", embedding["sprite"]["singleImageDim"] == [9, 13])


def killed(place, run, epochs):
    """A run that is killed as soon as it has some epochs, whatever it is doing, and what can be read of it then."""
    command = [place.program, "train", "grey", "-o", run, "--epochs", str(epochs), *OPTIONS]
    process = subprocess.Popen(command, cwd=place.folder)
    metrics = place.folder / run / "metrics.csv"
    while process.poll() is None and (not metrics.exists() or len(metrics.read_text().splitlines()) < 20):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    return [event.step for event in events(place, run).Scalars("loss/train")]


def main():
    place, checks = Place(*sys.argv[1:3]), Checks()
    if not place.folder.exists():
        place.make()
    place.selva("train", "grey", "-o", "followed", "--epochs", 3, *OPTIONS)
    place.selva("train", "--resume", "followed", "--epochs", 6)
    checks.true("two sittings, two files", len(list((place.folder / "followed/tensorboard").glob("events*"))) == 2)
    steps = killed(place, "killed", 400)
    checks.true(f"a killed run is read to epoch {steps[-1]}", steps == list(range(1, len(steps) + 1)) and len(steps) > 15)
    # From its last checkpoint on, which may be that of an earlier epoch.
    place.selva("train", "--resume", "killed")
    for run, epochs in {"followed": 6, "killed": 400}.items():
        found = check_figures(checks, place, run, epochs)
        check_pictures(checks, place, run, found, epochs)
        check_projector(checks, place, run)
    check_program(checks, place, ["followed"], 6)
    print(f"killed after {steps[-1]} of 400 epochs")
    checks.end("TensorBoard")


if __name__ == "__main__":
    main()
