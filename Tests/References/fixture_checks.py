"""What a fixture must be before it is stored: see vae_reference.py."""

import torch
from objectives import image_of, log_prior, prior_activation
from parameters import AWKWARD_INPUTS
from selva_vae import ACTIVATIONS, flow_forward, flow_inverse, log_continuous_constant, log_discretized_logistic
from selva_vae import log_normal, mixture_components


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
    if case["likelihood"] == "discretized-logistic":
        check_logistic(name)


def check_logistic(name):
    """The probabilities of all levels add up to 1, and are differences of another library's distribution function."""
    from scipy.stats import logistic

    levels = torch.arange(256).double() / 255
    for mean, scale in ((0.3, 0.05), (-0.2, 0.3), (1.1, 0.01)):
        found = log_discretized_logistic(levels, torch.tensor(mean), torch.tensor(scale).double().log()).exp()
        edges = torch.from_numpy(logistic.cdf((torch.arange(1, 256).numpy() - 0.5) / 255, mean, scale))
        expected = torch.diff(edges, prepend=torch.zeros(1).double(), append=torch.ones(1).double())
        assert torch.allclose(found, expected, atol=1e-7) and torch.isclose(found.sum(), torch.ones(1).double()), name


def check_levels(name, x):
    """No pixel lies so close to the middle between two levels that float32 could take the other one."""
    assert ((x * 255).frac() - 0.5).abs().min() > 1e-3, name


def check_prior(name, case, parameters, gradients, z):
    """Refuses a prior whose density disagrees with its counterpart elsewhere, or that tests too little."""
    kind = case["prior"].split(":")[0]
    found = log_prior(parameters, case, z)
    assert found.min() > -40, f"{name}: log p(z) {found.min()}: one row would drown all others"
    if kind == "flow":
        check_flow(name, parameters, ACTIVATIONS[prior_activation(case)], z)
    if kind == "mixture":
        check_mixture(name, parameters, found, z)
    if kind == "vamp":
        inputs, gradient = parameters["prior.pseudo_inputs"], gradients["prior.pseudo_inputs"]
        for place in AWKWARD_INPUTS:
            there = gradient[inputs == place]
            assert (there == 0).any() and (there != 0).any(), f"{name}: pseudo-inputs at {place} all pass or all stop"
    if kind in ("mixture", "vamp"):
        means, log_variances = mixture_components(
            parameters, case["prior"], image_of(parameters), ACTIVATIONS[case["activation"]])
        log_parts = parameters["prior.logits"] + log_normal(z[:, None], means, log_variances).sum(-1)
        shares = torch.softmax(log_parts, 1).mean(0)
        assert shares.min() > 0.02, f"{name}: a component that hardly takes part: {shares.tolist()}"


def check_flow(name, parameters, activation, z):
    """The flow leads back where it came from, and its determinant is that of its Jacobian."""
    u, log_determinant = flow_forward(parameters, z, activation)
    assert torch.allclose(flow_inverse(parameters, u, activation), z, atol=1e-12), name
    for row, found in zip(z, log_determinant):
        jacobian = torch.autograd.functional.jacobian(lambda value: flow_forward(parameters, value, activation)[0], row)
        assert torch.isclose(torch.linalg.slogdet(jacobian)[1], found), name


def check_mixture(name, parameters, found, z):
    normals = torch.distributions.Normal(parameters["prior.means"], torch.exp(0.5 * parameters["prior.log_variances"]))
    weights = torch.distributions.Categorical(logits=parameters["prior.logits"])
    mixture = torch.distributions.MixtureSameFamily(weights, torch.distributions.Independent(normals, 1))
    assert torch.allclose(mixture.log_prob(z), found), name
