"""Less memory for backward, which computes parts of the graph again, under PyTorch's names."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon._names import refuse_others
from tenon.autograd import checkpoint as checkpoint

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint_sequential(
    functions: Iterable[Callable[..., Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Calls functions one after the other, in segments of which all but the last are checkpoints.

    Parameters
    ----------
    functions : nn.Sequential or iterable of callables
        Each takes what the one before returned.
    segments : int
        The number of segments: at least 1, at most the number of functions.
    input
        What the first function takes.
    use_reentrant : bool, optional
        For PyTorch's scripts.
    kwargs
        preserve_rng_state, as checkpoint() takes it.

    Returns
    -------
    Any
        What the last function returns, such as a new tensor.

    Raises
    ------
    ValueError
        For another number of segments.
    TypeError
        For what is no int, for functions that are none, and for other keywords.

    Examples
    --------
    >>> model = tenon.nn.Sequential(tenon.nn.Linear(2, 2), tenon.nn.ReLU(), tenon.nn.Linear(2, 1))
    >>> x = tenon.ones(1, 2, requires_grad=True)
    >>> tenon.utils.checkpoint.checkpoint_sequential(model, 2, x).sum().backward()
    """
    import operator

    refuse_others("checkpoint_sequential", kwargs, ("preserve_rng_state",))
    children = getattr(functions, "children", None)  # of a module
    all_of = list(functions if children is None else children())
    segments = operator.index(segments)
    if not 1 <= segments <= len(all_of):
        raise ValueError(
            f"checkpoint_sequential: segments lie between 1 and the {len(all_of)} functions; got {segments}"
        )

    def run(first: int, last: int) -> Callable[[Any], Any]:
        def called(x: Any) -> Any:
            for f in all_of[first:last]:
                x = f(x)
            return x

        return called

    size = len(all_of) // segments
    for i in range(segments - 1):
        input = checkpoint(run(i * size, (i + 1) * size), input, use_reentrant=use_reentrant, **kwargs)
    return run((segments - 1) * size, len(all_of))(input)


_guide(__name__)
