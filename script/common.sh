# Sourced by every script: where we are, one line per step, and the build.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# PYTHON=python3.14t script/test: another interpreter, with a .venv and builds of its own.
suffix=${PYTHON:+-${PYTHON##*/}}
venv=.venv$suffix
python=$venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

step() { printf '==> %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The comment block at the head of a script is its help.
help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "script/${0##*/}"; exit 0; }

# Runs a command silently; its output is shown only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; return; fi
  cat "$log" >&2
  rm -f "$log"
  fail "this failed: $*"
}

# build NAME [-DOPTION=…]: configures and compiles build/NAME, or of it only $target.
build() {
  local dir=build/$1$suffix
  shift
  step "build $dir${target:+ ($target)}"
  quietly cmake -S . -B "$dir" -G Ninja -DPython_EXECUTABLE="$PWD/$python" "$@"
  quietly cmake --build "$dir" ${target:+--target "$target"}
}

# What a wheel of libtenon_cuda.so may take, and that it needs no library which a GPU's driver brings.
check_cuda_library() {
  local size needed
  size=$(stat -c %s "$1")
  step "$1 has $size bytes"
  ((size <= 16 * 1024 * 1024)) || fail "$1 has more than 16 MB"
  needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -vE '^(libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|ld-linux-x86-64|ld-linux-aarch64)\.so' || true)
  [[ -z $needed ]] || fail "$1 needs" "$needed"
}

# What a device must pass, the walk of the table and of the layers: walk_device command...
walk_device() {
  "$@" "$python" -m pytest -q -m 'not slow' -k 'cuda or device' \
    tests/python/test_{table,table_reductions,nn_device,nn_device_edges,nn_device_training}.py
}

# Layers on a device beside PyTorch's, where that is installed (5: nothing to run): compare_layers command...
compare_layers() {
  "$@" TENON_TEST_DEVICE=cuda "$python" -m pytest -q -m 'not slow' \
    tests/python/test_nn_{functional,modules,attention}.py || (($? == 5))
}
