"""A person puts a new model in the place of the old one, and takes it back: one line of a record each.

Models on a shelf are never changed: each is a file named after its digest, so that what an old one gave
can be had again to the byte. The file is durable before the line that names it: killed at any point, a
shelf has the old model or the new one.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from cleaner.acting import me, now
from cleaner.errors import ModelError, OutputError, UsageError
from cleaner.model_store import digest_of, load_model, shipped
from cleaner.promotions import PROMOTE, RECORD, ROLLBACK, Promotion, Shelved, line_of, model_at, read_promotions, standing
from cleaner.store.appending import append_lines
from cleaner.store.commit import Disk, make_folder, named, write_whole
from cleaner.store.locking import held

Check = Callable[[Path, Path], Mapping[str, Any]]
"""(old, new): figures for the record. Raises GateError when the new model may not have the place."""


def promote(new: Path, shelf: Path, check: Check, *, who: str = "", disk: Disk | None = None) -> Promotion | None:
    """Make `new` the current model of a shelf, after `check`; None when it is the current one already.

    A shelf without a model begins with the shipped one. Raises ModelError, what `check` raises, LockedError when
    another promotion is under way, and WriteError when the disk fails: then the old model is still current.
    """
    disk = disk or Disk()
    with named(shelf):
        make_folder(disk, str(shelf.absolute()))
    with _alone(shelf):
        old, source = _current(shelf), model_at(new).path
        content, known = _whole(source), _whole(old.path)
        if sha256(content).digest() == sha256(known).digest():
            return None
        figures = check(old.path, source)
        before = old.path.name if read_promotions(shelf) else _put(shelf, old.path.stem, known, disk)
        to = _put(shelf, source.stem, content, disk)
        line = Promotion(PROMOTE, now(), who or me(), before, _digest(known), to, _digest(content), figures)
        append_lines(shelf / RECORD, line_of(line), disk)
        return line


def rollback(shelf: Path, *, who: str = "", disk: Disk | None = None) -> Promotion:
    """Make the model current again that was so before the last promotion that still stands.

    Raises UsageError when there is none, ModelError when its file is gone or another.
    """
    if not shelf.is_dir():
        raise UsageError(f"{shelf}: no such folder; give the shelf that a model was promoted on")
    with _alone(shelf):
        models = standing(read_promotions(shelf))
        if len(models) <= 1:
            raise UsageError(f"{shelf}: nothing to take back, no promotion stands")
        back, current = models[-2], models[-1]
        if _digest(_whole(shelf / back.path)) != back.sha256:
            raise ModelError(f"{shelf / back.path}: not the file that was promoted, its checksum differs; put it back first")
        line = Promotion(ROLLBACK, now(), who or me(), current.path.name, current.sha256, back.path.name, back.sha256)
        append_lines(shelf / RECORD, line_of(line), disk)
        return line


def _current(shelf: Path) -> Shelved:
    """The model that a promotion would replace; the shipped one where the shelf has none yet."""
    try:
        return model_at(shelf)
    except ModelError:
        if read_promotions(shelf):
            raise
        return Shelved(shipped())


def _put(shelf: Path, stem: str, content: bytes, disk: Disk) -> str:
    """Have a model's file on the shelf under a name with its digest; returns the name."""
    digest = digest_of(content)
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip(".-") or "model"
    name = f"{plain.removesuffix(f'-{digest}')}-{digest}.model"
    if not (shelf / name).is_file() or (shelf / name).read_bytes() != content:
        write_whole(shelf / name, content, disk)
    return name


def _whole(path: Path) -> bytes:
    """The bytes of a model file that loads. Raises ModelError."""
    model = load_model(path)
    content = path.read_bytes()
    if digest_of(content) != model.digest:
        raise ModelError(f"{path}: changed while it was read; try again")
    return content


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


@contextmanager
def _alone(shelf: Path) -> Iterator[None]:
    """Hold the folder itself: no file is left behind by a promotion that was refused."""
    try:
        folder = os.open(shelf, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{shelf}: cannot be opened ({(error.strerror or str(error)).lower()})") from error
    with held(folder, fcntl.LOCK_EX, f"{shelf}: another promotion is under way on this shelf; wait for it to end"):
        yield
