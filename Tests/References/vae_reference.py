"""Makes the fixtures that Selva's losses, gradients and optimizers are tested against.

    python Tests/References/vae_reference.py [output folder, default Tests/SelvaTests/Fixtures]

Needs torch, numpy and safetensors. One small VAE (12 pixels, hidden 7 and 5, latent 3, batch 6) per case. Inputs and
parameters are drawn in float32, so that a float32 program starts from the very same numbers; all computing is in
float64. Tensors are stored as F32; scalars as decimal text with 17 digits in the file's metadata.

In every file: the parameters and `input.*` under their names, `x` [6, 12], `epsilon` [6k, 3] (row = image * k +
sample), `mean`, `log_variance` [6, 3], `z` [6k, 3], `logits` [6k, 12] (the decoder's output, whatever the
likelihood), `kl_components` [3] (averaged over images), `gradient.<name>` of the loss for every parameter, and with
an importance-weighted loss `log_weights` [6, k]. Metadata: the case's settings, `loss`, `reconstruction` (averaged over
samples too) and `kl` (analytic, without beta or free bits). The optimizer's cases have `epsilon` [20 * 6, 3], one block
of 6 rows a step, `final.<name>` for the parameters after 20 steps, and `losses`, each taken before its step.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from fixtures import as_text, save_fixture
from objectives import ACTIVATIONS, doubly_reparameterized_gradients, log_continuous_constant, loss_terms

PIXELS, HIDDEN, LATENT, BATCH, STEPS = 12, [7, 5], 3, 6, 20
BUFFERS = ("input.mean", "input.standard_deviation")
ADAM = {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8}


def single(rng, shape, deviation):
    """Normal numbers that are exactly representable in float32, as float64."""
    return torch.from_numpy((deviation * rng.standard_normal(shape)).astype(np.float32)).double()


def make_parameters(rng):
    shapes = {}
    widths = [PIXELS, *HIDDEN]
    for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        shapes[f"encoder.layers.{i}"] = (fan_out, fan_in)
    shapes["encoder.mean"] = shapes["encoder.log_variance"] = (LATENT, HIDDEN[-1])
    widths = [LATENT, *reversed(HIDDEN)]
    for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        shapes[f"decoder.layers.{i}"] = (fan_out, fan_in)
    shapes["decoder.output"] = (PIXELS, HIDDEN[0])
    parameters = {}
    for name, (fan_out, fan_in) in shapes.items():
        parameters[name + ".weight"] = single(rng, (fan_out, fan_in), fan_in**-0.5)
        parameters[name + ".bias"] = single(rng, (fan_out,), 0.3)
    parameters["input.mean"] = 0.4 + 0.125 * torch.arange(PIXELS).double().remainder(4)
    parameters["input.standard_deviation"] = 0.25 + 0.0625 * torch.arange(PIXELS).double().remainder(3)
    return {name: tensor.float().double() for name, tensor in parameters.items()}


def make_images(rng):
    """Grey values in [0, 1], with a third of them exactly 0 or 1, as in handwritten digits."""
    x = rng.random((BATCH, PIXELS))
    kind = rng.integers(0, 6, size=x.shape)
    x = np.where(kind == 0, 0.0, np.where(kind == 1, 1.0, x))
    return torch.from_numpy(x.astype(np.float32)).double()


def cases():
    plain = {"activation": "selu", "likelihood": "bernoulli", "objective": "elbo", "k": 1}
    found = {f"activation-{name}": plain | {"activation": name} for name in ACTIVATIONS}
    found["beta"] = plain | {"beta": 4.0}
    found["free-bits"] = plain | {"free_bits": 0.2}
    for objective in ("elbo", "iwae", "dreg"):
        found[f"{objective}-k5"] = plain | {"objective": objective, "k": 5}
    found["continuous-bernoulli"] = plain | {"likelihood": "continuous-bernoulli"}
    found["gaussian-fixed"] = plain | {"likelihood": "gaussian-fixed", "standard_deviation": 0.3}
    found["gaussian-learned"] = plain | {"likelihood": "gaussian-learned"}
    # The importance weights of a learned variance reach every kind of parameter at once.
    found["dreg-k5-gaussian-learned"] = found["dreg-k5"] | {"likelihood": "gaussian-learned"}
    return found


def adjust(name, case, parameters):
    """Puts a case's awkward spots where they are sure to be met."""
    if case["likelihood"] == "gaussian-learned":
        parameters["decoder.log_variance"] = torch.tensor([-1.25], dtype=torch.float64)
    if case["likelihood"] == "continuous-bernoulli":
        # Logits of exactly 0, on either side of it, and far out: where l / tanh(l / 2) needs care.
        for pixel, bias in enumerate((0.0, 0.0078125, -0.03125, 25.0, -25.0)):
            parameters["decoder.output.weight"][pixel] = 0
            parameters["decoder.output.bias"][pixel] = bias
    if name == "free-bits":
        # One component that says almost nothing, so that its KL is under the floor and its gradient stops.
        for head in ("encoder.mean", "encoder.log_variance"):
            parameters[head + ".weight"][1] *= 0.0625
            parameters[head + ".bias"][1] *= 0.0625


