"""Holds models that Selva exported as ONNX, in ONNX Runtime, against what Selva itself makes of the same images and
latent vectors.

    python3 onnx_models.py SELVA FOLDER

FOLDER is one that `models.Place.make` has filled, or is filled. Exit status 1 where anything differs.
"""

import sys

import numpy as np
import onnx
import onnxruntime
from models import ACTIVATIONS, LATENT, MODELS, Checks, Place

BATCHES = [1, 7, 120]


def session(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def run(graph, rows=None, **inputs):
    """What a graph makes of the first `rows`, by name."""
    names = [output.name for output in graph.get_outputs()]
    return dict(zip(names, graph.run(names, {name: value[:rows] for name, value in inputs.items()})))


def sigmoid(x):
    return 1 / (1 + np.exp(-x.astype(np.float64)))


def check_coders(checks, name, arrays, encoder, decoder):
    labels = {"labels": arrays["labels"].astype(np.int64)} if "labels" in arrays else {}
    for rows in BATCHES:
        heads = run(encoder, rows, images=arrays["images"], **labels)
        for output in ["mean", "log_variance"]:
            checks.compare(f"{name}: {output}, {rows} rows", heads[output], arrays[output][:rows])
        made = run(decoder, rows, z=arrays["z"], **labels)
        checks.compare(f"{name}: images, {rows} rows", made["images"], arrays["pixels"][:rows])
    again = sigmoid(made["logits"]) if "logits" in made else made["location"].clip(0, 1)
    checks.compare(f"{name}: likelihood's output", again, arrays["pixels"])
    if labels:
        other = run(decoder, z=arrays["z"], labels=np.roll(labels["labels"], 1))
        checks.true(f"{name}: labels tell", np.abs(other["images"] - made["images"]).max() > 1e-3)
        # The posteriors of pseudo-inputs are told no label: unknown ones are like none.
        none = [run(encoder, images=arrays["images"], labels=np.full(120, value))["mean"] for value in (-1, 2)]
        checks.compare(f"{name}: unknown labels", *none)


def check_prior(checks, name, place, prior, description):
    drawn, noise = place.draws(name)
    inputs = {value.name for value in prior.get_inputs()}
    if "uniform" not in inputs:
        for rows in [1, 7, 21]:
            checks.compare(f"{name}: draws, {rows} rows", run(prior, rows, noise=noise)["z"], drawn[:rows])
        moved = np.abs(drawn - noise).max()
        checks.true(f"{name}: the prior does something", ("flow" in name) == (moved > 1e-2))
        return
    # Selva draws components by a stream of its own: each vector is that of some component.
    steps = (np.arange(2000) + 0.5) / 2000
    spread = lambda row: run(prior, noise=np.tile(row, (len(steps), 1)), uniform=steps.astype(np.float32))["z"]
    every = [spread(row) for row in noise]
    nearest = [z[np.abs(z - row).max(1).argmin()] for z, row in zip(every, drawn)]
    checks.compare(f"{name}: draws", nearest, drawn)
    found = np.unique(every[0], axis=0, return_counts=True)[1] / len(steps)
    checks.true(f"{name}: as many components as there are", len(found) == int(description.split(":")[1]))


def main():
    place, checks = Place(*sys.argv[1:3]), Checks()
    if not place.folder.exists():
        place.make()
    operators = set()
    for name in MODELS:
        place.selva("export", "onnx", name, "-o", f"{name}.onnx-parts")
        paths = {part: str(place.folder / f"{name}.onnx-parts" / f"{part}.onnx") for part in ("encoder", "decoder", "prior")}
        graphs = {part: session(path) for part, path in paths.items()}
        metadata = graphs["decoder"].get_modelmeta().custom_metadata_map
        checks.true(f"{name}: metadata", metadata["selva.part"] == "decoder" and "selva.version" in metadata)
        operators |= {node.op_type for node in onnx.load(paths["encoder"]).graph.node}
        check_coders(checks, name, place.coded(name), graphs["encoder"], graphs["decoder"])
        check_prior(checks, name, place, graphs["prior"], metadata["selva.prior"])
    wanted = {"Selu", "Relu", "LeakyRelu", "Elu", "Gelu", "Sigmoid", "Tanh", "Conv", "Scan", "Gemm"}
    checks.true(f"operators {sorted(operators)}", wanted <= operators)
    print(f"{len(MODELS)} models, {len(ACTIVATIONS)} activations, batches of {BATCHES}, latent {LATENT}")
    checks.end("ONNX Runtime")


if __name__ == "__main__":
    main()
