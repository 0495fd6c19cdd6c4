"""summary: what a model is made of, layer by layer, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenon import _C
from tenon._grad_mode import no_grad

__all__ = ["ModelSummary", "summary"]


@dataclass
class Layer:
    """One module of a model."""

    name: str
    kind: str
    depth: int
    parameters: int = 0
    """Elements of its own parameters, those of its children excluded."""
    trainable: int = 0
    bytes: int = 0
    """Of its own parameters and buffers."""
    output_shapes: list[tuple[int, ...]] = field(default_factory=list)
    calls: int = 0


@dataclass(repr=False)
class ModelSummary:
    """What summary() found; its text is a table.

    Examples
    --------
    >>> tenon.utils.ModelSummary(layers=[]).parameters
    0
    """

    layers: list[Layer]
    """The modules, the model first; ``name``, ``kind``, ``output_shapes``, ``parameters``, ``bytes``, ..."""
    output_bytes: int = 0
    """Of all layers' results in one call."""

    @property
    def parameters(self) -> int:
        """The elements of all parameters; those that modules share count once."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def trainable(self) -> int:
        """The elements of the parameters that require grad."""
        return sum(layer.trainable for layer in self.layers)

    @property
    def bytes(self) -> int:
        """The bytes of all parameters and buffers."""
        return sum(layer.bytes for layer in self.layers)

    def __repr__(self) -> str:
        head = ("Layer", "Output shape", "Parameters", "Bytes")
        rows = [head, *(_row(layer) for layer in self.layers)]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, "<<>>", widths, strict=True))
            for row in rows
        ]
        lines.insert(1, "-" * max(map(len, lines)))
        lines.append(lines[1])
        lines.append(f"parameters  {self.parameters:,} ({self.trainable:,} trainable), {_size(self.bytes)}")
        lines.append(f"outputs     {_size(self.output_bytes)} in one call")
        return "\n".join(lines)


def _row(layer: Layer) -> tuple[str, str, str, str]:
    name = "  " * layer.depth + (f"{layer.name.rpartition('.')[2]}: " if layer.name else "") + layer.kind
    shape = ", ".join(map(str, layer.output_shapes)) or "(not called)"
    if layer.calls > 1:
        shape += f", {layer.calls} calls"
    count = f"{layer.parameters:,}" if layer.parameters else "-"
    return name, shape, count, _size(layer.bytes) if layer.bytes else "-"


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def _tensors(x: Any) -> Iterator[Any]:
    """The tensors in a result."""
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        yield x
    elif isinstance(x, Mapping):
        for v in x.values():
            yield from _tensors(v)
    elif isinstance(x, list | tuple):
        for v in x:
            yield from _tensors(v)


def _call(model: Any, input: Any) -> None:
    if isinstance(input, Mapping):
        model(**input)
    elif isinstance(input, list | tuple):
        if input and all(type(n) is int for n in input):
            model(_C.zeros(tuple(input)))
        else:
            model(*input)
    else:
        model(input if hasattr(input, "detach") else _C.asarray(input))


def _layers(model: Any) -> list[tuple[Layer, Any]]:
    """Each module with what it holds; a tensor that several hold counts for the first."""
    seen: set[int] = set()
    layers = []
    for name, module in model.named_modules():
        layer = Layer(name, type(module).__name__, name.count(".") + 1 if name else 0)
        for tensors, trains in (
            (module.parameters(recurse=False), True),
            (module.buffers(recurse=False), False),
        ):
            for t in tensors:
                if id(t) in seen:
                    continue
                seen.add(id(t))
                layer.bytes += t.nbytes
                if trains:
                    layer.parameters += t.numel()
                    layer.trainable += t.numel() if t.requires_grad else 0
        layers.append((layer, module))
    return layers


def summary(model: Any, input: Any) -> ModelSummary:
    """A table of a model's layers: the shapes of their results, their parameters, their bytes.

    The model is called once, in evaluation mode and without gradients; its modes are as before then.

    Parameters
    ----------
    model : Module
        What is looked at: a module, of tenon's or PyTorch's.
    input
        What the model is called with: a tensor or an array; a tuple or a dict of arguments; or the shape of
        one tensor, as ``(32, 784)``.

    Returns
    -------
    ModelSummary
        ``print`` it; its attributes are the numbers.

    Raises
    ------
    TypeError
        For what is no module.
    ValueError
        For an input that the model does not take, as the model says it.

    Examples
    --------
    >>> net = tenon.nn.Sequential(tenon.nn.Linear(784, 16), tenon.nn.ReLU(), tenon.nn.Linear(16, 10))
    >>> print(tenon.utils.summary(net, (32, 784)))
    Layer        Output shape  Parameters    Bytes
    ----------------------------------------------
    Sequential   (32, 10)               -        -
      0: Linear  (32, 16)          12,560  50.2 kB
      1: ReLU    (32, 16)               -        -
      2: Linear  (32, 10)             170    680 B
    ----------------------------------------------
    parameters  12,730 (12,730 trainable), 50.9 kB
    outputs     5.4 kB in one call
    """
    if not hasattr(model, "named_modules") or not hasattr(model, "register_forward_hook"):
        raise TypeError(f"summary: model must be a module; got {type(model).__name__}")
    layers = _layers(model)
    result = ModelSummary([layer for layer, _ in layers])
    modes = [(module, module.training) for _, module in layers]
    handles: list[Any] = []

    def watch(layer: Layer, leaf: bool) -> Any:
        def hook(module: Any, args: Any, output: Any) -> None:
            found = list(_tensors(output))
            layer.calls += 1
            layer.output_shapes = layer.output_shapes or [tuple(t.shape) for t in found]
            if leaf:
                result.output_bytes += sum(t.nbytes for t in found)

        return hook

    try:
        for layer, module in layers:
            leaf = next(iter(module.children()), None) is None
            handles.append(module.register_forward_hook(watch(layer, leaf)))
        model.eval()
        with no_grad():
            _call(model, input)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return result
