"""PyTorch's database of operators, and its samples as tenon's tensors."""

import warnings

import nn_parity
import numpy as np
import tenon
import torch
from support import torch_testing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    OPERATORS = torch_testing("common_methods_invocations").op_db


class NotOurs(Exception):
    """A sample of a layout or an object that only PyTorch has."""


def ours(x):
    if isinstance(x, torch.Tensor):
        if x.layout is not torch.strided:
            raise NotOurs
        y = x.detach().resolve_conj().resolve_neg()
        if y.dtype is torch.bfloat16:
            return tenon.from_numpy(y.float().numpy().copy()).to(tenon.bfloat16)
        t = tenon.from_numpy(y.numpy().copy())
        return t.requires_grad_() if x.requires_grad else t
    if isinstance(x, torch.dtype):
        return getattr(tenon, str(x).removeprefix("torch."))
    if isinstance(x, torch.device):
        return str(x)
    if isinstance(x, torch.memory_format):
        return str(x).removeprefix("torch.")
    if isinstance(x, torch.layout | torch.Generator):
        raise NotOurs
    if isinstance(x, torch.nn.LinearCrossEntropyOptions):
        return nn_parity.ours(x)
    if isinstance(x, slice):
        return slice(ours(x.start), ours(x.stop), ours(x.step))
    if isinstance(x, dict):
        return {k: ours(v) for k, v in x.items()}
    if isinstance(x, tuple):
        return tuple(map(ours, x))
    return list(map(ours, x)) if isinstance(x, list) else x


def array(t):
    if isinstance(t, torch.Tensor):
        t = t.detach().resolve_conj().resolve_neg()
        return (t.float() if t.dtype is torch.bfloat16 else t).numpy(force=True)
    t = t.detach()
    return (t.float() if t.dtype == tenon.bfloat16 else t).numpy()


def flat(x):
    """What nested sequences and dicts hold, in order."""
    if isinstance(x, dict):
        x = list(x.values())
    return [t for item in x for t in flat(item)] if isinstance(x, list | tuple) else [x]


def tensors(x):
    """The tensors among them."""
    return [t for t in flat(x) if isinstance(t, torch.Tensor | tenon.Tensor)]


def weighted(xp, results):
    """A weighted sum of all results that have a gradient; None without one."""
    random, total = np.random.default_rng(0), None
    for t in tensors(results):
        if t.requires_grad:
            part = (t * xp.from_numpy(np.asarray(random.standard_normal(tuple(t.shape))))).sum()
            part = part.real + part.imag if part.is_complex() else part
            total = part if total is None else total + part
    return total
