"""Signatures for ``inspect.signature``, which is imported on first need only."""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes 10 ms to import
if TYPE_CHECKING:
    import inspect


def parse(text: str) -> inspect.Signature:
    """The signature that a text such as ``(input, dim=None, *, out=None)`` stands for."""
    import inspect

    namespace: dict[str, object] = {}
    exec(f"def f{text}: ...", {"__builtins__": {}}, namespace)
    return inspect.signature(namespace["f"])  # type: ignore[arg-type]


class Signature:
    """The ``__signature__`` of a class without a text of its own."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        return parse(self.text)
