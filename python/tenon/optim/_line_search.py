"""A line search for the strong Wolfe conditions: a bracket, then cubic interpolation in it."""

from __future__ import annotations

import math

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable

    from tenon._C import Tensor

_DECREASE = 1e-4  # the loss falls by this share of what the slope at the start promises
_CURVATURE = 0.9  # the slope falls to this share of that at the start
_TOLERANCE = 1e-9  # shorter brackets are not divided


class Point:
    """A place on the line: how far it is, the loss there, its gradient and the slope along the line."""

    __slots__ = ("gradient", "loss", "slope", "t")

    def __init__(self, t: float, loss: float, gradient: Tensor, slope: float) -> None:
        self.t = t
        self.loss = loss
        self.gradient = gradient
        self.slope = slope


def _cubic(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic with the losses and slopes of two points is least, in bounds or between them."""
    a, b = (a, b) if a.t <= b.t else (b, a)
    low, high = bounds or (a.t, b.t)
    bend = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = bend**2 - a.slope * b.slope
    if square >= 0:
        root = math.sqrt(square)
        scale = b.slope - a.slope + 2 * root
        if scale != 0:
            return min(max(b.t - (b.t - a.t) * ((b.slope + root - bend) / scale), low), high)
    return (low + high) / 2


def strong_wolfe(
    evaluate: Callable[[float], Point], t: float, start: Point, reach: float, limit: int
) -> tuple[Point, int]:
    """The point that is stepped to, and how often evaluate() was called.

    start: where t is 0. reach: the largest element of the direction. limit: of the calls.
    """

    def too_high(p: Point) -> bool:
        return p.loss > start.loss + _DECREASE * p.t * start.slope

    def is_flat(p: Point) -> bool:
        return abs(p.slope) <= -_CURVATURE * start.slope

    before, here = start, evaluate(t)
    calls = 1
    while calls <= limit:
        if too_high(here) or (calls > 2 and here.loss >= before.loss):
            break
        if is_flat(here):
            return here, calls
        if here.slope >= 0:
            break
        bounds = (here.t + 0.01 * (here.t - before.t), here.t * 10)
        before, here = here, evaluate(_cubic(before, here, bounds))
        calls += 1
    else:
        before = start
    low, high = (before, here) if before.loss <= here.loss else (here, before)
    near_end = False
    while calls <= limit and abs(high.t - low.t) * reach >= _TOLERANCE:
        t = _cubic(low, high)
        # Too near to an end twice, or on it, is no progress: then a tenth of the way from it.
        left, right = min(low.t, high.t), max(low.t, high.t)
        tenth = 0.1 * (right - left)
        is_near = min(right - t, t - left) < tenth
        if is_near and (near_end or t >= right or t <= left):
            t = right - tenth if abs(t - right) < abs(t - left) else left + tenth
            is_near = False
        near_end = is_near
        here = evaluate(t)
        calls += 1
        if too_high(here) or here.loss >= low.loss:
            low, high = (low, here) if low.loss <= here.loss else (here, low)
        elif is_flat(here):
            return here, calls
        else:
            low, high = here, low if here.slope * (high.t - low.t) >= 0 else high
    return low, calls
