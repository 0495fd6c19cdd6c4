"""Optimizers under PyTorch's names: a step is one call over all parameters.

Parameters are any leaf tensors, views of a flat NumPy array too: then the steps train the user's array.
"""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon._names import missing as _missing
from tenon.optim import lr_scheduler as lr_scheduler
from tenon.optim.adadelta import Adadelta as Adadelta
from tenon.optim.adafactor import Adafactor as Adafactor
from tenon.optim.adagrad import Adagrad as Adagrad
from tenon.optim.adam import Adam as Adam
from tenon.optim.adam import AdamW as AdamW
from tenon.optim.adamax import Adamax as Adamax
from tenon.optim.asgd import ASGD as ASGD
from tenon.optim.lbfgs import LBFGS as LBFGS
from tenon.optim.muon import Muon as Muon
from tenon.optim.nadam import NAdam as NAdam
from tenon.optim.optimizer import Optimizer as Optimizer
from tenon.optim.radam import RAdam as RAdam
from tenon.optim.rmsprop import RMSprop as RMSprop
from tenon.optim.rprop import Rprop as Rprop
from tenon.optim.sgd import SGD as SGD

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam",
    "Optimizer", "RAdam", "RMSprop", "Rprop", "lr_scheduler", "swa_utils",
]  # fmt: skip

# It imports tenon.nn, which most optimizers' users have imported, and others do not need.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from tenon.optim import swa_utils as swa_utils
else:

    def __getattr__(name):
        if name == "swa_utils":
            import importlib

            return importlib.import_module("tenon.optim.swa_utils")
        raise _missing(__name__, name)


del TYPE_CHECKING

_guide(__name__)
