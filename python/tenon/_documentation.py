"""The documentation of operations, composed from their rows when it is asked for.

A row has a text of plain prose. Its sentences find their section by how they begin:

- ``dim: an int``, a name of an argument: Parameters. ``_arguments.py`` has what means the same everywhere.
- "A new tensor", "A view", "Returns": Returns. So does the end of a first line "...: a new tensor."
- a sentence that names an error ("ValueError for no elements."): Raises.
- ``>>> ...`` at the end: Examples. An elementwise row needs none: ``_examples.py`` makes it.
- all others stay what they are.
"""

from __future__ import annotations

import re
import textwrap

from tenon import _examples
from tenon._arguments import EVERYWHERE, ONE_DIMENSION, TYPES, raised

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from typing import Any

ERROR = re.compile(r"\b[A-Z]\w*Error\b")
_RETURNS = re.compile(
    r"(?:an?|one|two|new|all) (?:[\w-]+ ){0,4}?"
    r"(?:tensors?|views?|cop(?:y|ies)|tuple|dtype|list|handle|string)\b|"
    r"views?\b|copies\b|returns\b|the (?:tensor itself|result (?:is|has))\b",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:: |, as )((?:an?|the|one|two|new|views?)\b[^:]*\b(?:new|views?|cop(?:y|ies)|tensors?)\b.*)",
    re.IGNORECASE,
)
_MEMORY = re.compile(r"\b(views?|cop(y|ies)|new|shares?d?|itself|memory|in place|overwr\w+)\b", re.IGNORECASE)
_WIDTH = 100


def split_example(text: str) -> tuple[str, str]:
    """The prose, and the example at its end."""
    prose, mark, example = text.partition("\n\n>>> ")
    return prose, mark.lstrip("\n") + example


def sentences(paragraph: str, name: str) -> list[str]:
    """The sentences of a paragraph. name matches the names of arguments, which begin one in lower case."""
    return re.split(rf"(?<=[.!])\s+(?=[A-Z`'\"]|(?:{name})\b)", " ".join(paragraph.split()))


class Sections:
    """A text's sentences by section."""

    def __init__(self, text: str, names: list[str]) -> None:
        prose, self.example = split_example(text)
        self.parameters: dict[str, str] = {}
        self.returns: list[str] = []
        self.raises: dict[str, list[str]] = {}
        self.prose: list[str] = []
        first, _, rest = prose.partition("\n\n")
        self.summary = " ".join(first.split())
        tail = _TAIL.search(self.summary)
        if tail and not ERROR.search(self.summary):
            self.returns.append(_capital(tail[1]))
        name = "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)"
        listed = rf"(?:{name})(?:(?:, | and | or )(?:{name}))*"
        self._argument = re.compile(rf"({listed}): (.+)", re.DOTALL)
        self._next_argument = re.compile(rf"; (?={listed}: )")
        for paragraph in rest.split("\n\n"):
            if paragraph.startswith("    "):  # a table or a formula
                self.prose.append(paragraph)
                continue
            kept = [s for s in (self._placed(s) for s in sentences(paragraph, name)) if s]
            if kept:
                self.prose.append(" ".join(kept))
        if not self.returns:
            told = [s for s in [self.summary, *sentences(" ".join(self.prose), name)] if _MEMORY.search(s)]
            self.returns += told[:1]

    def _placed(self, sentence: str) -> str:
        """Puts a sentence where it belongs; returns what of it stays prose."""
        if self._argument.match(sentence):
            for part in self._next_argument.split(self._without_errors(sentence)):
                m = self._argument.match(part)
                assert m
                for name in re.split(r", | and | or ", m[1]):
                    self.parameters[name] = _capital(m[2].rstrip(".")) + "."
            return ""
        if ERROR.match(sentence):
            self._errors(sentence.rstrip("."))
            return ""
        sentence = self._without_errors(sentence)
        made = re.search(r"\binto (a new tensor(?: or out)?)", sentence)
        if made and not self.returns:
            self.returns.append(_capital(made[1]) + ".")
            return sentence
        if _RETURNS.match(sentence):
            self.returns.append(sentence)
            return ""
        return sentence

    def _errors(self, text: str, otherwise: str = "") -> None:
        """'ValueError for x, TypeError for y; IndexError and RuntimeError as z'; otherwise without one."""
        parts = [p.partition(" ") for p in re.split(r"(?:[,;]? and |[,;] | or )(?=[A-Z]\w*Error\b)", text)]
        for i, (kind, _, _) in enumerate(parts):
            cause = next((own.strip() for _, _, own in parts[i:] if own), otherwise)
            causes = self.raises.setdefault(kind.rstrip(",:"), [])
            if cause not in causes:
                causes.append(cause)

    def _without_errors(self, sentence: str) -> str:
        """The sentence without an error that it names aside, which goes to Raises.

        'Any dtype but float8 (TypeError).', 'Floats (TypeError for others).'
        """
        for m in re.finditer(r" \(([A-Z]\w*Error\b[^()]*)\)", sentence):
            kind, _, cause = m[1].partition(" ")
            without = re.search(r"\b(?:but|not|neither|never) ([^:.;()]+)$", sentence[: m.start()])
            if cause == "for others":
                about = self._argument.match(sentence)
                cause = f"for another {about[1].split()[0].rstrip(',')}" if about else "for other dtypes"
            elif not cause:
                about = self._argument.match(sentence)
                told = f"as {about[1]} says" if about else _small(sentence[: m.start()])
                cause = f"for {without[1]}" if without else told
            else:
                self._errors(m[1], _small(sentence[: m.start()]))
                continue
            self._errors(f"{kind} {cause}")
        sentence = re.sub(r" \([A-Z]\w*Error\b[^()]*\)", "", sentence)
        at_end = re.search(r"[:;,] (?:and )?([A-Z]\w*Error\b.*)", sentence)
        if at_end:
            self._errors(at_end[1].rstrip("."))
            return sentence[: at_end.start()] + "."
        within = ERROR.search(sentence)
        if within:
            self.raises.setdefault(within[0], []).append(_small(sentence.rstrip(".")))
        return sentence


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def readable(type_: str) -> str:
    """A type of the stub in words."""
    optional = type_.endswith(" | None")
    plain = type_.removesuffix(" | None")
    return TYPES.get(plain, plain.replace("_", "")) + (" or None" if optional else "")


