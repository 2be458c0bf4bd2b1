"""Makes the fixtures that Selva's losses, gradients and optimizers are tested against.

    python Tests/References/vae_reference.py [output folder, default Tests/SelvaTests/Fixtures]

Needs torch, numpy, scipy and safetensors. One small VAE (12 pixels, hidden 7 and 5, latent 3, batch 6) per case. Inputs and
parameters are drawn in float32, so that a float32 program starts from the very same numbers; all computing is in
float64. Tensors are stored as F32; scalars as decimal text with 17 digits in the file's metadata.

In every file: the parameters and `input.*` under their names, `x` [6, 12], `epsilon` [6k, 3] (row = image * k +
sample), `mean`, `log_variance` [6, 3], `z` [6k, 3], `logits` [6k, 12] (the decoder's output, whatever the
likelihood), `kl_components` [3] (averaged over images), `gradient.<name>` of the loss for every parameter, and with
an importance-weighted loss `log_weights` [6, k]. Metadata: the case's settings, `loss`, `reconstruction` (averaged over
samples too) and `kl` (analytic, without beta or free bits). The optimizer's cases have `epsilon` [20 * 6, 3], one block
of 6 rows a step, `final.<name>` for the parameters after 20 steps, and `losses`, each taken before its step.

The cases of other priors and of labels (metadata `prior`, and `prior_hidden` of a flow) also hold `log_prior` [6k] and
`prior_slope` [6k, 3], log p(z) and its gradient for every row of z, and with labels the class indices `labels` [6]. But
for the normal prior they have no `kl_components`, and `kl` is log q(z|x) − log p(z), averaged over samples.

The cases of colour (metadata `channels`) have images of 2 x 2 pixels of 3 channels each, which lie together.
The cases of convolutions have images of their own shape, which `input.*` have too: [height, width, channels].
"""

import sys
from pathlib import Path

import numpy as np
import torch
from fixture_checks import check, check_levels, check_prior
from fixtures import as_text, save_fixture
from objectives import doubly_reparameterized_gradients, log_prior, loss_terms
from parameters import BUFFERS, make_convolutions, make_label_biases, make_parameters, make_prior, make_recurrent, single
from selva_vae import ACTIVATIONS

PIXELS, HIDDEN, LATENT, BATCH, STEPS = 12, [7, 5], 3, 6, 20
COUPLING_HIDDEN, CLASSES = [6, 5], 3
# Each case has the next seed. These suit fixture_checks.py.
FIRST_SEED, FIRST_PRIOR_SEED, FIRST_COLOUR_SEED, FIRST_CONVOLUTION_SEED = 1000, 3650, 4000, 5000
FIRST_RECURRENT_SEED = 6000
ADAM = {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8}
PLAIN = {"activation": "selu", "likelihood": "bernoulli", "objective": "elbo", "k": 1}


def make_images(rng, pixels):
    """Grey values in [0, 1], with a third of them exactly 0 or 1, as in handwritten digits."""
    x = rng.random((BATCH, pixels))
    kind = rng.integers(0, 6, size=x.shape)
    x = np.where(kind == 0, 0.0, np.where(kind == 1, 1.0, x))
    return torch.from_numpy(x.astype(np.float32)).double()


def cases():
    found = {f"activation-{n}": PLAIN | {"activation": n} for n in ACTIVATIONS if n != "short-selu"}
    found["beta"] = PLAIN | {"beta": 4.0}
    found["free-bits"] = PLAIN | {"free_bits": 0.2}
    for objective in ("elbo", "iwae", "dreg"):
        found[f"{objective}-k5"] = PLAIN | {"objective": objective, "k": 5}
    found["continuous-bernoulli"] = PLAIN | {"likelihood": "continuous-bernoulli"}
    found["gaussian-fixed"] = PLAIN | {"likelihood": "gaussian-fixed", "standard_deviation": 0.3}
    found["gaussian-learned"] = PLAIN | {"likelihood": "gaussian-learned"}
    # The importance weights of a learned variance reach every kind of parameter at once.
    found["dreg-k5-gaussian-learned"] = found["dreg-k5"] | {"likelihood": "gaussian-learned"}
    return found


