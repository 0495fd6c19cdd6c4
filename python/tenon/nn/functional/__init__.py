"""Functions of models: activations, losses, dropout, padding and others, without state of their own.

tenon.nn's modules hold parameters and call these.
"""

from tenon._names import guide as _guide
from tenon.nn._checked import check_types as _check_types
from tenon.nn.functional import (
    _activation,
    _attention,
    _classification,
    _dropout,
    _fractional,
    _grid,
    _interpolate,
    _linear,
    _linear_cross_entropy,
    _loss,
    _padding,
    _rows,
    _vision,
)
from tenon.nn.functional._activation import *  # noqa: F403
from tenon.nn.functional._attention import *  # noqa: F403
from tenon.nn.functional._classification import *  # noqa: F403
from tenon.nn.functional._dropout import *  # noqa: F403
from tenon.nn.functional._fractional import *  # noqa: F403
from tenon.nn.functional._grid import *  # noqa: F403
from tenon.nn.functional._interpolate import *  # noqa: F403
from tenon.nn.functional._linear import *  # noqa: F403
from tenon.nn.functional._linear_cross_entropy import *  # noqa: F403
from tenon.nn.functional._loss import *  # noqa: F403
from tenon.nn.functional._padding import *  # noqa: F403
from tenon.nn.functional._rows import *  # noqa: F403
from tenon.nn.functional._vision import *  # noqa: F403

__all__: list[str] = []
__all__ += _activation.__all__
__all__ += _attention.__all__
__all__ += _classification.__all__
__all__ += _dropout.__all__
__all__ += _fractional.__all__
__all__ += _grid.__all__
__all__ += _interpolate.__all__
__all__ += _linear.__all__
__all__ += _linear_cross_entropy.__all__
__all__ += _loss.__all__
__all__ += _padding.__all__
__all__ += _rows.__all__
__all__ += _vision.__all__

_check_types(globals(), but=_activation.__all__)
_guide(__name__)
