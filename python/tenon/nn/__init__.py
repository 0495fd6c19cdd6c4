"""Layers and models: modules that hold parameters, losses, and what initializes and prepares them."""

from tenon._names import guide as _guide
from tenon.nn import (
    activation,
    adaptive,
    attention,
    classification,
    convolution,
    distance,
    dropout,
    embedding,
    fractional,
    functional,
    grad,
    init,
    lazy_normalization,
    linear,
    linear_cross_entropy,
    loss,
    normalization,
    padding,
    parameter,
    pooling,
    recurrent,
    recurrent_cells,
    softmax,
    synchronized,
    transformer,
    utils,
    vision,
)
from tenon.nn.activation import *  # noqa: F403
from tenon.nn.adaptive import *  # noqa: F403
from tenon.nn.attention import *  # noqa: F403
from tenon.nn.classification import *  # noqa: F403
from tenon.nn.containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from tenon.nn.convolution import *  # noqa: F403
from tenon.nn.distance import *  # noqa: F403
from tenon.nn.dropout import *  # noqa: F403
from tenon.nn.embedding import *  # noqa: F403
from tenon.nn.fractional import *  # noqa: F403
from tenon.nn.lazy_normalization import *  # noqa: F403
from tenon.nn.linear import *  # noqa: F403
from tenon.nn.linear_cross_entropy import *  # noqa: F403
from tenon.nn.loss import *  # noqa: F403
from tenon.nn.module import Module
from tenon.nn.normalization import *  # noqa: F403
from tenon.nn.padding import *  # noqa: F403
from tenon.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from tenon.nn.pooling import *  # noqa: F403
from tenon.nn.recurrent import *  # noqa: F403
from tenon.nn.recurrent_cells import *  # noqa: F403
from tenon.nn.softmax import *  # noqa: F403
from tenon.nn.synchronized import *  # noqa: F403
from tenon.nn.transformer import *  # noqa: F403
from tenon.nn.vision import *  # noqa: F403

__all__ = ["Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]
__all__ += ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter"]
__all__ += activation.__all__
__all__ += adaptive.__all__
__all__ += attention.__all__
__all__ += classification.__all__
__all__ += convolution.__all__
__all__ += distance.__all__
__all__ += dropout.__all__
__all__ += embedding.__all__
__all__ += fractional.__all__
__all__ += lazy_normalization.__all__
__all__ += linear.__all__
__all__ += linear_cross_entropy.__all__
__all__ += loss.__all__
__all__ += normalization.__all__
__all__ += padding.__all__
__all__ += pooling.__all__
__all__ += recurrent.__all__
__all__ += recurrent_cells.__all__
__all__ += softmax.__all__
__all__ += synchronized.__all__
__all__ += transformer.__all__
__all__ += vision.__all__
__all__ += ["functional", "grad", "init", "parameter", "utils"]

_guide(
    __name__,
    {
        "DataParallel": "a process uses one device: examples/train_mpi.py runs one for each, and reduces the "
        "gradients in place",
    },
)