def prior_cases():
    """Priors beside N(0, I), and labels."""
    priors = {
        "mixture": {"prior": "mixture:4"},
        "vamp": {"prior": "vamp:4"},
        "flow": {"prior": "flow:3", "prior_hidden": ",".join(map(str, COUPLING_HIDDEN)), "prior_activation": "silu"},
    }
    found = {f"prior-{name}": PLAIN | prior for name, prior in priors.items()}
    for name, objective in (("flow", "iwae"), ("vamp", "dreg"), ("mixture", "dreg"), ("flow", "dreg")):
        found[f"prior-{name}-{objective}-k5"] = PLAIN | priors[name] | {"objective": objective, "k": 5}
    found["labels"] = PLAIN | {"prior": "normal", "classes": CLASSES}
    found["labels-prior-vamp-iwae-k5"] = PLAIN | priors["vamp"] | {"objective": "iwae", "k": 5, "classes": CLASSES}
    found["prior-mixture-beta-k5"] = PLAIN | priors["mixture"] | {"beta": 0.5, "k": 5}
    return found


def colour_cases():
    """Spreads of single channels, and the logistic on 256 levels."""
    gaussian, logistic = PLAIN | {"likelihood": "gaussian-learned"}, PLAIN | {"likelihood": "discretized-logistic"}
    deep = {"objective": "dreg", "k": 5}
    found = {"gaussian-learned-colour": gaussian | {"channels": 3}, "discretized-logistic": logistic}
    found["discretized-logistic-colour"] = logistic | {"channels": 3}
    found["dreg-k5-gaussian-learned-colour"] = gaussian | {"channels": 3} | deep
    found["dreg-k5-discretized-logistic-colour"] = logistic | {"channels": 3} | deep
    return found


def convolution_cases():
    """Images of odd sides, in grey and in colour, kernels of even and odd sides, residual blocks; the settings that
    the tensors' shapes do not say are metadata: `convolution` (channels), `kernel`, `residual`."""
    grey = PLAIN | {"image": (7, 5, 1), "convolution": (3, 4), "kernel": 4, "residual": 0}
    colour = PLAIN | {"image": (6, 5, 3), "convolution": (4,), "kernel": 3, "residual": 2}
    return {
        "convolution": grey,
        "convolution-vamp": grey | {"prior": "vamp:3", "activation": "gelu"},
        "convolution-residual": colour,
        "convolution-residual-iwae-k5": colour | {"objective": "iwae", "k": 5, "activation": "silu"},
    }


def recurrent_cases():
    """Rows of images as steps: one recurrent layer and two, with dense layers and without; metadata `recurrent` has the
    layers' units."""
    plain = PLAIN | {"image": (4, 3, 1), "recurrent": (5,), "hidden": ()}
    deep = {"image": (5, 3, 1), "recurrent": (6, 4), "hidden": tuple(HIDDEN), "activation": "tanh"}
    return {
        "recurrent": plain,
        "recurrent-deep-iwae-k5": PLAIN | deep | {"objective": "iwae", "k": 5},
        "recurrent-vamp": plain | {"image": (3, 2, 3), "prior": "vamp:3", "activation": "gelu"},
        "recurrent-labels": plain | {"recurrent": (5, 4), "prior": "normal", "classes": CLASSES, "activation": "elu"},
    }


def adjust(name, case, parameters):
    """Puts a case's awkward spots where they are sure to be met."""
    spreads = [-1.25, -0.5, -2.0][: case.get("channels", 1)]
    if case["likelihood"] == "gaussian-learned":
        parameters["decoder.log_variance"] = torch.tensor(spreads, dtype=torch.float64)
    if case["likelihood"] == "discretized-logistic":
        parameters["decoder.log_scale"] = torch.tensor(spreads, dtype=torch.float64) - 1
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


def save(folder, name, tensors, metadata):
    stored = {key: value.detach().float().contiguous() for key, value in tensors.items()}
    metadata = {key: ",".join(map(str, value)) if isinstance(value, tuple) else value for key, value in metadata.items()}
    described = {key: as_text(value) for key, value in metadata.items()}
    save_fixture(stored, folder / f"{name}.safetensors", {"case": name} | described)
    print(f"{name:28s} loss {described.get('loss', described.get('losses', '')[:60])}")


