"""Training steps of five models: forward, loss, backward and an optimizer's step; and forward alone."""

import functools

import numpy as np
from harness import libraries, row

random = np.random.default_rng(0)


def floats(xp, *shape):
    return xp.from_numpy(random.standard_normal(shape, np.float32))


def classes(xp, n):
    return xp.from_numpy(random.integers(0, 10, n))


def perceptron(xp, batch, features, hidden):
    nn = xp.nn
    model = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    return model, floats(xp, batch, features), classes(xp, batch)


def convolutional(xp):
    nn = xp.nn
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 8 * 8, 10),
    )  # fmt: skip
    return model, floats(xp, 64, 3, 32, 32), classes(xp, 64)


def recurrent(xp):
    class Last(xp.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.out = xp.nn.LSTM(64, 128, batch_first=True), xp.nn.Linear(128, 10)

        def forward(self, x):
            return self.out(self.lstm(x)[0][:, -1])

    return Last(), floats(xp, 32, 50, 64), classes(xp, 32)


def transformer(xp):
    class Mean(xp.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = xp.nn.TransformerEncoderLayer(256, 8, 1024, dropout=0.0, batch_first=True)
            self.out = xp.nn.Linear(256, 10)

        def forward(self, x):
            return self.out(self.layer(x).mean(1))

    return Mean(), floats(xp, 8, 128, 256), classes(xp, 8)


MODELS = {
    "MLP, batch 64, 784-256-10": (
        functools.partial(perceptron, batch=64, features=784, hidden=256),
        "torch 2x",
    ),
    "MLP, batch 512, 4096-4096-10": (
        functools.partial(perceptron, batch=512, features=4096, hidden=4096),
        "torch 1x",
    ),
    "CNN, batch 64, 3x32x32": (convolutional, "torch 1.2x"),
    "LSTM, batch 32, 50 steps, 64 to 128": (recurrent, "torch 1.2x"),
    "transformer layer, batch 8, length 128, width 256": (transformer, "torch 1.2x"),
}


def training(make, optimizer):
    made = {}
    for name, xp in libraries().items():
        if name == "numpy":
            continue
        model, x, y = make(xp)
        steps = getattr(xp.optim, optimizer)(model.parameters(), lr=1e-3)

        def step(xp=xp, model=model, x=x, y=y, steps=steps):
            loss = xp.nn.functional.cross_entropy(model(x), y)
            steps.zero_grad()
            loss.backward()
            steps.step()

        made[name] = step
    return made


def forward(make):
    made = {}
    for name, xp in libraries().items():
        if name == "numpy":
            continue
        model, x, _ = make(xp)
        model.eval()

        def predict(xp=xp, model=model, x=x):
            with xp.no_grad():
                model(x)

        made[name] = predict
    return made


def rows(title, make, target):
    row(f"{title}, SGD", target=target)(lambda: training(make, "SGD"))
    row(f"{title}, AdamW", target=target)(lambda: training(make, "AdamW"))
    row(f"{title}, forward", target=target)(lambda: forward(make))


for title, (make, target) in MODELS.items():
    rows(title, make, target)
