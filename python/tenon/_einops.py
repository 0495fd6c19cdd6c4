"""einops on tensors: its functions find a library's tensors by the subclasses of its AbstractBackend."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Makes the backend known: for einops, defining the class is all that it takes."""
    from einops._backends import AbstractBackend

    import tenon

    class TenonBackend(AbstractBackend):
        framework_name = "tenon"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, tenon.Tensor)

        def from_numpy(self, x: Any) -> Any:
            return tenon.from_numpy(x)

        def to_numpy(self, x: Any) -> Any:
            return x.detach().cpu().numpy()

        def arange(self, start: int, stop: int) -> Any:
            return tenon.arange(start, stop)

        def reduce(self, x: Any, operation: str, axes: Any) -> Any:
            names = {"min": "amin", "max": "amax", "sum": "sum", "mean": "mean", "prod": "prod"}
            names |= {"any": "any", "all": "all"}
            if operation in ("prod", "any", "all"):  # of one dimension at a time, the last one first
                for axis in sorted(axes, reverse=True):
                    x = getattr(x, operation)(dim=axis)
                return x
            return getattr(tenon, names[operation])(x, dim=tuple(axes))

        def transpose(self, x: Any, axes: Any) -> Any:
            return x.permute(axes)

        def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
            return tenon.stack(tensors)

        def add_axes(self, x: Any, n_axes: int, pos2len: dict[int, int]) -> Any:
            sizes = [-1] * n_axes
            for position, length in pos2len.items():
                x = x.unsqueeze(position)
                sizes[position] = length
            return x.expand(*sizes)

        def tile(self, x: Any, repeats: Any) -> Any:
            return x.repeat(*repeats)

        def concat(self, tensors: list[Any], axis: int) -> Any:
            return tenon.cat(tensors, dim=axis)

        def add_axis(self, x: Any, new_position: int) -> Any:
            return x.unsqueeze(new_position)

        def is_float_type(self, x: Any) -> bool:
            return bool(x.is_floating_point())

        def einsum(self, pattern: str, *x: Any) -> Any:
            return tenon.einsum(pattern, *x)

    # einops keeps no reference to the class: __subclasses__ is weak.
    register.backend = TenonBackend  # type: ignore[attr-defined]
