"""The ways by which an array comes in, and what the tests say of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tenon

#: Every kind of door: conversions, operands, values that are written, parts of a result.
WAYS: dict[str, Callable[[Any], Any]] = {
    "tensor": tenon.tensor,
    "as_tensor": tenon.as_tensor,
    "asarray": tenon.asarray,
    "asarray with a dtype": lambda a: tenon.asarray(a, dtype=tenon.float32),
    "from_dlpack": tenon.from_dlpack,
    "from_dlpack of a copy": lambda a: tenon.from_dlpack(a, copy=True),
    "a list": lambda a: tenon.tensor([a, a]),
    "stack": lambda a: tenon.stack([a, a]),
    "cat": lambda a: tenon.cat([a, a]),
    "where": lambda a: tenon.where(tenon.ones(a.shape) > 0, a, a),
    "add": lambda a: tenon.add(tenon.ones(a.shape), a),
    "mul": lambda a: tenon.mul(tenon.ones(a.shape), a),
    "copy_": lambda a: tenon.zeros(a.shape).copy_(a),
    "setitem": lambda a: tenon.zeros(a.shape).__setitem__(slice(None), a),
    "clamp": lambda a: tenon.ones(a.shape).clamp(a),
    "tenon.numpy.add": lambda a: tenon.numpy.add(tenon.ones(a.shape), a),
}


def shares(t: tenon.Tensor, array: Any) -> bool:
    """Whether the tensor stands on the array's memory."""
    return np.shares_memory(np.asarray(t.detach()), np.asarray(array))
