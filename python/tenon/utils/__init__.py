"""Around training: data sets and their loaders, summaries of models, weights from and to torch."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.utils._summary import ModelSummary, summary
from tenon.utils._torch_state import from_torch_state_dict, to_torch_state_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tenon.utils import checkpoint as checkpoint
    from tenon.utils import data as data
    from tenon.utils import dlpack as dlpack

__all__ = [
    "ModelSummary",
    "checkpoint",
    "data",
    "dlpack",
    "from_torch_state_dict",
    "summary",
    "to_torch_state_dict",
]


def __getattr__(name: str) -> object:
    if name in ("checkpoint", "data", "dlpack"):  # data brings what starts processes
        import importlib

        return importlib.import_module(f"tenon.utils.{name}")
    from tenon._names import missing

    raise missing("tenon.utils", name)


_guide(__name__)
