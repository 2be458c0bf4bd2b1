"""Holds samples/pytorch/selva_vae.py against Selva: encoder, decoder, draws, bounds and log-likelihood of every kind of
model.

    python3 torch_models.py SELVA FOLDER

FOLDER is one that `models.Place.make` has filled, or is filled. Exit status 1 where anything differs.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from models import LATENT, MODELS, Checks, Place
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "samples" / "pytorch"))
import selva_vae
from selva_vae import VAE

REPETITIONS = 30


def check_coders(checks, name, vae, arrays):
    labels = torch.from_numpy(arrays["labels"]) if "labels" in arrays else None
    images, z = torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["z"])
    mean, log_variance = vae.encode(images, labels)
    checks.compare(f"{name}: mean", mean, arrays["mean"])
    checks.compare(f"{name}: log_variance", log_variance, arrays["log_variance"])
    checks.compare(f"{name}: images", vae.decode(z, labels), arrays["pixels"])
    few = vae.decode(z[:6].view(2, 3, LATENT), None if labels is None else labels[:6].view(2, 3))
    checks.compare(f"{name}: images, in rows", few.flatten(0, 1), arrays["pixels"][:6])
    checks.compare(f"{name}: forward", vae(images, labels), vae.decode(mean, labels))
    if labels is not None:
        try:
            vae.encode(images, labels + 1)
        except ValueError:
            return
        checks.true(f"{name}: an unknown label is refused", False)


def check_prior(checks, name, vae, place):
    drawn, noise = (torch.from_numpy(values) for values in place.draws(name))
    if vae.prior_name.startswith(("mixture", "vamp")):
        means, log_variances = selva_vae.mixture_components(vae.tensors, vae.prior_name, vae.image, vae.prior_activation)
        every = means[:, None] + torch.exp(0.5 * log_variances)[:, None] * noise
        nearest = (every - drawn).abs().amax(-1).argmin(0)
        found = every[nearest, torch.arange(len(noise))]
    else:
        found = selva_vae.draw(vae.tensors, vae.prior_name, noise, vae.image, vae.prior_activation)
        # The density is that of what is drawn: log p(z) = log N(noise; 0, I) − log |det ∂z/∂noise|.
        jacobian = torch.autograd.functional.jacobian(
            lambda u: selva_vae.draw(vae.tensors, vae.prior_name, u, vae.image, vae.prior_activation), noise[:1])
        log_determinant = torch.linalg.slogdet(jacobian[0, :, 0])[1]
        density = torch.distributions.Normal(0.0, 1.0).log_prob(noise[0]).sum() - log_determinant
        checks.compare(f"{name}: log p(z)", vae.log_prior(found)[0], density)
    checks.compare(f"{name}: draws", found, drawn)
    checks.true(f"{name}: sample_prior", vae.sample_prior(3).shape == (3, LATENT))


def check_bounds(checks, name, vae, place, arrays):
    """Both sides draw z, so they agree within their spread."""
    labels = torch.from_numpy(arrays["labels"]) if "labels" in arrays else None
    images = torch.from_numpy(arrays["images"])
    options = ["--data", MODELS[name][0], "--importance-samples", 100, "--json"]
    own = json.loads(place.selva("evaluate", name, *options).stdout)
    losses = np.array([-vae.elbo(images, labels).mean().item() for _ in range(REPETITIONS)])
    far = abs(own["loss"] - losses.mean()) / losses.std(ddof=1)
    checks.largest["ELBO in deviations of a draw"] = max(far, checks.largest.get("ELBO in deviations of a draw", 0))
    checks.true(f"{name}: ELBO, {own['loss']} and {losses.mean()} +- {losses.std()}", far < 5)
    mean, log_variance = vae.encode(images, labels)

    def nll():
        z = mean + torch.exp(0.5 * log_variance) * torch.randn(100, *mean.shape)
        log_q = selva_vae.log_normal(z, mean, log_variance).sum(-1)
        log_w = vae.log_likelihood(images, z, labels) + vae.log_prior(z) - log_q
        return np.log(100) - torch.logsumexp(log_w.double(), 0).mean().item()

    draws = np.array([nll() for _ in range(5)])
    far = abs(own["nll"] - draws.mean()) / max(draws.std(ddof=1), 1e-3)
    checks.true(f"{name}: log-likelihood, {own['nll']} and {draws.mean()} +- {draws.std()}", far < 8)


def check_module(checks, name, vae, place, arrays):
    """It can be trained on, and written with the names that it came with."""
    tensors = load_file(place.folder / name / "model.safetensors")
    checks.true(f"{name}: names", {key: value.shape for key, value in vae.state_dict().items()} == {
        key: value.shape for key, value in tensors.items()})
    labels = torch.from_numpy(arrays["labels"][:9]) if "labels" in arrays else None
    vae.elbo(torch.from_numpy(arrays["images"][:9]), labels).mean().backward()
    learned = dict(vae.named_parameters())
    checks.true(f"{name}: gradients", all(value.grad is not None for value in learned.values()))
    checks.true(f"{name}: buffers", set(tensors) - set(learned) == {"input.mean", "input.standard_deviation"})


def main():
    place, checks = Place(*sys.argv[1:3]), Checks()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    if not place.folder.exists():
        place.make()
    for name in MODELS:
        vae, arrays = VAE.load(place.folder / name / "model.safetensors"), place.coded(name)
        with torch.no_grad():
            check_coders(checks, name, vae, arrays)
            check_bounds(checks, name, vae, place, arrays)
        check_prior(checks, name, vae.requires_grad_(False), place)
        check_module(checks, name, vae.requires_grad_(True), place, arrays)
    print(f"{len(MODELS)} models")
    checks.end("PyTorch")


if __name__ == "__main__":
    main()
