"""The peak memory of the training steps of bench_training.py, beside PyTorch's.

Each model, optimizer and library has a process of its own. The figure is what the resident set of the process
reached in five steps, above what it was after the library was imported and had run once: parameters, their
gradients, the optimizer's state, activations, what the allocator keeps.
"""

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LIBRARIES = ("tenon", "torch")
OPTIMIZERS = ("SGD", "AdamW")
STEPS = 5


def status(field: str) -> int:
    """A field of the process's status, in bytes."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(field))


def measure(title: str, optimizer: str, library: str) -> int:
    from bench_training import MODELS

    xp = importlib.import_module(library)
    importlib.import_module(f"{library}.nn")
    xp.set_num_threads(2)
    warm = xp.nn.Linear(2, 2)
    xp.nn.functional.cross_entropy(warm(xp.ones(2, 2)), xp.tensor([0, 1])).backward()
    getattr(xp.optim, optimizer)(warm.parameters(), lr=0.1).step()
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
    before = status("VmRSS")
    model, x, y = MODELS[title][0](xp)
    steps = getattr(xp.optim, optimizer)(model.parameters(), lr=1e-3)
    for _ in range(STEPS):
        loss = xp.nn.functional.cross_entropy(model(x), y)
        steps.zero_grad()
        loss.backward()
        steps.step()
    return status("VmHWM") - before


def peaks(text: str = "") -> list[dict[str, Any]]:
    """Prints a line for each model and optimizer whose "memory/name" contains text; the bytes by library."""
    from bench_training import MODELS

    rows: list[dict[str, Any]] = []
    for title in MODELS:
        for optimizer in OPTIMIZERS:
            name = f"{title}, {optimizer}"
            if text not in f"memory/{name}":
                continue
            if not rows:
                print(f"\n{'peak of a training step':54} {'tenon':>9} {'torch':>9}  of torch", flush=True)
            found: dict[str, int] = {}
            for library in LIBRARIES:
                if importlib.util.find_spec(library):
                    arguments = [sys.executable, __file__, json.dumps([title, optimizer, library])]
                    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
                    found[library] = int(done.stdout)
            columns = [f"{found[n] / 1e6:6.1f} MB" if n in found else f"{'-':>9}" for n in LIBRARIES]
            share = f"{found['tenon'] / found['torch']:.2f}x" if len(found) == 2 else "-"
            print(f"{name:54} {columns[0]} {columns[1]}  {share}", flush=True)
            rows.append({"group": "memory", "name": name, "bytes": found})
    return rows


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(*json.loads(sys.argv[1])))
    else:
        peaks()
