"""Signatures of tenon's operations for ``inspect.signature`` (imported on first need only)."""

import inspect


def parse(text: str) -> inspect.Signature:
    """The signature that a text such as ``(input, dim=None, *, out=None)`` stands for."""
    namespace: dict[str, object] = {}
    exec(f"def f{text}: ...", {"__builtins__": {}}, namespace)
    return inspect.signature(namespace["f"])  # type: ignore[arg-type]
