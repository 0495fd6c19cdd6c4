"""Linear algebra: equations, decompositions and functions of matrices, with gradients of any order."""

from __future__ import annotations

import sys

from tenon._names import guide as _guide
from tenon.linalg import _decompositions, _equations, _factors, _functions, _indefinite, _least_squares
from tenon.linalg._decompositions import *  # noqa: F403
from tenon.linalg._equations import *  # noqa: F403
from tenon.linalg._factors import *  # noqa: F403
from tenon.linalg._functions import *  # noqa: F403
from tenon.linalg._indefinite import *  # noqa: F403
from tenon.linalg._least_squares import *  # noqa: F403


class _LinAlgError(ValueError):
    """An algorithm found no result."""


_LinAlgError.__name__ = _LinAlgError.__qualname__ = "LinAlgError"

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:

    class LinAlgError(_LinAlgError):
        """An algorithm found no result: NumPy's class where NumPy is imported."""


__all__ = ["LinAlgError"]
__all__ += _decompositions.__all__
__all__ += _equations.__all__
__all__ += _factors.__all__
__all__ += _functions.__all__
__all__ += _indefinite.__all__
__all__ += _least_squares.__all__


def __getattr__(name: str) -> object:
    if name == "LinAlgError":
        numpy = sys.modules.get("numpy.linalg")
        return _LinAlgError if numpy is None else numpy.LinAlgError
    from tenon._names import missing

    raise missing("tenon.linalg", name)


_guide(__name__)
