"""What the runners' environment asks of the tests."""

import os
import sys


class NoPolars:
    """Polars crashes when it is loaded under ThreadSanitizer, since it brings an allocator of its own."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "polars":
            raise ModuleNotFoundError("polars is not loaded under ThreadSanitizer", name=name)


if "libtsan" in os.environ.get("LD_PRELOAD", ""):
    sys.meta_path.insert(0, NoPolars())
