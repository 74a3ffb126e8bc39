"""Paths, patterns and addresses to inputs: each file once, in a fixed order, with a name of its own."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from cleaner.errors import UsageError
from cleaner.readers.addresses import is_address, list_address
from cleaner.readers.inputs import CONTAINERS, ENDINGS, KINDS, STDIN, Input, endings_of, input_of, is_known, shown

_LOCAL = "file://"


def list_inputs(paths: Sequence[str | Path], exclude: Path | None = None) -> Iterator[Input]:
    """Every readable file of the given files, folders, patterns and addresses, in a fixed order, each once.

    Folders are walked without following links; `exclude` (the output folder) is left out. Files of a
    folder or pattern whose ending is unknown are left out; a file that is named outright is always
    read. A pattern (`news/**/*.html`) is one when no file has that name. Where two given paths would
    give the same name, the names of their folders are put before it.
    Raises UsageError for a path that does not exist and a pattern that nothing matches.
    """
    roots = [_as_root(path) for path in paths]
    for root in roots:
        if isinstance(root, Path) and str(root) != STDIN and not os.path.lexists(root):
            _refuse_unmatched(root)
    seen: set[str] = set()
    skip = real_path(exclude) if exclude else None
    for root, prefix in zip(roots, _distinct_prefixes(roots), strict=True):
        found = _of_root(root, prefix, skip)
        yield from found if len(roots) == 1 else _unseen(found, seen)


def _unseen(found: Iterator[Input], seen: set[str]) -> Iterator[Input]:
    """Inputs that no path before gave."""
    for item in found:
        own = str(Path(item.place).absolute()) if item.is_local else item.place
        if own not in seen:
            seen.add(own)
            yield item


def real_path(path: Path) -> Path:
    """The path with links resolved as far as they lead somewhere; circles do not raise."""
    return Path(os.path.realpath(path))


def _as_root(path: str | Path) -> Path | str:
    """Addresses of this machine's files are paths: the rules for links, pipes and devices hold for them too."""
    if not is_address(path):
        return Path(path)
    return Path(str(path).removeprefix(_LOCAL)) if str(path).startswith(_LOCAL) else str(path)


def _refuse_unmatched(root: Path) -> None:
    if not _is_pattern(root):
        raise UsageError(f"{shown(root)}: no such file or folder")
    if next(_matching(root), None) is None:
        raise UsageError(f"{shown(root)}: matches no file that ends with one of {' '.join(ENDINGS)}, packed or not")


def _is_pattern(root: Path | str) -> bool:
    return isinstance(root, Path) and glob.has_magic(str(root)) and not os.path.lexists(root)


def _of_root(root: Path | str, prefix: PurePosixPath, skip: Path | None) -> Iterator[Input]:
    if isinstance(root, str):
        for item in list_address(root):
            yield input_of(item.path, (prefix / item.id).as_posix())
    elif str(root) == STDIN:
        yield Input(STDIN, STDIN, None)
    elif _is_pattern(root):
        folder = _folder_of(root)
        for path in _matching(root):
            if skip is None or skip not in (real_path(path), *real_path(path).parents):
                yield input_of(path, (prefix / path.relative_to(folder).as_posix()).as_posix())
    elif root.is_dir():
        yield from _folder(root, prefix, skip)
    else:
        yield input_of(root, (prefix / root.name).as_posix())


def _matching(pattern: Path) -> Iterator[Path]:
    """Files of known endings that a pattern matches, by name; hidden ones only where it says so."""
    for name in sorted(glob.glob(str(pattern), recursive=True)):  # noqa: PTH207  Path.glob takes no absolute pattern
        if is_known(name) and not Path(name).is_dir():
            yield Path(name)


def _folder_of(root: Path | str) -> Path:
    """The folder that the names of a root's files are relative to."""
    if isinstance(root, str):
        place = Path(root.replace("://", "/"))
        return _folder_of(place) if glob.has_magic(root) else place.parent if _own_name(root) else place
    if not _is_pattern(root):
        return root if root.is_dir() else root.parent
    fixed = next(i for i, part in enumerate(root.parts) if glob.has_magic(part))
    return Path(*root.parts[:fixed])


def _distinct_prefixes(roots: Sequence[Path | str]) -> list[PurePosixPath]:
    """What goes before the names of each root's files so that no two roots share a name."""
    if len(roots) == 1:
        return [PurePosixPath()]
    ends = [_own_name(root) for root in roots]
    folders = [real_path(_folder_of(root)) for root in roots]
    distinct = len({(folder, end) for folder, end in zip(folders, ends, strict=True)})
    depth = 0
    while True:
        shown_parts = [_last_parts(folder, depth + (not end)) for folder, end in zip(folders, ends, strict=True)]
        names = [part / end for part, end in zip(shown_parts, ends, strict=True)]
        if depth > max(len(folder.parts) for folder in folders) or len(set(names)) == distinct:
            return shown_parts
        depth += 1


def _own_name(root: Path | str) -> str:
    """The file's name where the root is one file; nothing where it holds several."""
    if isinstance(root, str):
        last = root.rpartition("/")[2]
        return last if is_known(last) and not glob.has_magic(root) else ""
    return "" if root.is_dir() or _is_pattern(root) else root.name


def _last_parts(folder: Path, count: int) -> PurePosixPath:
    parts = [part for part in folder.parts if part != folder.anchor]
    return PurePosixPath(*parts[len(parts) - count :]) if count > 0 else PurePosixPath()


def _folder(root: Path, prefix: PurePosixPath, skip: Path | None) -> Iterator[Input]:
    """Files of a folder; a sub-folder that cannot be opened is an input too, and is set aside when read.

    Names are put together as text: paths relative to a root cost more than all else that is done to an unchanged file.
    """
    closed: list[Path] = []
    for folder, names, files in os.walk(root, followlinks=False, onerror=lambda e: closed.append(Path(e.filename))):
        here = Path(folder)
        names[:] = sorted(n for n in names if not n.startswith(".") and real_path(here / n) != skip)
        before, place = _named_before(here, root, prefix), str(here / "_")[:-1]
        for name in sorted(files):
            ending, codec = endings_of(name)
            if ending in ENDINGS and not name.startswith("."):
                yield Input(place + name, before + name, KINDS.get(ending), CONTAINERS.get(ending, "file"), codec)
    for path in closed:
        yield Input(str(path), (prefix / path.relative_to(root).as_posix()).as_posix(), None)


def _named_before(here: Path, root: Path, prefix: PurePosixPath) -> str:
    """What the ids of a folder's files begin with."""
    folder = (prefix / here.relative_to(root).as_posix()).as_posix()
    return "" if folder == "." else f"{folder}/"
