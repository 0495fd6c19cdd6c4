"""The border's public names, as ``tenon/__init__.py`` exports them. Imports nothing that ``import tenon``
must not.
"""

from __future__ import annotations

from tenon._border import (
    Explanation,
    explain,
    from_struct,
    no_copies,
    numpy_policy,
    record_copies,
    show_config,
)
from tenon._C import from_dlpack
from tenon._checkpoint import load, save
from tenon._io import (
    load_npy,
    load_npz,
    load_safetensors,
    npz_names,
    read_csv,
    save_npy,
    save_npz,
    save_safetensors,
)

__all__ = [
    "Explanation",
    "explain",
    "from_dlpack",
    "from_struct",
    "load",
    "load_npy",
    "load_npz",
    "load_safetensors",
    "no_copies",
    "npz_names",
    "numpy_policy",
    "read_csv",
    "record_copies",
    "save",
    "save_npy",
    "save_npz",
    "save_safetensors",
    "show_config",
]
