"""functional_call under the name that PyTorch has given up for torch.func's."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    from tenon._C import Tensor
    from tenon.nn.module import Module

__all__ = ["functional_call"]


@_documented()
def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``tenon.func.functional_call`` by its older name.

    module, parameters_and_buffers, args, kwargs, tie_weights, strict: As there.
    Returns: A new tensor, or what else the module returns.
    ValueError: As there.
    TypeError: For values that are no tensors, and for what is no module.

    >>> new = {"weight": tenon.ones(1, 2), "bias": tenon.zeros(1)}
    >>> tenon.nn.utils.stateless.functional_call(tenon.nn.Linear(2, 1), new, tenon.tensor([3.0, 4.0]))
    tensor([7.])
    """
    from tenon import func

    return func.functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )


_guide(__name__)
