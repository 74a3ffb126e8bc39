"""Compile what is compiled when the package is installed; where that fails, Python does the same work with the same result."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError

MODULES = ("cleaner.walk._walk", "cleaner.features._tokens", "cleaner.classifier._gather")
"""Each from the source of its name."""
WITHOUT_PATHS = ["-g0"] if os.name == "posix" else []
"""Debugging information names the folder: without it the same source gives the same bytes anywhere."""


class Compiled(BuildHookInterface):  # type: ignore[type-arg]
    """Makes a wheel of this machine's kind where there is a C compiler, else one of pure Python."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (the builder's interface)
        """Compile beside the source, where editable installs look for it too."""
        for module in MODULES:
            made = compiled(Path(self.root), module)
            if made is None:
                self.app.display_warning(f"{module} was not compiled: cleaning takes a third longer, the output is the same")
                continue
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["artifacts"].append(f"/{made.relative_to(self.root).as_posix()}")


def compiled(root: Path, module: str) -> Path | None:
    """The module compiled from its source under `root`, the working folder; None where none could be made.

    What an earlier build left is never taken for a new one. Raises OSError only where that cannot be removed.
    """
    source = f"{module.replace('.', '/')}.c"
    extension = Extension(module, [source], optional=True, extra_compile_args=WITHOUT_PATHS)
    command = build_ext(Distribution({"name": "cleaner", "ext_modules": [extension], "packages": ["cleaner"]}))
    made = root / command.get_ext_filename(module)
    made.unlink(missing_ok=True)
    with TemporaryDirectory() as temporary:
        command.inplace, command.force, command.build_temp, command.build_lib = True, True, temporary, temporary
        try:
            command.ensure_finalized()
            command.run()
        except (BaseError, OSError, SystemError):  # no compiler at all, or none that works
            made.unlink(missing_ok=True)
    return made if made.is_file() else None
