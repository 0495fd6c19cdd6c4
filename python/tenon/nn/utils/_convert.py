"""All parameters as one vector, and back."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn.functional._common import tensors_of

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def _together(op: str, parameters: Iterable[Tensor]) -> list[Tensor]:
    found = tensors_of(op, parameters)
    for p in found:
        if p.device != found[0].device:
            raise ValueError(
                f"{op}: all parameters must be on one device; got {found[0].device} and {p.device}"
            )
    return found


@_documented()
def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other.

    parameters: Parameters, such as model.parameters().
    Returns: A new tensor of one dimension, through which gradients flow.
    ValueError: For parameters on several devices, and for none.
    TypeError: For what are no tensors.

    >>> net = tenon.nn.Linear(2, 1)
    >>> tenon.nn.utils.parameters_to_vector(net.parameters()).shape
    (3,)
    """
    found = _together("parameters_to_vector", parameters)
    return _C.cat([p.reshape(-1) for p in found])


@_documented()
def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Gives parameters the memory of a vector, one after the other: they are views of it from then on.

    What is written to the vector shows in the parameters, and the other way round.

    vec: A tensor of one dimension, with as many elements as all parameters have together.
    parameters: Parameters, such as model.parameters().
    Returns: None.
    TypeError: For a vec and parameters that are no tensors.
    ValueError: For another number of elements, and for parameters on several devices; no parameter has
    changed then.

    >>> net = tenon.nn.Linear(2, 1)
    >>> flat = tenon.arange(3.0)
    >>> tenon.nn.utils.vector_to_parameters(flat, net.parameters())
    >>> net.bias.detach()
    tensor([2.])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: vec is a tensor; got {type(vec).__name__}")
    found = _together("vector_to_parameters", parameters)
    n = sum(p.numel() for p in found)
    if vec.ndim != 1 or vec.numel() != n:
        raise ValueError(f"vector_to_parameters: the parameters have {n} elements; vec has shape {vec.shape}")
    at = 0
    flat = vec.detach()
    for p in found:
        p.data = flat[at : at + p.numel()].view(p.shape)
        at += p.numel()
