"""Formats of tensors beyond their repr: ``format()`` and notebooks."""

from __future__ import annotations

import html as _html

from tenon import _C
from tenon._C import Tensor


def format_tensor(t: Tensor, spec: str) -> str:
    """``f"{t:.2f}"`` for one element; without a spec, the number of a 0-d tensor and the repr of others."""
    if spec == "" and t.ndim > 0:
        return repr(t)
    if t.numel() != 1:
        raise TypeError(
            f"format: {spec!r} needs a tensor of one element; got shape {t.shape}, use set_printoptions"
        )
    return format(t.item(), spec)


def _number(v: object, precision: int) -> str:
    return format(v, f".{precision}g") if isinstance(v, float) else str(v)


def _shown(size: int, edge: int, limit: int) -> list[int | None]:
    """Indices to show; None for what is left out."""
    if size <= limit or size <= 2 * edge:
        return list(range(size))
    return [*range(edge), None, *range(size - edge, size)]


def html(t: Tensor) -> str:
    """A table for matrices and vectors, the repr for other tensors, with shape, dtype and device below."""
    about = f"shape {t.shape}, {t.dtype.name}, {t.device}" + (", requires grad" if t.requires_grad else "")
    caption = f"<small>{_html.escape(about)}</small>"
    if t.ndim not in (1, 2) or t.numel() == 0:
        return f"<div><pre>{_html.escape(repr(t))}</pre>{caption}</div>"
    options = _C.get_printoptions()
    matrix = t.detach() if t.ndim == 2 else t.detach().unsqueeze(0)
    edge = max(int(options["edgeitems"]), 1)
    limit = max(matrix.shape) if matrix.numel() <= options["threshold"] else 2 * edge
    columns = _shown(matrix.shape[1], edge, limit)
    lines = []
    for i in _shown(matrix.shape[0], edge, limit):
        cells = [
            "…" if i is None or j is None else _number(matrix[i, j].item(), options["precision"])
            for j in columns
        ]
        lines.append("<tr>" + "".join(f"<td>{_html.escape(c)}</td>" for c in cells) + "</tr>")
    return f"<div><table>{''.join(lines)}</table>{caption}</div>"
