"""Trains a small transformer to continue English text, letter by letter.

    python examples/train_text.py --output demo-output

The text is Python's own language reference, which every Python brings along (pydoc_data.topics): half a
million letters. NumPy holds them as bytes, and the tensor of letters is that memory. The model sees 64 of
them and says which one comes next; its attention becomes a picture, and a text that it wrote is printed.
"""

import argparse
import importlib
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws files, needs no screen

import matplotlib.pyplot as plt
import numpy as np
import tenon as torch
from tenon import nn
from tqdm import tqdm

LENGTH = 64  # letters that the model sees


def read() -> tuple[torch.Tensor, list[str]]:
    """The text as the numbers of its letters [n], of uint8, and the letters."""
    topics = importlib.import_module("pydoc_data.topics").topics
    text = "\n".join(topics[name] for name in sorted(topics))
    letters, numbers = np.unique(np.array(list(text)), return_inverse=True)
    return torch.from_numpy(numbers.astype(np.uint8)), list(letters)


class Block(nn.Module):
    """Attention to the letters so far, then a layer for each letter, both added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor, mask: torch.Tensor, weights: list | None = None) -> torch.Tensor:
        y = self.norm1(x)
        seen, w = self.attention(
            y, y, y, attn_mask=mask, need_weights=weights is not None, average_attn_weights=False
        )
        if weights is not None:
            weights.append(w)
        x = x + seen
        return x + self.layers(self.norm2(x))


class Writer(nn.Module):
    """Letters [batch, length] become the logits of the letters that follow each, [batch, length, letters]."""

    def __init__(self, letters: int, width: int = 64, heads: int = 4, blocks: int = 2) -> None:
        super().__init__()
        self.letter = nn.Embedding(letters, width)
        self.place = nn.Embedding(LENGTH, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.next = nn.Linear(width, letters)

    def forward(self, x: torch.Tensor, weights: list | None = None) -> torch.Tensor:
        n = x.shape[1]
        mask = torch.ones((n, n), dtype=torch.bool).triu(1)  # True: a later letter, which is not seen
        y = self.letter(x) + self.place(torch.arange(n))
        for block in self.blocks:
            y = block(y, mask, weights)
        return self.next(self.norm(y))


def train(model: nn.Module, text: torch.Tensor, steps: int) -> list[float]:
    """Fits the model to random pieces of the text by AdamW; returns the loss of each step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    rng = np.random.default_rng(0)
    losses = []
    for _ in (bar := tqdm(range(steps), desc="  transformer", unit="step", mininterval=1)):
        start = torch.from_numpy(rng.integers(0, len(text) - LENGTH - 1, (32, 1)))
        piece = text[start + torch.arange(LENGTH + 1)].long()
        logits = model(piece[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), piece[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
    return losses


def test(model: nn.Module, text: torch.Tensor) -> float:
    """The mean loss on a text that was not learned, in nats a letter."""
    pieces = text[: len(text) // (LENGTH + 1) * (LENGTH + 1)].reshape(-1, LENGTH + 1)[:200].long()
    with torch.no_grad():
        logits = model(pieces[:, :-1])
    return nn.functional.cross_entropy(logits.flatten(0, 1), pieces[:, 1:].flatten()).item()


def write(model: nn.Module, letters: list[str], start: str, length: int) -> str:
    """Continues a text by letters drawn from the model's predictions."""
    rng = np.random.default_rng(1)
    numbers = [letters.index(c) for c in start]
    with torch.no_grad():
        for _ in range(length):
            logits = model(torch.tensor([numbers[-LENGTH:]]))[0, -1]
            chances = torch.softmax(logits / 0.7, dim=0).numpy().astype(np.float64)
            numbers.append(int(rng.choice(len(letters), p=chances / chances.sum())))
    return "".join(letters[i] for i in numbers)


def draw(path: Path, losses: list[float], weights: np.ndarray, piece: str) -> None:
    """The loss curve, and what each head of the last block looks at while it reads a piece of text."""
    figure = plt.figure(figsize=(14, 8), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 2])
    curve = left.subplots()
    curve.plot(losses)
    curve.set(xlabel="step", ylabel="cross entropy, nats a letter", title="Training loss")
    marks = [c if c != "\n" else "¶" for c in piece]
    for head, axis in enumerate(right.subplots(2, 2).flat):
        axis.imshow(weights[head], cmap="magma", vmax=np.quantile(weights[head], 0.99))
        axis.set_xticks(range(len(marks)), marks, fontsize=6)
        axis.set_yticks(range(len(marks)), marks, fontsize=6)
        axis.set_title(f"head {head + 1}", fontsize=10)
    right.suptitle(
        "Attention of the last block: each row is a letter, and shows the letters before that it reads"
    )
    figure.savefig(path, dpi=150)
    plt.close(figure)
    print(f"  picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--output", type=Path, default="demo-output", metavar="DIR", help="where the picture goes"
    )
    parser.add_argument("--steps", type=int, default=400, help="of training (default: 400)")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)

    text, letters = read()
    seen = len(text) * 9 // 10
    model = Writer(len(letters))
    print(f"  {len(text):,} letters, {sum(p.numel() for p in model.parameters()):,} parameters")
    before = test(model, text[seen:])
    losses = train(model, text[:seen], arguments.steps)
    after = test(model, text[seen:])
    print(f"  nats a letter, of text that it has not seen: {before:.2f} before, {after:.2f} after")
    print("  it writes: " + " ".join(write(model, letters, "The statement ", 200).split()))

    piece = "for each item of the list, the loop"
    weights: list[torch.Tensor] = []
    with torch.no_grad():
        model(torch.tensor([[letters.index(c) for c in piece]]), weights)
    draw(arguments.output / "train-text.png", losses, weights[-1][0].numpy(), piece)


if __name__ == "__main__":
    main()
