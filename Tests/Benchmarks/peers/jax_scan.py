"""JAX at its best on a CPU: a whole epoch in one compiled `lax.scan`, buffers donated; f32 or bf16 products. Convolutions
are products of patches."""

import os
from functools import partial

# Read when JAX starts; a little faster here and the same loss. Other flags made no difference beyond the noise.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")

import jax
import jax.numpy as jnp
import numpy as np
from common import LEARNING_RATE, PIXELS, SIDE, load_images, measure, parse_arguments
from jax import lax


def make_dense(rng, *sizes, last=1.0):
    """[(weight, bias), …]; the last layer's weights are `last` times the usual size."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        weight = inputs**-0.5 * rng.standard_normal((inputs, outputs))
        if len(layers) == len(sizes) - 2:
            weight *= last
        layers.append((jnp.array(weight.astype(np.float32)), jnp.zeros(outputs, jnp.float32)))
    return layers


def make_convolution(rng, kernel, inputs, outputs, fan_in, gain=1.0):
    weight = gain * fan_in**-0.5 * rng.standard_normal((kernel, kernel, inputs, outputs))
    return jnp.array(weight.astype(np.float32)), jnp.zeros(outputs, jnp.float32)


def make_blocks(rng, channels, blocks):
    make = lambda gain: make_convolution(rng, 3, channels, channels, 9 * channels, gain)
    return [(make(1.0), make(0.1)) for _ in range(blocks)]


def make_stages(rng, channels, kernel, blocks):
    """[(convolution, residual blocks)] of the encoder and of the decoder, from the image on and back to it."""
    pairs = list(zip([1, *channels], channels))
    down = [
        (make_convolution(rng, kernel, a, b, a * kernel**2), make_blocks(rng, b, blocks)) for a, b in pairs
    ]
    up = [
        (make_convolution(rng, kernel, b, a, b * kernel**2 / 4), make_blocks(rng, b, blocks)) for a, b in pairs[::-1]
    ]
    return down, up


def make_parameters(arguments):
    rng = np.random.default_rng(0)
    hidden, latent, channels = arguments.hidden, arguments.latent, arguments.channels
    couplings, coupling_hidden = arguments.prior, arguments.prior_hidden
    halves = (latent - latent // 2, latent // 2)
    down, up = make_stages(rng, channels, arguments.kernel, arguments.residual)
    features = channels[-1] * (SIDE >> len(channels)) ** 2 if channels else PIXELS
    return {
        "down": down,
        "up": up,
        # Both heads in one product: fewer, larger products are to JAX's advantage. So too scale and shift.
        "encoder": make_dense(rng, features, *hidden, 2 * latent),
        "decoder": make_dense(rng, latent, *reversed(hidden), features),
        "prior": [
            make_dense(rng, halves[n % 2], *coupling_hidden, 2 * halves[1 - n % 2], last=0.0) for n in range(couplings)
        ],
    }


def dense(layers, x, precision, activation=jax.nn.selu):
    """Hidden layers, SELU unless told otherwise, and a linear one at the end."""
    kind = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
    affine = lambda layer, x: (
        jnp.dot(x.astype(kind), layer[0].astype(kind), preferred_element_type=jnp.float32) + layer[1]
    )
    for layer in layers[:-1]:
        x = activation(affine(layer, x))
    return affine(layers[-1], x)


def patches(x, kernel, stride):
    """x [batch, height, width, channels] → the pixels under each place of a kernel, [batch, h, w, kernel² · channels]."""
    before = (kernel - stride) // 2
    after = kernel - stride - before
    x = jnp.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))
    last = lambda i, side: i + (side - kernel) // stride * stride + 1
    parts = [
        x[:, i : last(i, x.shape[1]) : stride, j : last(j, x.shape[2]) : stride]
        for i in range(kernel)
        for j in range(kernel)
    ]
    return jnp.concatenate(parts, axis=3)


def convolve(layer, x, precision, stride, transposed=False):
    """As products of patches: on a CPU more than twice as fast as XLA's convolutions, or 13 times within `lax.scan`."""
    kind = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
    weight, bias = layer
    kernel, _, inputs, outputs = weight.shape
    x = x.astype(kind)
    if transposed:
        w = jnp.transpose(weight, (2, 0, 1, 3)).reshape(inputs, -1).astype(kind)
        y = jnp.dot(x, w, preferred_element_type=jnp.float32)
        shape = (x.shape[0], stride * x.shape[1], stride * x.shape[2], outputs)
        spread = jax.linear_transpose(lambda maps: patches(maps, kernel, stride), jax.ShapeDtypeStruct(shape, y.dtype))
        return spread(y)[0] + bias
    w = weight.reshape(-1, outputs).astype(kind)
    return jnp.dot(patches(x, kernel, stride), w, preferred_element_type=jnp.float32) + bias