def check(name, case, terms, watch):
    """Refuses a fixture that would test less, or more harshly, than it says."""
    if case["activation"] in ("relu", "leaky-relu"):
        nearest = min(value.abs().min().item() for value in watch)
        assert nearest > 1e-4, f"{name}: a value {nearest} from the kink: rounding could flip its gradient"
    if "free_bits" in case:
        distance = terms["kl_components"] - case["free_bits"]
        assert distance.min() < -0.02 and distance.max() > 0.02, f"{name}: {terms['kl_components']}"
    if case["likelihood"] == "continuous-bernoulli":
        logits = torch.linspace(-20, 20, 400, dtype=torch.float64)
        theirs = torch.distributions.ContinuousBernoulli(logits=logits)._cont_bern_log_norm()
        assert torch.allclose(log_continuous_constant(logits), theirs, atol=1e-7), name


def save(folder, name, tensors, metadata):
    stored = {key: value.detach().float().contiguous() for key, value in tensors.items()}
    described = {key: as_text(value) for key, value in metadata.items()}
    save_fixture(stored, folder / f"{name}.safetensors", {"case": name} | described)
    print(f"{name:28s} loss {described.get('loss', described.get('losses', '')[:60])}")


def start(name, case, seed, rows):
    """Parameters that follow gradients (the buffers do not), images and noise of one case."""
    rng = np.random.default_rng(seed)
    parameters = make_parameters(rng)
    adjust(name, case, parameters)
    for key, tensor in parameters.items():
        tensor.requires_grad_(key not in BUFFERS)
    trained = sorted(key for key in parameters if key not in BUFFERS)
    return parameters, trained, make_images(rng), single(rng, (rows, LATENT), 1.0)


def loss_fixture(folder, name, case, seed):
    parameters, trained, x, epsilon = start(name, case, seed, BATCH * case["k"])
    watch = []
    terms = loss_terms(parameters, case, x, epsilon, watch)
    check(name, case, terms, watch)
    if case["objective"] == "dreg":
        gradients = doubly_reparameterized_gradients(parameters, trained, case, x, epsilon, case["k"])
    else:
        gradients = dict(zip(trained, torch.autograd.grad(terms["loss"], [parameters[n] for n in trained])))
    scalars = {key: terms.pop(key) for key in ("loss", "reconstruction", "kl")}
    tensors = parameters | {"x": x, "epsilon": epsilon} | terms
    tensors |= {f"gradient.{key}": value for key, value in gradients.items()}
    save(folder, name, tensors, case | scalars)


def optimizer_fixture(folder, name, seed, optimizer_class, **options):
    case = {"activation": "selu", "likelihood": "bernoulli", "objective": "elbo", "k": 1}
    parameters, trained, x, epsilon = start(name, case, seed, STEPS * BATCH)
    tensors = {key: value.detach().clone() for key, value in parameters.items()} | {"x": x, "epsilon": epsilon}
    optimizer = optimizer_class([parameters[n] for n in trained], **ADAM, **options)
    losses = []
    for step_noise in epsilon.split(BATCH):
        optimizer.zero_grad()
        loss = loss_terms(parameters, case, x, step_noise)["loss"]
        losses.append(as_text(loss))
        loss.backward()
        optimizer.step()
    tensors |= {f"final.{key}": parameters[key] for key in trained}
    settings = {"learning_rate": ADAM["lr"], "beta1": 0.9, "beta2": 0.999, "adam_epsilon": ADAM["eps"], "steps": STEPS}
    save(folder, name, tensors, case | settings | options | {"losses": ",".join(losses)})


def main():
    default = Path(__file__).resolve().parent.parent / "SelvaTests" / "Fixtures"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, case) in enumerate(cases().items()):
        loss_fixture(folder, name, case, 1000 + seed)
    optimizer_fixture(folder, "adam", 2000, torch.optim.Adam)
    optimizer_fixture(folder, "adamw", 2001, torch.optim.AdamW, weight_decay=0.05)


if __name__ == "__main__":
    main()
