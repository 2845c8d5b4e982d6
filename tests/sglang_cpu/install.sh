#!/usr/bin/env bash
# Install SGLang for a CPU into the folder named as the first argument (see README.md). `make sglang-cpu` calls it.
set -euo pipefail
venv=$1
here=$(cd "$(dirname "$0")" && pwd)

install() {
    rm -rf "$venv"
    "${PYTHON:-python3}" -m venv "$venv"
    # torch with what its build needs: nothing more for the CPU build, CUDA's libraries where only that one is found.
    pip --constraint "$here/requirements.txt" torch
    # All else without dependencies: the pins are complete, and SGLang's own ask for gigabytes of CUDA.
    pip --no-deps --requirement "$here/requirements.txt"
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
    cp "$here/sglang_stand_ins.py" "$site"
    echo "import sglang_stand_ins" >"$site/sglang_stand_ins.pth"
    SGLANG_USE_CPU_ENGINE=1 "$venv/bin/python" -W ignore -c "import sglang.srt.entrypoints.http_server"
}

pip() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# Not `install || ...`: that would switch off `set -e` inside.
trap '[ $? = 0 ] || echo "SGLang for a CPU could not be installed into $venv; the tests that need it will be skipped." >&2' EXIT
install
