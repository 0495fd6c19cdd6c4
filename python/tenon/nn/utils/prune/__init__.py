"""Pruning: masks that set elements of parameters to 0 before each forward(), as PyTorch has them."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.nn._checked import check_types as _check_types
from tenon.nn.utils.prune import _functions, _methods
from tenon.nn.utils.prune._base import BasePruningMethod, PruningContainer
from tenon.nn.utils.prune._functions import *  # noqa: F403
from tenon.nn.utils.prune._methods import *  # noqa: F403

__all__ = ["BasePruningMethod", "PruningContainer"]
__all__ += _functions.__all__
__all__ += _methods.__all__

_check_types(globals())
_guide(__name__)
