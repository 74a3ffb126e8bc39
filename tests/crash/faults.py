"""A disk that fails, or kills us, at its n-th writing call; corpora of yesterday and today; what a tree may hold."""

from __future__ import annotations

import errno
import os
import random
import signal
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.store.commit import Disk

CALLS = ("create", "extend", "write", "fsync", "sync", "rename", "unlink", "mkdir", "rmdir", "truncate", "commit")
WORDS = ("Vernoux", "Privas", "Annonay", "Tournon", "Aubenas", "Largentière", "Joyeuse", "Ruoms")


class FaultyDisk(Disk):
    """Counts writing calls; at the n-th one does something else."""

    def __init__(self, at: int = 0, fault: Callable[[str, tuple[Any, ...]], None] | None = None) -> None:
        self.calls = 0
        self.made: list[str] = []
        """The names of the calls so far."""
        self.at = at
        self.fault = fault

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in CALLS:
            return found

        def counted(*args: Any) -> Any:
            self.calls += 1
            self.made.append(name)
            if self.calls == self.at and self.fault:
                self.fault(name, args)
            return found(*args)

        return counted


def failing(number: int) -> Callable[[str, tuple[Any, ...]], None]:
    """A fault that raises this error once; half of what was to be written is, as on a full disk."""

    def fault(name: str, args: tuple[Any, ...]) -> None:
        if name == "write":
            os.write(args[0], bytes(args[1][: len(args[1]) // 2]))
        if name == "commit":
            args[0].rollback()
            raise sqlite3.OperationalError("database or disk is full")
        raise OSError(number, os.strerror(number))

    return fault


def killing(name: str, args: tuple[Any, ...]) -> None:
    """A fault that is the end of this process, in the middle of a write."""
    if name == "write":
        os.write(args[0], bytes(args[1][: len(args[1]) // 2]))
    os.kill(os.getpid(), signal.SIGKILL)


class PowerCutError(Exception):
    """The lights go out."""


class LossyDisk(FaultyDisk):
    """Knows what is durable, and takes the rest away when the power goes."""

    def __init__(self, at: int, *, names: bool) -> None:
        super().__init__(at, self._cut)
        self._names = names
        self._sizes: dict[str, int] = {}
        """Of each file that was written to: its bytes that are durable."""
        self._before: list[tuple[str, bytes | None]] = []
        """Names that changed and are not durable: what each showed before."""

    def _cut(self, name: str, args: tuple[Any, ...]) -> None:
        for path, size in self._sizes.items():
            if Path(path).exists():
                os.truncate(path, size)
        for path, content in reversed(self._before if self._names else []):
            if content is None:
                Path(path).unlink(missing_ok=True)
            else:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                if not Path(path).is_dir():
                    Path(path).write_bytes(content)
        if name == "commit":
            args[0].rollback()
        raise PowerCutError

    def create(self, path: str) -> int:
        self._sizes[path] = 0
        return super().create(path)

    def extend(self, path: str) -> int:
        self._sizes[path] = Path(path).stat().st_size if Path(path).exists() else 0
        return super().extend(path)

    def fsync(self, file: int) -> None:
        super().fsync(file)
        path = os.readlink(f"/proc/self/fd/{file}")
        if os.path.isdir(path):
            self._before = [row for row in self._before if os.path.dirname(row[0]) != path]
        else:
            self._sizes[path] = os.fstat(file).st_size

    def sync(self, folder: int) -> None:
        super().sync(folder)
        self._before.clear()
        self._sizes = {path: Path(path).stat().st_size for path in self._sizes if Path(path).exists()}

    def truncate(self, file: int, size: int) -> None:
        super().truncate(file, size)
        self._sizes[os.readlink(f"/proc/self/fd/{file}")] = size

    def rename(self, old: str, new: str) -> None:
        self._before.append((new, Path(new).read_bytes() if Path(new).exists() else None))
        self._sizes[new] = self._sizes.pop(old, 0)
        super().rename(old, new)

    def unlink(self, path: str) -> None:
        if Path(path).is_file():
            self._before.append((path, Path(path).read_bytes()))
        super().unlink(path)


ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EMFILE)


class Days(NamedTuple):
    """A corpus that changed since it was cleaned."""

    source: Path
    """The inputs of today."""
    out: Path
    """The output of yesterday: tests take copies."""
    before: dict[str, str]
    after: dict[str, str]


def story(number: int) -> str:
    """An article with furniture around it, told apart by its number."""
    place = WORDS[number % len(WORDS)]
    return (
        f"Accueil\n\nSe connecter\n\nLe marché couvert de {place} rouvre ses portes\n\n"
        f"Après {number} mois de travaux, le marché couvert de {place} a rouvert samedi matin devant {number} habitants.\n\n"
        f"Le maire de {place} a rappelé que le chantier avait coûté {number} millions d'euros, dont la moitié payée par la région.\n\n"
        f"Partager cet article\n\n© 2021 Le Courrier de {place}. Tous droits réservés.\n"
    )


def page(number: int) -> str:
    """The article as a page."""
    body = "".join(f"<p>{text}</p>" for text in story(number).split("\n\n")[3:5])
    return f"<!DOCTYPE html><html><head><title>{number}</title></head><body><article><h1>Titre</h1>{body}</article></body></html>"


def yesterday(folder: Path, files: int = 12) -> Path:
    """A corpus with everything that is hard about one: names that collide, bad files, a container."""
    folder.mkdir(parents=True)
    (folder / "sub").mkdir()
    for number in range(files):
        (folder / f"{'sub/' if number % 3 else ''}{number:03d}.txt").write_text(story(number), encoding="utf-8")
    (folder / "twin.txt").write_text(story(500), encoding="utf-8")
    (folder / "twin.md").write_text(story(501), encoding="utf-8")
    (folder / "empty.txt").touch()
    (folder / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    rows = [b'{"text": "%s"}' % story(600 + n).replace("\n", "\\n").encode() for n in range(4)]
    (folder / "feed.jsonl").write_bytes(b"\n".join([*rows[:2], b"{broken", *rows[2:]]) + b"\n")
    return folder


def today(folder: Path) -> Path:
    """What came of it: changed, gone, new, renamed, and a folder in the place of a file."""
    (folder / "000.txt").write_text(story(900), encoding="utf-8")
    (folder / "sub/001.txt").unlink()
    (folder / "twin.txt").unlink()
    (folder / "sub/004.txt").rename(folder / "sub/moved.txt")
    (folder / "new").mkdir()
    (folder / "new/page.html").write_text(page(901), encoding="utf-8")
    (folder / "003.txt").unlink()
    (folder / "003.txt").mkdir()
    (folder / "003.txt/inner.txt").write_text(story(902), encoding="utf-8")
    rows = [b'{"text": "%s"}' % story(700 + n).replace("\n", "\\n").encode() for n in range(3)]
    (folder / "feed.jsonl").write_bytes(b"\n".join(rows) + b"\n")
    return folder


def tree(out: Path) -> dict[str, str]:
    """Every file of an output folder but its state, with the hash of its bytes."""
    return {
        path.relative_to(out).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and ".cleaner" not in path.parts
    }


def digest(out: Path) -> str:
    """One SHA-256 of an output tree."""
    return sha256(repr(sorted(tree(out).items())).encode()).hexdigest()


def broken(out: Path, *golden: dict[str, str]) -> list[str]:
    """Files that show under a final name what neither yesterday nor today had there: torn, doubled or invented."""
    allowed: dict[str, set[str]] = {}
    for files in golden:
        for path, content in files.items():
            allowed.setdefault(path, set()).add(content)
    return [path for path, content in tree(out).items() if not path.endswith(".partial") and content not in allowed.get(path, ())]


def lost(out: Path, before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Files that yesterday and today both have, and the folder has not."""
    return sorted(set(before) & set(after) - set(tree(out)))


def seeded(*key: object) -> random.Random:
    """Random numbers that are the same every time."""
    return random.Random(repr(key))
