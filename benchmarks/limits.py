"""What the machine can do at most, measured in the same run: bandwidths and GEMM speed."""

import ctypes
import math
import mmap
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MB = 1 << 20
SIZES = (256 << 10, 4 * MB, 64 * MB, 256 * MB)  # bytes of one array: about L2, L3, memory twice
ARRAYS = {"read": 1, "copy": 2}  # that a stream goes through
GEMM_SIZES = (256, 512, 1024)

libc = ctypes.CDLL(None)
libc.memcpy.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
libc.memchr.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)


@dataclass(frozen=True)
class Limits:
    read: dict[int, float]  # bytes/s by array size
    copy: dict[int, float]  # bytes/s, read + written
    gemm: float  # flop/s in float32, the best that a BLAS reached

    def seconds(self, kind: str, bytes: float, flops: float) -> float:
        """The least time for so many bytes or flops; 0 where a row names neither."""
        if not bytes:
            return flops / self.gemm
        bandwidth = getattr(self, kind)
        nearest = min(bandwidth, key=lambda size: abs(math.log(bytes / (ARRAYS[kind] * size))))
        return max(bytes / bandwidth[nearest], flops / self.gemm)


def buffer(size: int) -> mmap.mmap:
    """Zeroed memory in 2 MB pages where there are any."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    for offset in range(0, size, 4096):
        memory[offset] = 0
    return memory


def address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def parallel_seconds(work: Callable[[int], object], threads: int) -> float:
    """Wall seconds of `work(i)` on so many threads that start together; ctypes releases the GIL."""
    barrier = threading.Barrier(threads + 1)

    def run(i: int) -> None:
        barrier.wait()
        work(i)
        barrier.wait()

    for i in range(threads):
        threading.Thread(target=run, args=(i,)).start()
    barrier.wait()
    start = time.perf_counter()
    barrier.wait()
    return time.perf_counter() - start


def stream(kind: str, size: int, threads: int) -> Callable[[int], float]:
    """The seconds of n times libc's memcpy of so many bytes, or memchr, which reads all and finds nothing."""
    source, target = buffer(size), buffer(size if kind == "copy" else mmap.PAGESIZE)
    src, dst = address(source), address(target)
    part = size // threads

    def copy(i: int) -> None:
        libc.memcpy(dst + i * part, src + i * part, part)

    def read(i: int) -> None:
        libc.memchr(src + i * part, 1, part)

    once = copy if kind == "copy" else read

    def repeated(n: int, memory: object = (source, target)) -> float:  # which lives as long as this
        return parallel_seconds(lambda i: [once(i) for _ in range(n)], threads)

    return repeated


def bandwidth(kind: str, size: int, threads: int, quick: bool) -> float:
    """Bytes per second, read and written, where nothing else uses the caches meanwhile."""
    repeat = max(1, (64 if quick else 512) * MB // size)
    seconds = stream(kind, size, threads)
    median = statistics.median(seconds(repeat) for _ in range(3 if quick else 7))
    return size * repeat * ARRAYS[kind] / median


def gemm(quick: bool) -> float:
    """Flops per second of the best float32 matmul that NumPy's or PyTorch's BLAS shows."""
    best = 0.0
    for n in GEMM_SIZES:
        a = np.random.default_rng(0).random((n, n), np.float32)
        products = [(np.matmul, a, np.empty_like(a))]
        try:
            import torch

            products.append((torch.mm, torch.from_numpy(a), torch.empty(n, n)))
        except ImportError:
            pass
        for matmul, x, out in products:
            seconds = []
            for _ in range(5 if quick else 20):
                start = time.perf_counter()
                matmul(x, x, out=out)
                seconds.append(time.perf_counter() - start)
            best = max(best, 2 * n**3 / min(seconds))
    return best


def measure_limits(threads: int, quick: bool) -> Limits:
    return Limits(
        read={size: bandwidth("read", size, threads, quick) for size in SIZES},
        copy={size: bandwidth("copy", size, threads, quick) for size in SIZES},
        gemm=gemm(quick),
    )
