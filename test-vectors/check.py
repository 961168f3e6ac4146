#!/usr/bin/env python3
"""Verifies the test vectors from the specification alone, without the Rust library.

    python3 test-vectors/check.py              verify every *.json beside this file
    python3 test-vectors/check.py --self-test  also alter every vector and require that verification then fails

Needs Python 3.9 or later. The first run makes a virtual environment in test-vectors/.venv.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
REQUIREMENTS = HERE / "requirements.txt"
STAMP = VENV / "requirements.sha256"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint() -> str:
    version = "{}.{}".format(*sys.version_info[:2])
    return hashlib.sha256(REQUIREMENTS.read_bytes() + version.encode()).hexdigest()


def is_ready() -> bool:
    # `exists` follows links, so it also notices that the interpreter behind the environment is gone.
    return PYTHON.exists() and STAMP.is_file() and STAMP.read_text().strip() == fingerprint()


def make_environment() -> None:
    print(f"making {VENV} …", file=sys.stderr, flush=True)
    venv.EnvBuilder(clear=True, with_pip=True).create(VENV)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    result = subprocess.run([*pip, "--requirement", str(REQUIREMENTS)])
    if result.returncode != 0:
        sys.exit("check.py: pip could not install requirements.txt, see above; this needs access to a package index")
    STAMP.write_text(fingerprint() + "\n")


def main() -> int:
    if Path(sys.prefix).resolve() != VENV.resolve():
        if not is_ready():
            make_environment()
        command = [str(PYTHON), str(Path(__file__).resolve()), *sys.argv[1:]]
        if os.name == "nt":  # execv there does not wait for the new process
            return subprocess.run(command).returncode
        os.execv(command[0], command)
    if not is_ready():
        sys.exit(f"check.py: {VENV} is out of date; run with the system's Python, which makes it anew")

    from check.spec import Malformed

    try:
        from check import runner
    except Malformed as fault:
        sys.exit(f"check.py: {fault}")
    return runner.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
