"""Half precision on devices, under PyTorch's older names: tenon.amp has the same for each kind of device."""

from __future__ import annotations

from tenon._autocast import autocast as _autocast
from tenon._autocast import custom_bwd as custom_bwd
from tenon._autocast import custom_fwd as custom_fwd
from tenon._names import guide as _guide
from tenon.amp import GradScaler as _GradScaler

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._C import dtype as _dtype

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


class autocast(_autocast):
    """tenon.autocast("cuda"): within the block, operations choose the dtype that they compute in.

    Parameters:
        enabled: False turns it off within the block.
        dtype: float16 (the default) or bfloat16.
        cache_enabled: taken as PyTorch's.

    Example:
        >>> with tenon.cuda.amp.autocast(enabled=False):
        ...     y = tenon.ones(2)
    """

    def __init__(
        self, enabled: bool = True, dtype: _dtype | None = None, cache_enabled: bool | None = None
    ) -> None:
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(_GradScaler):
    """tenon.amp.GradScaler("cuda"): a factor on the loss that keeps small gradients from becoming 0.

    Parameters:
        init_scale: the first factor of the loss.
        growth_factor: by what the factor grows after growth_interval steps without an overflow; more than 1.
        backoff_factor: by what it is multiplied after an overflow; less than 1.
        growth_interval: how many steps without an overflow are waited for.
        enabled: False makes scale() return its argument, and step() the optimizer's.

    ValueError for other factors.

    Example:
        >>> tenon.cuda.amp.GradScaler(enabled=False).is_enabled()
        False
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)


_guide(__name__)
