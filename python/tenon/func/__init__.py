"""Transforms of functions under PyTorch's names: gradients, Jacobians, vmap, modules as functions."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.func._calls import functional_call, replace_all_batch_norm_modules_, stack_module_state
from tenon.func._forward import jvp, linearize
from tenon.func._jacobians import hessian, jacfwd, jacrev
from tenon.func._reverse import grad, grad_and_value, vjp
from tenon.func._vmap import vmap

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip

_guide(__name__)