def residual(blocks, x, precision):
    for first, second in blocks:
        x = x + convolve(second, jax.nn.selu(convolve(first, x, precision, 1)), precision, 1)
    return x


def encode(parameters, x, precision):
    """x [batch, pixels] → [mean | log variance]."""
    if parameters["down"]:
        x = x.reshape(-1, SIDE, SIDE, 1)
        for stage, blocks in parameters["down"]:
            x = residual(blocks, jax.nn.selu(convolve(stage, x, precision, 2)), precision)
    return dense(parameters["encoder"], x.reshape(x.shape[0], -1), precision)


def decode(parameters, z, precision):
    """z [batch, latent] → logits [batch, pixels]."""
    x = dense(parameters["decoder"], z, precision)
    if parameters["up"]:
        side = SIDE >> len(parameters["up"])
        x = x.reshape(-1, side, side, x.shape[1] // side**2)
        for stage, blocks in parameters["up"]:
            x = convolve(stage, residual(blocks, jax.nn.selu(x), precision), precision, 2, transposed=True)
    return x.reshape(x.shape[0], -1)


def flow_energy(couplings, z, precision):
    """Σ of −log p(z) of a flow without the constant, which that of log q cancels.

    The two halves of z take turns: which components a half has makes no difference to what can be learned.
    """
    kept, changed = jnp.split(z, [z.shape[1] - z.shape[1] // 2], axis=1)
    log_determinant = 0.0
    for layers in couplings:
        scale, shift = jnp.split(dense(layers, kept, precision, jax.nn.silu), 2, axis=1)
        s = 2 * jnp.tanh(0.5 * scale)
        kept, changed = changed * jnp.exp(s) + shift, kept
        log_determinant += jnp.sum(s)
    return 0.5 * (jnp.sum(kept**2) + jnp.sum(changed**2)) - log_determinant


def loss(parameters, x, noise, precision):
    """x f32 [batch, pixels], noise [batch, latent] → −ELBO in nats, averaged over the batch."""
    mean, log_variance = jnp.split(encode(parameters, x, precision), 2, axis=1)
    z = mean + jnp.exp(0.5 * log_variance) * noise
    logits = decode(parameters, z, precision)
    reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits)
    if parameters["prior"]:
        kl = flow_energy(parameters["prior"], z, precision) - 0.5 * jnp.sum(log_variance + noise**2)
    else:
        kl = -0.5 * jnp.sum(1 + log_variance - mean**2 - jnp.exp(log_variance))
    return (reconstruction + kl) / x.shape[0]


def adam(parameters, moments, gradients, step):
    """One step with β 0.9 and 0.999, ε 1e-8; `step` counts from 1."""
    rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, moments[1], gradients)
    move = lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8)
    return jax.tree.map(move, parameters, first, second), (first, second)


@partial(jax.jit, static_argnames=("images", "batch", "latent"))
def draw_epoch(key, *, images, batch, latent):
    """The next key; an order of the images [steps, batch], and noise for it [steps, batch, latent]."""
    key, order_key, noise_key = jax.random.split(key, 3)
    steps = images // batch
    order = jax.random.permutation(order_key, images)[: steps * batch].reshape(steps, batch)
    return key, order, jax.random.normal(noise_key, (steps, batch, latent))


def train_step(state, order, noise, data, precision):
    """state (parameters, moments, step), data f32 [images, pixels] → state after a batch, its loss."""
    parameters, moments, count = state
    value, gradients = jax.value_and_grad(loss)(parameters, data[order], noise, precision)
    parameters, moments = adam(parameters, moments, gradients, count)
    return (parameters, moments, count + 1), value


@partial(jax.jit, static_argnames="precision", donate_argnums=0)
def train_epoch(state, order, noise, data, precision):
    state, losses = lax.scan(lambda state, batch: train_step(state, *batch, data, precision), state, (order, noise))
    return state, losses.mean()


def main():
    arguments = parse_arguments(__doc__, with_parts=True, precision=["float32", "bfloat16"])
    data = jnp.array(load_images(arguments.data).astype(np.float32) / 255)
    parameters = make_parameters(arguments)
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state, key = (parameters, (zeros(), zeros()), jnp.float32(1)), jax.random.key(0)
    sizes = {"images": len(data), "batch": arguments.batch_size, "latent": arguments.latent}

    def run_epoch():
        nonlocal state, key
        key, order, noise = draw_epoch(key, **sizes)
        state, mean_loss = train_epoch(state, order, noise, data, arguments.precision)
        return order.size, float(mean_loss)

    measure(arguments, run_epoch, version=jax.__version__)
    if arguments.save:
        np.savez(arguments.save, *jax.tree.leaves(state[0]))


if __name__ == "__main__":
    main()
