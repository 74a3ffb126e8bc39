"""The error tree, named by what the run does next.

    CleanerError
    ├── UsageError            the run stops before any work: a wrong option, policy or model
    │   ├── PolicyError
    │   └── ModelError
    ├── OutputError           the run stops: the output cannot be made or trusted
    │   ├── WriteError        a full disk, a failing disk; the next run goes on from here
    │   └── LockedError       another run is at work on the same output
    ├── SourceError           this source is set aside with a reason, the run goes on
    └── GateError             the new model is not promoted; the old one stays

Every message says what was wrong, where, and what to try.
"""

from __future__ import annotations


class CleanerError(Exception):
    """Any error that cleaner raises on purpose; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(CleanerError):
    """The call itself is wrong: nothing was read or written."""

    exit_code = 2


class PolicyError(UsageError):
    """A policy file is not valid."""

    exit_code = 78


class ModelError(UsageError):
    """A model file is missing, damaged or made for another version."""

    exit_code = 78


class SeedError(UsageError):
    """A file of labelled articles is not valid."""

    exit_code = 65


class OutputError(CleanerError):
    """The output folder cannot be written, or is not what its audit says."""

    exit_code = 73


class SourceError(CleanerError):
    """One source cannot be read; it is set aside, and the others are still cleaned."""

    exit_code = 65


class WriteError(OutputError):
    """A file of the output could not be written; what was reported before stands, and the next run goes on from it."""

    exit_code = 74


class LockedError(OutputError):
    """Another run is at work on the output folder; nothing was touched."""

    exit_code = 75


class GateError(CleanerError):
    """A new model is worse than the old one on labelled articles, and was refused."""

    exit_code = 4
