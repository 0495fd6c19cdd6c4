"""Where NumPy keeps stride_tricks: libraries ask an array's namespace for it (xarray's rolling windows)."""

from tenon._names import guide as _guide
from tenon.numpy.lib import stride_tricks as stride_tricks

__all__ = ["stride_tricks"]
_guide(__name__)
