"""A node's data directory as a whole: held by one process at a time, copied, and put back."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from engine.core.errors import ChronosError, CorruptData

LOCK: Final = "lock"
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


class DataDirBusy(ChronosError):
    """Another process holds the data directory; stop it first."""


class DataDirTaken(ChronosError):
    """There is data where other data should go; name another place, or say that it may go."""


@contextlib.contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold a data directory, made if missing, until the block ends or the process does.

    Raises:
        DataDirBusy: a node runs on it, or a backup is being made of it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataDirBusy(f"{data_dir} is in use by another process") from error
        yield


def back_up(data_dir: Path, archive: Path, version: str) -> int:
    """Write all files of a stopped node into one archive; return how many.

    The archive appears whole or not at all.

    Args:
        data_dir: the directory of a node that does not run.
        archive: the .tar.gz to write; what is there is replaced.
        version: of this program, noted in the archive.

    Raises:
        DataDirBusy: a node runs on the directory.
        DataDirTaken: there is no node's data in it.
    """
    if not (data_dir / "raft").is_dir():
        raise DataDirTaken(f"{data_dir} is not the data directory of a node: it has no raft/")
    partial = archive.with_name(archive.name + ".partial")
    digests: dict[str, str] = {}
    with held(data_dir), partial.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
            for path in sorted(data_dir.rglob("*")):
                name = str(path.relative_to(data_dir))
                if path.is_file() and name != LOCK:
                    digests[name] = _digest(path)
                    tar.add(path, name)
            manifest = {"format": FORMAT, "version": version, "files": digests}
            _add_text(tar, MANIFEST, json.dumps(manifest, indent=2))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(archive)
    return len(digests)


def restore(archive: Path, data_dir: Path, *, replace: bool) -> dict[str, Any]:
    """Put an archive's files in place, after every one was checked; return its manifest.

    Until then the directory is as it was.

    Args:
        archive: what `back_up` wrote.
        data_dir: where the node will look.
        replace: whether data that is there may go.

    Raises:
        CorruptData: the archive is damaged, incomplete, or none of ours.
        DataDirBusy: a node runs on the directory.
        DataDirTaken: there is data, and `replace` is false.
    """
    fresh = data_dir.with_name(data_dir.name + ".restoring")
    with held(data_dir):
        if not replace and any(path.name != LOCK for path in data_dir.iterdir()):
            raise DataDirTaken(f"{data_dir} is not empty")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            manifest = _extract(archive, fresh)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        old = data_dir.with_name(data_dir.name + ".replaced")
        shutil.rmtree(old, ignore_errors=True)
        data_dir.rename(old)
        fresh.rename(data_dir)
    shutil.rmtree(old)
    return manifest


def _extract(archive: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = dict(manifest["files"])
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError) as error:
        raise CorruptData(f"{archive} is not a whole backup: {error}") from error
    if manifest.get("format") != FORMAT:
        raise CorruptData(
            f"{archive} has format {manifest.get('format')}, this build knows {FORMAT}"
        )
    for name, digest in files.items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise CorruptData(f"{archive}: {name} is not as it was written")
    (folder / MANIFEST).unlink()
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
