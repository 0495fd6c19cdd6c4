"""Anomaly mode: errors and NaNs in backward() name the line of the forward pass that they come from."""

from __future__ import annotations

from tenon import _C
from tenon._names import guide as _guide

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class detect_anomaly:
    """Within the block, an error in backward() says where the operation was called whose gradient failed.

    The error carries the Python stack of that call as a note, which a traceback shows and which stands in
    ``error.__notes__``. NaN gradients are errors, and so is a loss that is NaN: that error names the first
    operation whose result was NaN. The forward pass has to run within the block, too. Both are slow: this is
    for debugging.

    Parameters:
        check_nan: False looks for no NaNs.

    Example:
        >>> x = tenon.tensor([-1.0], requires_grad=True)
        >>> with tenon.autograd.detect_anomaly():
        ...     try:
        ...         tenon.sqrt(x).sum().backward()
        ...     except RuntimeError as error:
        ...         print(error, error.__notes__[0].splitlines()[0], sep="\\n")
        backward: the loss is NaN; the first operation whose result was NaN is sqrt
        Error detected in sqrt. Traceback of forward call that caused the error:
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = bool(check_nan)
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((_C.is_anomaly_enabled(), _C.is_anomaly_check_nan_enabled()))
        _C._set_anomaly_mode(True, self.check_nan)

    def __exit__(self, *_: object) -> None:
        _C._set_anomaly_mode(*self._before.pop())


class set_detect_anomaly:
    """Turns anomaly mode on or off at once, for all threads; as a context manager, until the block ends.

    Parameters:
        mode: True turns it on.
        check_nan: False looks for no NaNs.

    Example:
        >>> with tenon.autograd.set_detect_anomaly(True):
        ...     tenon.is_anomaly_enabled()
        True
        >>> tenon.is_anomaly_enabled()
        False
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = (_C.is_anomaly_enabled(), _C.is_anomaly_check_nan_enabled())
        _C._set_anomaly_mode(bool(mode), bool(check_nan))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        _C._set_anomaly_mode(*self._before)


def _describe(operations: list[tuple[str, bool, list[tuple[str, int, str]]]]) -> str:
    """The note of an error: the failing operation, then those whose gradients recorded it."""
    import traceback  # importing tenon does not need it

    text = []
    for i, (op, known, frames) in enumerate(operations):
        if not known:
            text.append(
                f"Error detected in {op}. It was recorded before anomaly mode was on: run the forward pass "
                "within detect_anomaly(), too, to see where."
            )
            continue
        head = (
            f"Error detected in {op}. Traceback of forward call that caused the error:"
            if i == 0
            else f"It was recorded by the gradient of {op}. Traceback of forward call that induced it:"
        )
        lines = [traceback.FrameSummary(*frame) for frame in frames]
        text.append(head + "\n" + "".join(traceback.StackSummary.from_list(lines).format()).rstrip("\n"))
    return "\n\n".join(text)


_guide(__name__)
