"""The compiled module, kept in the user's cache folder: compiling takes seconds, taking it up again milliseconds.

What lies there is machine code, so a file counts only if it and its folder are this user's and nobody else's.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import suppress

from ._engine import MACHINE, VERSION, Engine, EngineError, Module

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


def _folder() -> str | None:
    """The folder. None where the system does not tell whose a file is, or where the user's files are."""
    if not hasattr(os, "geteuid"):
        return None
    caches = "~/Library/Caches" if sys.platform == "darwin" else os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    base = os.path.expanduser(caches)
    return None if base.startswith("~") else os.path.join(base, "blueking_itsm")


def _path(wasm: bytes) -> str | None:
    """Named after all that the compiled code depends on."""
    folder = _folder()
    of = f"wasmtime-{VERSION}-{sys.platform}-{MACHINE}-{hashlib.sha256(wasm).hexdigest()}"
    return folder and os.path.join(folder, f"{of}.compiled")


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _read(path: str) -> bytes | None:
    """The content of a file of this user's alone that is whole."""
    try:
        if not _is_private(os.lstat(os.path.dirname(path))):
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


def _write(path: str, content: bytes) -> None:
    """Writes a file that others see whole or not at all."""
    # Here, as most programs find the code compiled.
    import tempfile

    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if not _is_private(os.lstat(folder)):
        return
    # Readable by this user alone.
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with open(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
