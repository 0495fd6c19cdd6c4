"""The built libraries bear the marks of hardening, read from their ELF headers."""

import struct
from pathlib import Path

import pytest
import tenon

# What this process has loaded: of the build, or of the wheel.
LIBRARIES = sorted(
    {
        Path(line.split(maxsplit=5)[5].strip())
        for line in Path("/proc/self/maps").read_text().splitlines()
        if "/libtenon." in line or "/tenon/_C." in line
    }
)

PT_LOAD, PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 0x6474E551, 0x6474E552
DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_TEXTREL, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1 = (
    5,
    6,
    10,
    22,
    24,
    30,
    0x6FFFFFFB,
)
EXECUTE, WRITE = 1, 2


class Elf:
    """The segments, the dynamic section and the names of its symbols, of 64 bits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        data = path.read_bytes()
        assert data[:5] == b"\x7fELF\x02"
        (start,) = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        # (kind, flags, offset, address, bytes in the file)
        self.segments = [
            (kind, flags, offset, address, length)
            for kind, flags, offset, address, _, length in (
                struct.unpack_from("<IIQQQQ", data, start + i * size) for i in range(count)
            )
        ]
        _, _, offset, _, length = next(s for s in self.segments if s[0] == PT_DYNAMIC)
        self.dynamic: dict[int, int] = {}
        for i in range(offset, offset + length, 16):
            tag, value = struct.unpack_from("<QQ", data, i)
            self.dynamic.setdefault(tag, value)
        names = self.at(self.dynamic[DT_STRTAB])
        text = data[names : names + self.dynamic[DT_STRSZ]]
        self.names = {name.decode() for name in text.split(b"\0")}

    def at(self, address: int) -> int:
        """Where the bytes of an address stand in the file."""
        return next(
            offset + address - start
            for kind, _, offset, start, length in self.segments
            if kind == PT_LOAD and start <= address < start + length
        )


@pytest.fixture(params=LIBRARIES, ids=lambda p: p.name.split(".")[0])
def elf(request: pytest.FixtureRequest) -> Elf:
    e = Elf(request.param)
    if any(name.startswith(("__asan_", "__tsan_")) for name in e.names):
        pytest.skip("a build with a sanitizer, which checks more than hardening does")
    return e


def test_both_libraries_are_looked_at() -> None:
    assert tenon.zeros(1).is_cpu
    assert {"_C", "libtenon"} == {p.name.split(".")[0] for p in LIBRARIES}


def test_nothing_is_writable_and_executable(elf: Elf) -> None:
    stack = [s for s in elf.segments if s[0] == PT_GNU_STACK]
    assert stack and not stack[0][1] & EXECUTE
    assert not [s for s in elf.segments if s[0] == PT_LOAD and s[1] & EXECUTE and s[1] & WRITE]
    assert DT_TEXTREL not in elf.dynamic and not elf.dynamic.get(DT_FLAGS, 0) & 4


def test_tables_of_addresses_are_read_only(elf: Elf) -> None:
    """All symbols are found at the start, and what holds their addresses is then protected."""
    assert [s for s in elf.segments if s[0] == PT_GNU_RELRO]
    now = DT_BIND_NOW in elf.dynamic or elf.dynamic.get(DT_FLAGS, 0) & 8 or elf.dynamic.get(DT_FLAGS_1, 0) & 1
    assert now


def test_smashed_stacks_and_overflows_end_the_process(elf: Elf) -> None:
    assert "__stack_chk_fail" in elf.names
    # FORTIFY calls __snprintf_chk and its like instead; the binding has nothing that it can check.
    assert not {"sprintf", "snprintf", "vsnprintf", "fprintf", "strcpy", "strcat"} & elf.names
    assert "_C" in elf.path.name or any(n.startswith("__") and n.endswith("_chk") for n in elf.names)
