#!/usr/bin/env python3
"""Writes the reference, a Markdown page for each public module, from the docstrings of the built package.

    PYTHONPATH=build/release/python python -P python/make_reference.py [FOLDER]

FOLDER is build/reference unless given. Nothing of it is committed: the rows and docstrings are the source.
"""

from __future__ import annotations

import importlib
import inspect
import pathlib
import sys
import types

import tenon
from tenon._names import MODULES


def public(owner: object) -> dict[str, object]:
    """The names that a user calls or reads, without modules, constants and dtypes."""
    get = inspect.getattr_static if isinstance(owner, type) else getattr
    found = {n: get(owner, n) for n in dir(owner) if not n.startswith("_")}
    return {
        n: f
        for n, f in found.items()
        if (callable(f) or inspect.isgetsetdescriptor(f))
        and not isinstance(f, (types.ModuleType, tenon.dtype))
    }


def page(title: str, owner: object) -> str:
    parts = [f"# {title}", inspect.getdoc(owner) or ""]
    for name, f in public(owner).items():
        parts.append(f"## {title}.{name}\n\n```text\n{inspect.getdoc(f)}\n```")
    return "\n\n".join(parts) + "\n"


def write(folder: pathlib.Path) -> list[str]:
    """Writes all pages; returns their titles."""
    folder.mkdir(parents=True, exist_ok=True)
    owners = {name: importlib.import_module(name) for name in MODULES} | {"tenon.Tensor": tenon.Tensor}
    for title, owner in owners.items():
        (folder / f"{title}.md").write_text(page(title, owner), encoding="utf-8")
    links = "".join(f"- [{title}]({title}.md)\n" for title in owners)
    (folder / "README.md").write_text(
        f"# Reference of tenon {tenon.__version__}\n\n{links}", encoding="utf-8"
    )
    return list(owners)


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/reference"))
