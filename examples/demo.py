"""A tour of tenon's border with NumPy, pandas, matplotlib, seaborn, OpenCV, SciPy and scikit-learn.

    python examples/demo.py --output demo-output

All data is real: the CSV files and photographs that ship inside scikit-learn. Whatever crosses the border is
timed, and a write proves whether it shares memory; the table of all crossings comes last. Every number is
computed here. The pictures are files in the output folder.
"""

import argparse
from pathlib import Path

import cv2
import h5py
import matplotlib

matplotlib.use("Agg")  # draws files, needs no screen

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.linalg
import scipy.ndimage
import scipy.special
import scipy.stats
import seaborn as sns
import sklearn.datasets
import tenon as torch
from crossings import Crossings
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

DATA = Path(sklearn.datasets.__file__).parent / "data"
IMAGES = DATA.parent / "images"


class Tour:
    """What the stops of the tour share: where files go, the table of crossings, and how fast to walk."""

    def __init__(self, output: Path, epochs: int) -> None:
        self.output = output
        self.epochs = epochs
        self.table = Crossings(torch=torch, np=np, pd=pd, cv2=cv2)
        self.cross = self.table.cross

    def save(self, figure: plt.Figure, name: str) -> None:
        """Writes a picture into the output folder."""
        figure.savefig(self.output / name, dpi=150, bbox_inches="tight")
        plt.close(figure)
        print(f"  picture: {self.output / name}")


def headline(text: str) -> None:
    print(f"\n== {text}")


