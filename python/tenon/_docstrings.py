"""Docstrings of Python functions, composed: what means the same everywhere stands once.

A text is a first line, prose, and lines that begin with a label:

- ``dim: ``, one parameter or several with commas. A parameter without a line has that of ``_arguments.py``.
- ``Returns: ``, and ``ValueError: ``, the name of an error.
- ``>>> ``: the example, to the end.

Lines without a label go on with the one before. Functions that have something in common share a text:
``@documented(SQUARE, LAPACK)``. A function's own line goes before a shared one; an empty one leaves it out.
"""

from __future__ import annotations

from tenon._arguments import EVERYWHERE, ONE_DIMENSION, TYPES, raised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


_WIDTH = 100


class _Text:
    """A text by section. names: the labels that are parameters; None for a shared text, all labels."""

    def __init__(self, text: str, names: tuple[str, ...] | None) -> None:
        self.labelled: dict[str, str] = {}
        self.prose: list[str] = []
        told, mark, example = text.strip().partition(">>> ")
        self.example = mark + example.replace("\n    ", "\n")
        for paragraph in told.strip().split("\n\n"):
            labels: list[str] = []
            for line in map(str.strip, paragraph.split("\n")):
                label, colon, rest = line.partition(":")
                listed = label.split(", ")
                if colon and (
                    names is None or label == "Returns" or _is_error(label) or all(n in names for n in listed)
                ):
                    labels = listed
                    self.labelled.update(dict.fromkeys(labels, rest.strip()))
                elif labels:
                    self.labelled.update({n: f"{self.labelled[n]}\n{line}" for n in labels})
                else:
                    self.prose.append(line)
            if not labels:
                self.prose.append("")


def _is_error(label: str) -> bool:
    return label.endswith(("Error", "Exception")) and label.isidentifier()


def _entry(head: str, text: str) -> str:
    """A head, and the text below it, filled. To import textwrap takes longer than to compose all texts."""
    lines = [head]
    for word in text.split():
        if len(lines) > 1 and len(lines[-1]) + len(word) < _WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f"    {word}")
    return "\n".join(lines)


def _section(title: str, entries: list[str]) -> str:
    return f"{title}\n{'-' * len(title)}\n" + "\n".join(entries)


def _kind(name: str, annotation: str) -> str:
    plain = annotation.removesuffix(" | None")
    return (
        EVERYWHERE.get(name, ("", ""))[0]
        if plain == "Any"
        else TYPES.get(f"_{plain}", TYPES.get(plain, plain))
    )


def _parameter(name: str, annotation: str, default: str, text: str | None) -> str:
    everywhere = EVERYWHERE.get(name, ("", ""))[1]
    if name in ("axis", "dim") and annotation == "int":
        everywhere = ONE_DIMENSION
    kind = ", ".join(filter(None, (_kind(name, annotation), default)))
    return _entry(f"{name} : {kind}" if kind else name, everywhere if text is None else text)


def documented(*shared: str) -> Callable[[F], F]:
    """A decorator that composes a function's docstring from its own text and the shared ones."""

    def compose(f: F) -> F:
        if f.__doc__ is None:  # python -OO
            return f
        code, annotations = f.__code__, f.__annotations__
        count = code.co_argcount + code.co_kwonlyargcount
        names = code.co_varnames[:count]
        starred = code.co_varnames[count:][: bool(code.co_flags & 4) + bool(code.co_flags & 8)]
        if code.co_flags & 4:  # *args, which stand before the keywords
            names = (*names[: code.co_argcount], starred[0], *names[code.co_argcount :])
        if code.co_flags & 8:  # **kwargs
            names += (starred[-1],)
        given = f.__defaults__ or ()
        defaults = dict(zip(names[code.co_argcount - len(given) :], given, strict=False))
        defaults.update(f.__kwdefaults__ or {})
        own = _Text(f.__doc__, names)
        told = dict(own.labelled)
        for text in shared:
            for label, words in _Text(text, None).labelled.items():
                told.setdefault(label, words)
        parts = ["\n".join(own.prose).strip()]
        entries = []
        for name in names:
            default = ""
            if name in defaults:
                default = "optional" if defaults[name] is None else f"default {defaults[name]!r}"
            entries.append(_parameter(name, annotations[name], default, told.get(name)))
        if entries:
            parts.append(_section("Parameters", entries))
        kind: str = annotations["return"]
        returned = "Tensor" if kind == "Any" else TYPES.get(kind, kind)
        parts.append(_section("Returns", [_entry(returned, told.get("Returns", ""))]))
        for error, words in raised([_kind(name, annotations[name]) for name in names]).items():
            told.setdefault(error, words)
        errors = [_entry(label, words) for label, words in told.items() if words and _is_error(label)]
        if errors:
            parts.append(_section("Raises", errors))
        f.__doc__ = "\n\n".join([*parts, _section("Examples", [own.example])])
        return f

    return compose
