"""PyTorch at its best on a CPU: data as one tensor, batches by index, fused Adam; eager or compiled, f32 or bf16,
convolutions with channels first or last."""

import numpy as np
import torch
import torch.nn.functional as F
from common import LEARNING_RATE, PIXELS, SIDE, load_images, measure, parse_arguments
from torch import nn


def linear(inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


class Dense(nn.Module):
    """Hidden layers, SELU unless told otherwise, and a linear one at the end."""

    def __init__(self, *sizes, activation=F.selu):
        super().__init__()
        self.activation = activation
        self.hidden = nn.ModuleList(linear(*pair) for pair in zip(sizes[:-1], sizes[1:-1]))
        self.last = linear(*sizes[-2:])

    def forward(self, x):
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.last(x).float()


def convolution(kind, inputs, outputs, kernel, stride, gain=1.0):
    """Of the kind nn.Conv2d or nn.ConvTranspose2d; sides become exactly `stride` times smaller or larger."""
    layer = kind(inputs, outputs, kernel, stride, (kernel - stride + 1) // 2)
    fan_in = inputs * kernel**2 / (stride**2 if kind is nn.ConvTranspose2d else 1)
    nn.init.normal_(layer.weight, std=gain * fan_in**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = convolution(nn.Conv2d, channels, channels, 3, 1)
        self.second = convolution(nn.Conv2d, channels, channels, 3, 1, gain=0.1)

    def forward(self, x):
        return x + self.second(F.selu(self.first(x)))


class Encoder(nn.Module):
    """Stages of stride 2 with residual blocks, then dense layers."""

    def __init__(self, channels, kernel, blocks, hidden, outputs, channels_last):
        super().__init__()
        pairs = list(zip([1, *channels], channels))
        self.stages = nn.ModuleList(convolution(nn.Conv2d, a, b, kernel, 2) for a, b in pairs)
        self.blocks = nn.ModuleList(nn.Sequential(*(Residual(b) for _ in range(blocks))) for b in channels)
        self.side = SIDE >> len(channels)
        self.dense = Dense(channels[-1] * self.side**2, *hidden, outputs)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.to(memory_format=self.format)

    def forward(self, x):
        x = x.view(-1, 1, SIDE, SIDE).contiguous(memory_format=self.format)
        for stage, blocks in zip(self.stages, self.blocks):
            x = blocks(F.selu(stage(x)))
        return self.dense(x.flatten(1))


class Decoder(nn.Module):
    """The encoder's mirror image."""

    def __init__(self, channels, kernel, blocks, hidden, latent, channels_last):
        super().__init__()
        pairs = list(zip(channels[::-1], [*channels[-2::-1], 1]))
        self.side, self.channels = SIDE >> len(channels), channels[-1]
        self.dense = Dense(latent, *hidden, self.channels * self.side**2)
        self.blocks = nn.ModuleList(nn.Sequential(*(Residual(a) for _ in range(blocks))) for a, _ in pairs)
        self.stages = nn.ModuleList(convolution(nn.ConvTranspose2d, a, b, kernel, 2) for a, b in pairs)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.to(memory_format=self.format)

    def forward(self, z):
        x = self.dense(z).view(-1, self.channels, self.side, self.side).contiguous(memory_format=self.format)
        for stage, blocks in zip(self.stages, self.blocks):
            x = stage(blocks(F.selu(x)))
            x = x if stage is self.stages[-1] else F.selu(x)
        return x.float().flatten(1)


class Flow(nn.Module):
    """Affine couplings from z to a standard normal vector, as a prior of z.

    The two halves of z take turns: which components a half has makes no difference to what can be learned.
    """

    def __init__(self, latent, count, hidden):
        super().__init__()
        self.sizes = (latent - latent // 2, latent // 2)
        # Scale and shift in one product.
        self.couplings = nn.ModuleList(
            Dense(self.sizes[n % 2], *hidden, 2 * self.sizes[1 - n % 2], activation=F.silu) for n in range(count)
        )
        for coupling in self.couplings:
            nn.init.zeros_(coupling.last.weight)

    def forward(self, z):
        """Σ of −log p(z) without the constant: that of log q cancels it."""
        kept, changed = z.split(self.sizes, dim=1)
        log_determinant = 0
        for coupling in self.couplings:
            scale, shift = coupling(kept).chunk(2, dim=1)
            s = 2 * torch.tanh(0.5 * scale)
            kept, changed = changed * torch.exp(s) + shift, kept
            log_determinant = log_determinant + s.sum()
        return 0.5 * (kept.square().sum() + changed.square().sum()) - log_determinant


class Autoencoder(nn.Module):
    def __init__(self, arguments):
        super().__init__()
        hidden, latent = arguments.hidden, arguments.latent
        # Both heads in one product: fewer, larger products are to PyTorch's advantage.
        if arguments.channels:
            shape = arguments.channels, arguments.kernel, arguments.residual
            self.encoder = Encoder(*shape, hidden, 2 * latent, arguments.channels_last)
            self.decoder = Decoder(*shape, hidden[::-1], latent, arguments.channels_last)
        else:
            self.encoder = Dense(PIXELS, *hidden, 2 * latent)
            self.decoder = Dense(latent, *reversed(hidden), PIXELS)
        self.prior = Flow(latent, arguments.prior, arguments.prior_hidden) if arguments.prior else None

    def loss(self, x):
        """x [batch, pixels] in [0, 1] → −ELBO in nats, averaged over the batch."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        noise = torch.randn_like(mean)
        z = noise * torch.exp(0.5 * log_variance) + mean
        logits = self.decoder(z)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        if self.prior:
            kl = self.prior(z) - 0.5 * (log_variance + noise.square()).sum()
        else:
            kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        return (reconstruction + kl) / x.shape[0]


def make_step(model, optimizer, arguments):
    def loss_of(x):
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bfloat16"):
            return model.loss(x)

    if arguments.mode == "compiled":
        loss_of = torch.compile(loss_of)

    def step(x):
        loss = loss_of(x)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    return step


def main():
    arguments = parse_arguments(
        __doc__, with_parts=True, mode=["eager", "compiled"], precision=["float32", "bfloat16"]
    )
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    # Scaled once: up to a tenth faster here than bytes that are scaled batch by batch.
    data = torch.from_numpy(load_images(arguments.data)).float() / 255
    model = Autoencoder(arguments)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    step = make_step(model, optimizer, arguments)
    steps, batch = len(data) // arguments.batch_size, arguments.batch_size

    def run_epoch():
        order = torch.randperm(len(data))
        total = torch.zeros(())
        for i in range(steps):
            total += step(data.index_select(0, order[i * batch : (i + 1) * batch]))
        return steps * batch, total / steps

    measure(arguments, run_epoch, version=torch.__version__)
    if arguments.save:
        np.savez(arguments.save, **{name: value.detach().numpy() for name, value in model.named_parameters()})


if __name__ == "__main__":
    main()