def read_table(file: str, load) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Features, classes and class names of one of scikit-learn's CSV files, read by pandas.

    Their first line holds the sizes and the class names; the columns are named in the description.
    """
    description = load()
    features = list(description.feature_names)
    dtypes = dict.fromkeys(features, "float64")
    frame = pd.read_csv(DATA / file, skiprows=1, names=[*features, "class"], dtype=dtypes)
    # copy() lays the columns out as one block of memory, which is what values can then share.
    return frame[features].copy(), frame["class"], list(description.target_names)


# ---- the stops ----


def numpy_both_ways(tour: Tour) -> None:
    headline("NumPy: two libraries, one memory")
    array = np.array([1.0, 2.0, 3.0])
    t = tour.cross("torch.from_numpy(array)", array=array)
    array[0] = 99
    print(f"  array[0] = 99 shows in the tensor: {t}")
    tour.cross("t.numpy()", t=t)
    tour.cross("np.asarray(t)", t=t)
    tour.cross("np.from_dlpack(t)", t=t)
    tour.cross("memoryview(t)", t=t)
    tour.cross("torch.from_dlpack(array)", array=array)
    tour.cross("torch.asarray(array)", array=array)
    tour.cross("torch.from_numpy(array[::-1])", array=array)
    tour.cross("t[::-1].numpy()", t=t)
    tour.cross("torch.tensor(array)", array=array)
    tour.cross("t.clone()", t=t)
    tour.cross("torch.from_numpy(array).float()", array=array)


def frames(tour: Tour) -> tuple[torch.Tensor, pd.Series]:
    headline("pandas: columns and frames of CSV files become tensors")
    wine, cultivar, _ = read_table("wine_data.csv", sklearn.datasets.load_wine)
    table = tour.cross("torch.from_numpy(wine.values)", wine=wine)
    column = tour.cross("torch.from_numpy(wine['alcohol'].to_numpy())", wine=wine)
    print(f"  wine_data.csv: {tuple(table.shape)} {table.dtype}, strides {table.stride()}, lent read-only")
    print(f"  mean alcohol: {column.mean().item():.2f} %")
    try:
        table[0, 0] = 0.0
    except (RuntimeError, ValueError) as error:  # pandas lends its memory for reading only
        print(f"  writing to it: {error}")

    values = tour.cross("torch.from_numpy(wine.values).float()", wine=wine)
    tour.cross("pd.DataFrame(t.numpy(), copy=False)", t=values)

    # Arrow's memory is immutable from within; the array underneath is ours, and proves the sharing.
    alcohol = wine["alcohol"].to_numpy(copy=True)
    arrow = pa.array(alcohol)
    tour.cross("torch.from_numpy(arrow.to_numpy())", owner=alcohol, arrow=arrow)
    tour.cross("torch.from_numpy(series.to_numpy())", owner=alcohol, series=pl.from_arrow(arrow))
    return values, cultivar


def features(tour: Tour, wine: torch.Tensor) -> None:
    headline("NumPy functions on the shared memory")
    shared = wine.numpy()
    wine -= wine.mean(0)
    wine /= wine.std(0)
    print(f"  standardised in place; NumPy sees means up to {np.abs(shared.mean(0)).max():.0e}")
    low, middle, high = np.percentile(shared[:, 0], [5, 50, 95])
    print(f"  alcohol, 5th, 50th, 95th percentile: {low:.2f}, {middle:.2f}, {high:.2f} standard deviations")
    high = np.percentile(wine, 90, axis=0)  # NumPy's function, but a tensor
    print(f"  np.percentile(tensor, 90, axis=0): a {type(high).__name__}, mean {high.mean().item():.3f}")
    x = wine[:, :3].clone().requires_grad_()
    np.mean(np.exp(x) * 2).backward()
    print(f"  np.mean(np.exp(x) * 2).backward(): x.grad[0, 0] is {x.grad[0, 0].item():.6f}")


def histograms(tour: Tour) -> None:
    headline("seaborn and matplotlib draw tensors")
    iris, species, names = read_table("iris.csv", sklearn.datasets.load_iris)
    measures = torch.from_numpy(iris.values)
    figure, axes = plt.subplots(2, 2, figsize=(10, 7))
    for axis, name, column in zip(axes.flat, iris.columns, measures.T, strict=True):
        sns.histplot(
            x=column.numpy(),
            hue=species.map(dict(enumerate(names))),
            binwidth=0.2,
            multiple="stack",
            legend=axis is axes[0, 1],
            ax=axis,
        )
        for share, style in ((10, ":"), (50, "-"), (90, ":")):
            axis.axvline(np.percentile(column, share).item(), color="black", linestyle=style, linewidth=1)
        axis.set(xlabel=name, ylabel="flowers")
    figure.suptitle("Iris: 150 flowers; lines are the 10th, 50th and 90th percentile")
    figure.tight_layout()
    tour.save(figure, "iris-histograms.png")

    tumours, _, _ = read_table("breast_cancer.csv", sklearn.datasets.load_breast_cancer)
    t = torch.from_numpy(tumours.values)
    z = (t - t.mean(0)) / t.std(0)
    correlation = z.T @ z / (len(z) - 1)
    difference = np.abs(correlation.numpy() - np.corrcoef(tumours.values, rowvar=False)).max()
    print(f"  correlations by a product of tensors; largest difference to np.corrcoef: {difference:.0e}")
    figure, axis = plt.subplots(figsize=(9, 7.5))
    sns.heatmap(
        correlation.numpy(),
        vmin=-1,
        vmax=1,
        cmap="vlag",
        square=True,
        xticklabels=tumours.columns,
        yticklabels=tumours.columns,
        cbar_kws={"label": "correlation", "shrink": 0.8},
        ax=axis,
    )
    axis.tick_params(labelsize=7)
    axis.set_title(f"Breast cancer: {len(z)} tumours, {z.shape[1]} features")
    tour.save(figure, "breast-cancer-correlation.png")


def photographs(tour: Tour) -> None:
    headline("OpenCV and SciPy write into a tensor's memory")
    bgr = cv2.imread(str(IMAGES / "china.jpg"))
    photo = tour.cross("torch.from_numpy(bgr[..., ::-1])", bgr=bgr)  # BGR to RGB: a negative stride, no copy
    height, width = photo.shape[0] // 2, photo.shape[1] // 2
    small = torch.zeros((height, width, 3), dtype=torch.uint8)
    names = {"bgr": bgr, "small": small, "size": (width, height)}
    tour.cross("cv2.resize(bgr, size, dst=small.numpy())", owner=small, **names)
    print(f"  cv2.resize wrote {tuple(small.shape)} into the tensor: mean {small.float().mean().item():.1f}")

    grey = photo.float().mean(-1)
    edges = torch.zeros_like(grey)
    scipy.ndimage.gaussian_gradient_magnitude(grey.numpy(), sigma=1.5, output=edges.numpy())

    figure, axes = plt.subplots(2, 2, figsize=(10, 7.2))
    pictures = {
        f"from_numpy(bgr[..., ::-1]), {photo.shape[1]}×{photo.shape[0]}": photo.numpy(),
        f"cv2.resize(…, dst=small.numpy()), {width}×{height}": small.numpy()[..., ::-1],
        "photo[:, ::-1]: a mirror without a copy": photo[:, ::-1].numpy(),
        "gaussian_gradient_magnitude(…, output=edges.numpy())": edges.numpy(),
    }
    for axis, (title, picture) in zip(axes.flat, pictures.items(), strict=True):
        axis.imshow(picture, cmap="magma")
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    figure.tight_layout()
    tour.save(figure, "photographs.png")


def science(tour: Tour, wine: torch.Tensor, cultivar: pd.Series) -> None:
    headline("SciPy and scikit-learn take tensors")
    singular = scipy.linalg.svdvals(wine)
    print(f"  scipy.linalg.svdvals(tensor): {singular[0]:.3f} … {singular[-1]:.3f}")
    print(f"  scipy.stats.skew(tensor), largest: {scipy.stats.skew(np.asarray(wine)).max():.3f}")
    logistic = scipy.special.expit(wine)
    print(f"  scipy.special.expit(tensor): {type(logistic).__name__}, mean {logistic.mean().item():.3f}")

    raw = torch.from_numpy(sklearn.datasets.load_wine().data).clone()
    StandardScaler(copy=False).fit_transform(raw.numpy())  # scikit-learn works in place, in the tensor
    print(f"  StandardScaler(copy=False) in the tensor's memory: mean {raw.mean().item():.0e}")

    plane = PCA(2).fit_transform(wine)
    figure, axis = plt.subplots(figsize=(6.5, 5))
    kind = cultivar.map("cultivar {}".format)
    sns.scatterplot(x=plane[:, 0], y=plane[:, 1], hue=kind, palette="deep", ax=axis)
    axis.set(xlabel="first component", ylabel="second component", title="178 wines: PCA of a tensor")
    tour.save(figure, "wine-pca.png")


def files(tour: Tour, wine: torch.Tensor) -> None:
    headline("Files: saved, and mapped back")
    npz, safetensors, hdf = (tour.output / f"wine.{ending}" for ending in ("npz", "safetensors", "h5"))
    wine = wine.contiguous()  # the frame's columns made it column-major
    torch.save_npz(npz, {"wine": wine, "mean": wine.mean(0)})
    torch.save_safetensors(safetensors, {"wine": wine})
    with h5py.File(hdf, "w") as file:
        file["wine"] = wine.numpy()
    with np.load(npz) as archive:
        print(f"  {npz.name}: NumPy reads it, equal: {np.array_equal(archive['wine'], wine.numpy())}")

    mapped = tour.cross("torch.load_npz(npz, mmap=True)['wine']", owner=mapping(npz, wine.numpy()), npz=npz)
    print(f"  {npz.name}: mapped, read-only: {mapped.readonly}, equal: {torch.equal(mapped, wine)}")
    owner = mapping(safetensors, wine.numpy())
    mapped = tour.cross("torch.load_safetensors(file)[0]['wine']", owner=owner, file=safetensors)
    print(f"  {safetensors.name}: mapped, read-only: {mapped.readonly}, equal: {torch.equal(mapped, wine)}")

    np.save(tour.output / "wine.npy", wine.numpy())
    tour.cross("torch.from_numpy(mapped)", mapped=np.load(tour.output / "wine.npy", mmap_mode="r+"))
    with h5py.File(hdf, "r+") as file:
        tour.cross("torch.asarray(dataset)", dataset=file["wine"])


def mapping(path: Path, array: np.ndarray) -> np.ndarray:
    """Another mapping of an array's bytes in a file. It may be written: a proof that a tensor maps them."""
    offset = path.read_bytes().index(array.tobytes(order="A"))
    return np.memmap(path, array.dtype, "r+", offset, shape=array.size)