def _type_of(p: inspect.Parameter, stub: str) -> str:
    text = readable(stub) if stub and stub != "Any" else EVERYWHERE.get(p.name, ("", ""))[0]
    if p.default is not p.empty and p.default is not None and p.default is not Ellipsis:
        text += f"{', ' if text else ''}default {p.default!r}"
    elif p.default is not p.empty:
        text += f"{', ' if text else ''}optional"
    return text


def _entries(title: str, lines: list[str]) -> str:
    return f"{title}\n{'-' * len(title)}\n" + "\n".join(lines)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )


class Documentation:
    """What is known of an operation: its sections, parameters and example."""

    def __init__(self, op: Any) -> None:
        import inspect

        self.op = op
        self.signature = inspect.signature(op)
        own, row, row_name, renamed = op._texts
        stub = {n: t for n, t, _ in op._types}
        names = list(self.signature.parameters)
        self.sections = Sections(own, names)
        shared = Sections(row, names) if row else None
        self.parameters: dict[str, str] = {}
        for name in names:
            texts = [self.sections.parameters, shared.parameters if shared else {}]
            for t in texts:
                if name in t:
                    self.parameters[name] = t[name]
                    break
            else:
                text = EVERYWHERE.get(renamed.get(name, name), ("", ""))[1]
                alone = name in ("dim", "axis") and stub.get(name) == "_int"
                self.parameters[name] = ONE_DIMENSION if alone else text
        self.returns = self.sections.returns or (shared.returns if shared else [])
        if op.__name__.endswith("_") and "Tensor" in op._returns:
            self.returns = ["The tensor itself, overwritten."]
        self.raises = dict(self.sections.raises or (shared.raises if shared else {}))
        given = list(self.signature.parameters.values())[op.__qualname__.startswith("Tensor.") :]
        types = [_type_of(p, stub.get(p.name, "")) for p in given]
        for error, text in raised(types).items():
            self.raises.setdefault(error, [text.rstrip(".")])
        self.example = self.sections.example
        if shared and self.example in ("", shared.example):
            self.example = _examples.renamed(op, row_name, shared.example)
        if not self.example:
            self.example = _examples.composed(op)

    def text(self) -> str:
        op = self.op
        stub = {n: t for n, t, _ in op._types}
        parts = [
            op.__name__ + op.__text_signature__,
            self.sections.summary,
            *map(self._paragraph, self.sections.prose),
        ]
        if self.signature.parameters:
            lines = []
            for p in self.signature.parameters.values():
                type_ = _type_of(p, stub.get(p.name, ""))
                lines.append(p.name + (f" : {type_}" if type_ else ""))
                if self.parameters[p.name]:
                    lines.append(_wrapped(self.parameters[p.name], "    "))
            parts.append(_entries("Parameters", lines))
        returned = [readable(op._returns), *(_wrapped(s, "    ") for s in self.returns)]
        parts.append(_entries("Returns", returned))
        if self.raises:
            lines = []
            for kind, texts in self.raises.items():
                lines += [kind, _wrapped(_capital("; ".join(dict.fromkeys(texts))) + ".", "    ")]
            parts.append(_entries("Raises", lines))
        if self.example:
            parts.append(_entries("Examples", [self.example.rstrip()]))
        return "\n\n".join(parts)

    @staticmethod
    def _paragraph(text: str) -> str:
        return text if text.startswith("    ") else _wrapped(text)


def of(op: Any) -> str:
    """The docstring of an operation, in NumPy's sections."""
    return Documentation(op).text()
