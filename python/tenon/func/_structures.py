"""Tensors in tuples, lists and dicts: taken out, put back; and the inputs that gradients are taken by."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import enable_grad

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    ArgNums = int | tuple[int, ...]


def callable_(op: str, func: Any) -> None:
    if not callable(func):
        raise TypeError(f"{op}: func must be a function; got {type(func).__name__}")


def flatten(value: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """What lies in tuples, lists and dicts, in order; and a function that puts others in their places."""
    leaves: list[Any] = []

    def place(v: Any) -> Callable[[Sequence[Any]], Any]:
        if isinstance(v, tuple | list):
            parts = [place(x) for x in v]
            if hasattr(v, "_fields"):
                return lambda new: type(v)(*[p(new) for p in parts])
            kind = tuple if isinstance(v, tuple) else list
            return lambda new: kind(p(new) for p in parts)
        if isinstance(v, dict):
            named = {k: place(x) for k, x in v.items()}
            return lambda new: type(v)((k, p(new)) for k, p in named.items())
        i = len(leaves)
        leaves.append(v)
        return lambda new: new[i]

    return leaves, place(value)


def _structure(value: Any) -> Any:
    """A star in the place of each leaf."""
    leaves, rebuild = flatten(value)
    return rebuild(["*"] * len(leaves))


def same_structure(op: str, what: str, value: Any, like: Any) -> None:
    found, wanted = _structure(value), _structure(like)
    if found != wanted:
        raise RuntimeError(f"{op}: {what} must have the structure {wanted} (* is a tensor); got {found}")


def tensors_in(op: str, value: Any, what: str) -> tuple[list[Tensor], Callable[[Sequence[Any]], Any]]:
    """flatten() of a structure that must hold tensors alone, and at least one."""
    leaves, rebuild = flatten(value)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"{op}: {what} must be tensors, alone or in tuples, lists and dicts; got {leaf!r}"
            )
    if not leaves:
        raise RuntimeError(f"{op}: {what} must have at least one tensor; got {value!r}")
    return leaves, rebuild


def split_aux(op: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    """What func returned, and its auxiliary part, which no gradient is taken of."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{op}: with has_aux=True func must return (output, aux); got {result!r}")
    return result


def numbers(op: str, argnums: ArgNums, count: int) -> list[int]:
    """argnums as places from the start."""
    alone = isinstance(argnums, int)
    places = [argnums] if isinstance(argnums, int) else argnums
    if not alone and not isinstance(places, tuple):
        raise RuntimeError(f"{op}: argnums must be an int or a tuple of ints; got {argnums!r}")
    found = []
    for n in places:
        if not isinstance(n, int):
            raise RuntimeError(f"{op}: argnums must be an int or a tuple of ints; got {argnums!r}")
        if not -count <= n < count:
            raise RuntimeError(f"{op}: argnums is {n} for {count} positional arguments")
        found.append(n % count)
    if not found or len(set(found)) < len(found):
        raise RuntimeError(f"{op}: argnums must name each argument once, and at least one; got {argnums!r}")
    return found


class Inputs:
    """The tensors that a function is differentiated by.

    Func sees others in their places: a tensor that requires grad is seen through a view, so that the
    caller's graph goes on; of another one a leaf is made, which nobody else knows.
    """

    def __init__(self, op: str, args: tuple[Any, ...], argnums: ArgNums) -> None:
        self.op, self.outer = op, _C.is_grad_enabled()
        places = numbers(op, argnums, len(args))
        own = args[places[0]] if isinstance(argnums, int) else tuple(args[n] for n in places)
        given, self.rebuild = flatten(own)
        self.seen: list[Tensor] = []
        with enable_grad():
            for t in given:
                self.seen.append(self._seen(t))
        self.linked = self.outer and any(t.requires_grad for t in given)
        new = self.rebuild(self.seen)
        replaced = dict(zip(places, (new,) if isinstance(argnums, int) else new, strict=True))
        self.args = tuple(replaced.get(i, a) for i, a in enumerate(args))

    def _seen(self, t: Any) -> Tensor:
        if not isinstance(t, Tensor):
            raise ValueError(f"{self.op}: gradients are taken by tensors; got {type(t).__name__} ({t!r})")
        if not (t.dtype.is_floating_point or t.dtype.is_complex):
            raise RuntimeError(
                f"{self.op}: gradients are taken by floats and complex numbers; got {t.dtype.name}; "
                "use .float()"
            )
        return t.view(t.shape) if self.outer and t.requires_grad else t.detach().requires_grad_()

    def reaches_out(self, t: Tensor) -> bool:
        """Whether a result depends on a tensor that requires grad and is none of these inputs."""
        if not (self.outer and t.requires_grad):
            return False
        if self.linked:
            return True
        own = {id(s) for s in self.seen}
        if t.grad_fn is None:
            return id(t) not in own
        stack, visited = [t.grad_fn], set()
        while stack:
            node = stack.pop()
            if node in visited:
                continue
            visited.add(node)
            leaf = getattr(node, "variable", None)
            if leaf is not None and id(leaf) not in own:
                return True
            stack += [n for n, _ in node.next_functions if n is not None]
        return False

    def released(self, value: Any) -> Any:
        """A result without the history that ends at these inputs."""
        leaves, rebuild = flatten(value)
        return rebuild(
            [
                t.detach() if isinstance(t, Tensor) and t.requires_grad and not self.reaches_out(t) else t
                for t in leaves
            ]
        )


def gradients(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    vectors: Sequence[Tensor | None],
    create_graph: bool,
    retain_graph: bool = True,
) -> list[Tensor]:
    """The gradients, zeros where an output does not depend on an input."""
    used = [(y, v) for y, v in zip(outputs, vectors, strict=True) if y.requires_grad]
    by = [x for x in inputs if x.requires_grad]
    found: dict[int, Tensor | None] = {}
    if used and by:
        ys, vs = [y for y, _ in used], [v for _, v in used]
        grads = _C._grad(ys, by, vs, retain_graph or create_graph, create_graph, True)
        found = {id(x): g for x, g in zip(by, grads, strict=True)}
    given = [found.get(id(x)) for x in inputs]
    return [_C.zeros_like(x) if g is None else g for g, x in zip(given, inputs, strict=True)]
