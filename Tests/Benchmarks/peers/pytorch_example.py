"""The pipeline of PyTorch's published VAE example: a DataLoader that turns one PIL image at a time into a tensor.

Network (784-H-L, ReLU), loss (on probabilities), Adam 1e-3 and one worker process are the example's own; only the data
comes from the given folder. What it costs beside `pytorch.py` is the price of that pipeline.
"""

import torch
import torch.nn.functional as F
from common import LEARNING_RATE, PIXELS, load_images, measure, parse_arguments
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Digits(Dataset):
    """Like torchvision's MNIST: stores uint8 images and makes a PIL image of each when asked for it."""

    def __init__(self, images):
        self.images = torch.from_numpy(images).view(-1, 28, 28)
        self.transform = transforms.ToTensor()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.images[index].numpy()))


class VAE(nn.Module):
    def __init__(self, hidden, latent):
        super().__init__()
        self.fc1 = nn.Linear(PIXELS, hidden)
        self.fc21 = nn.Linear(hidden, latent)
        self.fc22 = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, PIXELS)

    def forward(self, x):
        h = F.relu(self.fc1(x.view(-1, PIXELS)))
        mean, log_variance = self.fc21(h), self.fc22(h)
        deviation = torch.exp(0.5 * log_variance)
        z = mean + torch.randn_like(deviation) * deviation
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mean, log_variance


def loss_function(probabilities, x, mean, log_variance):
    reconstruction = F.binary_cross_entropy(probabilities, x.view(-1, PIXELS), reduction="sum")
    return reconstruction - 0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())


def main():
    arguments = parse_arguments(__doc__)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    data = Digits(load_images(arguments.data))
    loader = DataLoader(data, batch_size=arguments.batch_size, shuffle=True, num_workers=1)
    if len(arguments.hidden) != 1:
        raise SystemExit("the example has one hidden layer")
    model = VAE(arguments.hidden[0], arguments.latent)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

    def run_epoch():
        total = 0.0
        for x in loader:
            optimizer.zero_grad()
            probabilities, mean, log_variance = model(x)
            loss = loss_function(probabilities, x, mean, log_variance)
            loss.backward()
            total += loss.item()
            optimizer.step()
        return len(data), total / len(data)

    measure(arguments, run_epoch, version=torch.__version__)


if __name__ == "__main__":
    main()
