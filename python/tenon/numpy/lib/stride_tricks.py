"""Windows that slide along dimensions, as views."""

from tenon import _C
from tenon._names import guide as _guide

sliding_window_view = _C._numpy_names["tenon.numpy"]["sliding_window_view"]

__all__ = ["sliding_window_view"]
_guide(__name__)
