"""Trains two models on handwritten digits whose data is a pandas frame's memory.

    python examples/train_digits.py --output demo-output

The 1,797 digits of 8 x 8 pixels ship inside scikit-learn as CSV. pandas reads them; their tensor, and so the
data set, is the frame's own memory. An MLP and a small CNN learn three quarters of them; their predictions of
the others go to NumPy and from there to scikit-learn's metrics. Every number is computed here.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws files, needs no screen

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn.datasets
import tenon as torch
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix
from tenon import nn
from tenon.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

DIGITS = Path(sklearn.datasets.__file__).parent / "data" / "digits.csv.gz"


class Scaled(nn.Module):
    """Grey values from 0 to 16 become numbers from 0 to 1, so that the data itself can stay as it is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 16


def perceptron() -> nn.Module:
    return nn.Sequential(Scaled(), nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10))


def convolutional() -> nn.Module:
    return nn.Sequential(
        Scaled(),
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(64 * 4 * 4, 10),
    )


def read() -> tuple[torch.Tensor, torch.Tensor]:
    """Images [n, 64] of float32, which share the frame's memory, and labels [n] of int64."""
    frame = pd.read_csv(
        DIGITS, header=None, dtype="float32"
    ).copy()  # one block of memory, to be lent as a whole
    table = torch.from_numpy(frame.to_numpy())
    return table[:, :64], table[:, 64].long()


def train(model: nn.Module, data: TensorDataset, epochs: int, name: str) -> list[float]:
    """Fits a model by AdamW with a falling learning rate; returns the mean loss of each epoch."""
    loader = DataLoader(data, batch_size=64, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    losses = []
    model.train()
    for _ in tqdm(range(epochs), desc=f"  {name}", unit="epoch", mininterval=1):
        total = 0.0
        for images, labels in loader:
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        schedule.step()
        losses.append(total / len(data))
    return losses


def predict(model: nn.Module, images: torch.Tensor) -> np.ndarray:
    """The most likely digit of each image."""
    model.eval()
    return model(images).detach().cpu().numpy().argmax(1)


def draw(path: Path, losses: dict[str, list[float]], matrix: np.ndarray, filters: np.ndarray) -> None:
    """The loss curves, the CNN's confusion matrix, and the filters of its first layer."""
    figure = plt.figure(figsize=(12, 7), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[2, 1])
    curves, confusion = top.subplots(1, 2)
    for name, values in losses.items():
        curves.plot(np.linspace(0, 1, len(values)), values, label=f"{name}, {len(values)} epochs")
    curves.set(xlabel="share of the epochs", ylabel="cross entropy", yscale="log", title="Training loss")
    curves.legend()
    confusion.imshow(matrix, cmap="Blues")
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            shade = "white" if count > matrix.max() / 2 else "black"
            confusion.text(column, row, count, ha="center", va="center", color=shade)
    confusion.set(
        xlabel="predicted", ylabel="digit", xticks=range(10), yticks=range(10), title="CNN, unseen digits"
    )
    limit = np.abs(filters).max()
    for axis, kernel in zip(bottom.subplots(2, 16).flat, filters[:, 0], strict=True):
        axis.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axis.axis("off")
    bottom.suptitle("The 32 filters of the CNN's first layer: model[2].weight.detach().numpy()")
    figure.savefig(path, dpi=150)
    plt.close(figure)
    print(f"  picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--output", type=Path, default="demo-output", metavar="DIR", help="where the picture goes"
    )
    parser.add_argument(
        "--epochs", type=float, default=1.0, help="of the usual number of epochs (default: 1)"
    )
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)

    losses, models = {}, {}
    with torch.record_copies() as copies:
        images, labels = read()
        order = torch.from_numpy(np.random.default_rng(0).permutation(len(images)))
        seen, unseen = order[:1347], order[1347:]
        data = TensorDataset(images[seen], labels[seen])
        for name, make, epochs in (("MLP", perceptron, 60), ("CNN", convolutional, 20)):
            models[name] = make()
            losses[name] = train(models[name], data, max(1, round(epochs * arguments.epochs)), name)
            predictions = predict(models[name], images[unseen])
            right = accuracy_score(labels[unseen], predictions)
            print(f"  {name}: {right:.1%} of {len(unseen)} unseen digits, loss {losses[name][-1]:.4f}")
    print(f"  copied at the border, from the frame to the predictions: {copies.bytes} bytes")
    print(classification_report(labels[unseen], predictions, digits=3))
    filters = models["CNN"][2].weight.detach().numpy()
    draw(
        arguments.output / "train-digits.png", losses, confusion_matrix(labels[unseen], predictions), filters
    )


if __name__ == "__main__":
    main()