def start(name, case, seed, rows):
    """Parameters that follow gradients (the buffers do not), images, noise and labels (or none) of one case."""
    rng = np.random.default_rng(seed)
    if "recurrent" in case:
        parameters = make_recurrent(rng, case["image"], case["recurrent"], list(case["hidden"]), LATENT)
    elif "image" in case:
        shape = case["image"], case["convolution"], case["kernel"], case["residual"]
        parameters = make_convolutions(rng, *shape, HIDDEN, LATENT)
    else:
        parameters = make_parameters(rng, PIXELS, HIDDEN, LATENT)
    adjust(name, case, parameters)
    pixels = parameters["input.mean"].numel()
    x, epsilon, labels = make_images(rng, pixels), single(rng, (rows, LATENT), 1.0), None
    parameters |= make_prior(rng, case.get("prior", "normal"), COUPLING_HIDDEN, pixels, LATENT)
    if "classes" in case:
        parameters |= make_label_biases(rng, case["classes"], parameters)
        # Every class, none as often as another, and not in order.
        labels = torch.tensor([2, 0, 1, 2, 2, 0]) % case["classes"]
    for key, tensor in parameters.items():
        tensor.requires_grad_(key not in BUFFERS)
    trained = sorted(key for key in parameters if key not in BUFFERS)
    return parameters, trained, x, epsilon, labels


def loss_fixture(folder, name, case, seed):
    parameters, trained, x, epsilon, labels = start(name, case, seed, BATCH * case["k"])
    watch = []
    terms = loss_terms(parameters, case, x, epsilon, watch, labels)
    check(name, case, terms, watch)
    if case["likelihood"] == "discretized-logistic":
        check_levels(name, x)
    if case["objective"] == "dreg":
        gradients = doubly_reparameterized_gradients(parameters, trained, case, x, epsilon, labels)
    else:
        gradients = dict(zip(trained, torch.autograd.grad(terms["loss"], [parameters[n] for n in trained])))
    scalars = {key: terms.pop(key) for key in ("loss", "reconstruction", "kl")}
    tensors = parameters | {"x": x, "epsilon": epsilon} | terms
    tensors |= {f"gradient.{key}": value for key, value in gradients.items()}
    if labels is not None:
        tensors["labels"] = labels
    if "prior" in case:
        z = terms["z"].detach()
        tensors["prior_slope"] = slope(lambda z: log_prior(parameters, case, z), z)
        check_prior(name, case, parameters, gradients, z)
    save(folder, name, tensors, case | scalars)


def slope(density, z):
    """Of a log density at every row of z."""
    z = z.clone().requires_grad_()
    return torch.autograd.grad(density(z).sum(), z)[0]


def optimizer_fixture(folder, name, seed, optimizer_class, **options):
    parameters, trained, x, epsilon, _ = start(name, PLAIN, seed, STEPS * BATCH)
    tensors = {key: value.detach().clone() for key, value in parameters.items()} | {"x": x, "epsilon": epsilon}
    optimizer = optimizer_class([parameters[n] for n in trained], **ADAM, **options)
    losses = []
    for step_noise in epsilon.split(BATCH):
        optimizer.zero_grad()
        loss = loss_terms(parameters, PLAIN, x, step_noise)["loss"]
        losses.append(as_text(loss))
        loss.backward()
        optimizer.step()
    tensors |= {f"final.{key}": parameters[key] for key in trained}
    settings = {"learning_rate": ADAM["lr"], "beta1": 0.9, "beta2": 0.999, "adam_epsilon": ADAM["eps"], "steps": STEPS}
    save(folder, name, tensors, PLAIN | settings | options | {"losses": ",".join(losses)})


def main():
    default = Path(__file__).resolve().parent.parent / "SelvaTests" / "Fixtures"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    groups = (FIRST_SEED, cases()), (FIRST_PRIOR_SEED, prior_cases()), (FIRST_COLOUR_SEED, colour_cases())
    groups += (FIRST_CONVOLUTION_SEED, convolution_cases()), (FIRST_RECURRENT_SEED, recurrent_cases())
    for first_seed, found in groups:
        for place, (name, case) in enumerate(found.items()):
            loss_fixture(folder, name, case, first_seed + place)
    optimizer_fixture(folder, "adam", 2000, torch.optim.Adam)
    optimizer_fixture(folder, "adamw", 2001, torch.optim.AdamW, weight_decay=0.05)


if __name__ == "__main__":
    main()