def device(tour: Tour, wine: torch.Tensor) -> None:
    headline("A device, where there is one")
    if not torch.cuda.is_available():
        print("  none here; the same lines run on a GPU")
        return
    batch = wine[:64].to("cuda")
    try:
        batch.numpy()
    except TypeError as error:
        print(f"  batch.numpy(): {error}")
    product = (batch @ batch.T).cpu().numpy()
    print(f"  (batch @ batch.T).cpu().numpy(): {product.shape}, trace {np.trace(product):.2f}")
    tour.cross("t.cuda().cpu()", t=wine)


def digits(tour: Tour) -> None:
    headline("Softmax regression on the digits: gradient descent in NumPy's memory")
    frame = pd.read_csv(DATA / "digits.csv.gz", header=None, dtype="float32").copy()
    table = torch.from_numpy(frame.values)  # read-only, shared
    order = np.random.default_rng(0).permutation(len(table))
    table = table[order]
    images, labels = table[:, :64] / 16, table[:, 64].long()
    train, test = slice(0, 1347), slice(1347, None)

    weights, bias = np.zeros((64, 10), np.float32), np.zeros(10, np.float32)
    w = tour.cross("torch.from_numpy(weights)", weights=weights).requires_grad_()
    b = torch.from_numpy(bias).requires_grad_()

    def model(x: torch.Tensor) -> torch.Tensor:
        return x @ w + b

    truth = torch.eye(10)[labels[train]]
    losses = []
    for _ in tqdm(range(tour.epochs), desc="  gradient descent", unit="epoch", mininterval=1):
        loss = -(torch.log_softmax(model(images[train]), dim=1) * truth).sum(1).mean()
        loss.backward()
        for array, parameter in ((weights, w), (bias, b)):
            array -= 1.0 * parameter.grad.numpy()  # NumPy's own arithmetic: the tensors are the arrays
            parameter.grad = None
        losses.append(loss.item())

    predictions = model(images[test]).detach().cpu().numpy().argmax(1)
    answers = labels[test].numpy()
    accuracy = np.mean(predictions == answers)
    peer = LogisticRegression(max_iter=1000).fit(images[train].numpy(), labels[train].numpy())
    peer_accuracy = peer.score(images[test].numpy(), answers)
    print(f"  loss {losses[0]:.4f} -> {losses[-1]:.4f}")
    print(
        f"  accuracy on {len(answers)} unseen digits: {accuracy:.1%}; LogisticRegression: {peer_accuracy:.1%}"
    )
    draw_digits(tour, images[test], answers, predictions)
    draw_training(tour, losses, weights, confusion_matrix(answers, predictions))


