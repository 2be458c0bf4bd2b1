"""JAX at its best on a CPU: a whole epoch in one compiled `lax.scan`, buffers donated; f32 or bf16 products."""

import os
from functools import partial

# Read when JAX starts; a little faster here and the same loss. Other flags made no difference beyond the noise.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")

import jax
import jax.numpy as jnp
import numpy as np
from common import LEARNING_RATE, PIXELS, load_images, measure, parse_arguments
from jax import lax


def make_parameters(hidden, latent):
    rng = np.random.default_rng(0)
    shapes = {
        "encoder": (PIXELS, hidden),
        # Both heads in one product: fewer, larger products are to JAX's advantage.
        "heads": (hidden, 2 * latent),
        "decoder": (latent, hidden),
        "output": (hidden, PIXELS),
    }
    weight = lambda shape: (shape[0] ** -0.5 * rng.standard_normal(shape)).astype(np.float32)
    return {k: (jnp.array(weight(s)), jnp.zeros(s[1], jnp.float32)) for k, s in shapes.items()}


def loss(parameters, x, noise, precision):
    """x f32 [batch, pixels], noise [batch, latent] → −ELBO in nats, averaged over the batch."""

    def affine(name, value):
        weight, bias = parameters[name]
        kind = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
        return jnp.dot(value.astype(kind), weight.astype(kind), preferred_element_type=jnp.float32) + bias

    mean, log_variance = jnp.split(affine("heads", jax.nn.selu(affine("encoder", x))), 2, axis=1)
    z = mean + jnp.exp(0.5 * log_variance) * noise
    logits = affine("output", jax.nn.selu(affine("decoder", z)))
    reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits)
    kl = -0.5 * jnp.sum(1 + log_variance - mean**2 - jnp.exp(log_variance))
    return (reconstruction + kl) / x.shape[0]


def adam(parameters, moments, gradients, step):
    """One step with β 0.9 and 0.999, ε 1e-8; `step` counts from 1."""
    rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, moments[1], gradients)
    move = lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8)
    return jax.tree.map(move, parameters, first, second), (first, second)


@partial(jax.jit, static_argnames=("batch", "latent", "precision"), donate_argnums=(0,))
def train_epoch(state, data, *, batch, latent, precision):
    """state (parameters, moments, step, key), data f32 [images, pixels] → state after the epoch, mean loss."""
    parameters, moments, first_step, key = state
    key, order_key, noise_key = jax.random.split(key, 3)
    steps = data.shape[0] // batch
    order = jax.random.permutation(order_key, data.shape[0])[: steps * batch].reshape(steps, batch)
    noise = jax.random.normal(noise_key, (steps, batch, latent))

    def step(carry, inputs):
        parameters, moments, count = carry
        rows, noise = inputs
        value, gradients = jax.value_and_grad(loss)(parameters, data[rows], noise, precision)
        parameters, moments = adam(parameters, moments, gradients, count)
        return (parameters, moments, count + 1), value

    carry, losses = lax.scan(step, (parameters, moments, first_step), (order, noise))
    return (*carry, key), losses.mean()


def main():
    arguments = parse_arguments(__doc__, precision=["float32", "bfloat16"])
    data = jnp.array(load_images(arguments.data).astype(np.float32) / 255)
    parameters = make_parameters(arguments.hidden, arguments.latent)
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, (zeros(), zeros()), jnp.float32(1), jax.random.key(0))
    batch = arguments.batch_size
    options = {"batch": batch, "latent": arguments.latent, "precision": arguments.precision}

    def run_epoch():
        nonlocal state
        state, mean_loss = train_epoch(state, data, **options)
        return len(data) // batch * batch, float(mean_loss)

    measure(arguments, run_epoch, version=jax.__version__)
    if arguments.save:
        flat = {f"{k}.{part}": v for k, pair in state[0].items() for part, v in zip(("weight", "bias"), pair)}
        np.savez(arguments.save, **flat)


if __name__ == "__main__":
    main()
