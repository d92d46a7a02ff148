"""The compiled module, kept in the user's cache folder: compiling takes seconds, taking it up again milliseconds.

What lies there is machine code, so a file counts only if it and its folder are this user's and nobody else's.
"""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from ._engine import VERSION, Engine, EngineError, Module

DIGEST_SIZE = 32


def load(engine: Engine, wasm: bytes) -> Module:
    """The module, from the cache if it is there, or else compiled and put there."""
    path = _path(wasm)
    content = path and _read(path)
    if content:
        with suppress(EngineError):
            return engine.deserialize(content)
    module = engine.compile(wasm)
    if path:
        # A folder that can't be written costs time, and nothing else.
        with suppress(OSError):
            _write(path, module.serialize())
    return module


def folder() -> Path | None:
    """The folder. None where the system does not tell whose a file is."""
    if not hasattr(os, "geteuid"):
        return None
    if sys.platform == "darwin":
        base = Path("~/Library/Caches")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        return base.expanduser() / "blueking_itsm"
    except RuntimeError:
        return None


def _path(wasm: bytes) -> Path | None:
    """Named after all that the compiled code depends on."""
    at = folder()
    of = f"wasmtime-{VERSION}-{sys.platform}-{platform.machine()}-{hashlib.sha256(wasm).hexdigest()}"
    return at and at / f"{of}.compiled"


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _read(path: Path) -> bytes | None:
    """The content of a file of this user's alone that is whole."""
    try:
        if not _is_private(path.parent.lstat()):
            return None
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or not _is_private(status):
                return None
            content = file.read()
    except OSError:
        return None
    digest, content = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
    return content if hashlib.sha256(content).digest() == digest else None


def _write(path: Path, content: bytes) -> None:
    """Writes a file that others see whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(path.parent.lstat()):
        return
    # Readable by this user alone.
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