def draw_digits(tour: Tour, images: torch.Tensor, answers: np.ndarray, predictions: np.ndarray) -> None:
    wrong = np.flatnonzero(predictions != answers)[:10]
    right = np.flatnonzero(predictions == answers)[:30]
    figure, axes = plt.subplots(4, 10, figsize=(10, 4.6))
    for axis, i in zip(axes.flat, [*right, *wrong], strict=False):
        axis.imshow(images[int(i)].reshape(8, 8).numpy(), cmap="gray_r")
        axis.set_title(str(predictions[i]), color="tab:red" if i in wrong else "black", fontsize=9)
    for axis in axes.flat:
        axis.axis("off")
    figure.suptitle("Predictions on unseen digits; the mistakes of the model are in red")
    tour.save(figure, "digits.png")


def draw_training(tour: Tour, losses: list[float], weights: np.ndarray, confusion: np.ndarray) -> None:
    figure = plt.figure(figsize=(12, 6.5), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.2, 1])
    curve, matrix = top.subplots(1, 2)
    curve.plot(losses)
    curve.set(xlabel="epoch", ylabel="cross-entropy", ylim=(0, None), title="Gradient descent")
    sns.heatmap(confusion, annot=True, fmt="d", cmap="Blues", cbar=False, ax=matrix)
    matrix.set(xlabel="predicted", ylabel="digit", title="Unseen digits")
    limit = np.abs(weights).max()
    for k, axis in enumerate(bottom.subplots(1, 10)):
        axis.imshow(weights[:, k].reshape(8, 8), cmap="RdBu_r", vmin=-limit, vmax=limit)
        axis.set_title(k)
        axis.axis("off")
    bottom.suptitle("What each digit looks for: the columns of the weights, trained in place")
    tour.save(figure, "training.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default="demo-output", metavar="DIR", help="where files go")
    parser.add_argument("--epochs", type=int, default=500, help="steps of gradient descent (default: 500)")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    sns.set_theme(style="whitegrid")

    tour = Tour(arguments.output, arguments.epochs)
    numpy_both_ways(tour)
    wine, cultivar = frames(tour)
    features(tour, wine)
    histograms(tour)
    photographs(tour)
    science(tour, wine, cultivar)
    files(tour, wine)
    device(tour, wine)
    digits(tour)

    headline("Every crossing: shared or copied")
    print(tour.table)
    (tour.output / "crossings.txt").write_text(f"{tour.table}\n")


if __name__ == "__main__":
    main()
