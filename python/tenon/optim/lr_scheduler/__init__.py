"""Schedules of learning rates under PyTorch's names: call ``scheduler.step()`` after each epoch."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.optim.lr_scheduler._base import LRScheduler as LRScheduler
from tenon.optim.lr_scheduler._compound import ChainedScheduler as ChainedScheduler
from tenon.optim.lr_scheduler._compound import SequentialLR as SequentialLR
from tenon.optim.lr_scheduler._cosine import CosineAnnealingLR as CosineAnnealingLR
from tenon.optim.lr_scheduler._cosine import CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts
from tenon.optim.lr_scheduler._cycle import CyclicLR as CyclicLR
from tenon.optim.lr_scheduler._cycle import OneCycleLR as OneCycleLR
from tenon.optim.lr_scheduler._plateau import ReduceLROnPlateau as ReduceLROnPlateau
from tenon.optim.lr_scheduler._simple import ConstantLR as ConstantLR
from tenon.optim.lr_scheduler._simple import ExponentialLR as ExponentialLR
from tenon.optim.lr_scheduler._simple import LambdaLR as LambdaLR
from tenon.optim.lr_scheduler._simple import LinearLR as LinearLR
from tenon.optim.lr_scheduler._simple import MultiplicativeLR as MultiplicativeLR
from tenon.optim.lr_scheduler._simple import MultiStepLR as MultiStepLR
from tenon.optim.lr_scheduler._simple import PolynomialLR as PolynomialLR
from tenon.optim.lr_scheduler._simple import StepLR as StepLR

_LRScheduler = LRScheduler  # the name that older scripts subclass

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR",
    "ExponentialLR", "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR",
    "PolynomialLR", "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip

_guide(__name__)
