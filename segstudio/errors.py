"""Errors that a user can act on; messages say what is wrong, where, and how to correct it."""

from __future__ import annotations


class SegstudioError(Exception):
    """Base of user-facing errors; the message is a single printable line (control characters are replaced)."""

    def __str__(self) -> str:
        return "".join(char if char >= " " else " " for char in super().__str__())


class FileError(SegstudioError):
    """A file that cannot be read or written: `PATH: FAULT; REMEDY`."""

    def __init__(self, path: object, fault: str, remedy: str) -> None:
        super().__init__(f"{path}: {fault}; {remedy}")
        self.path = path
        self.fault = fault
        self.remedy = remedy


class ChangedError(FileError):
    """A file that was changed by another program since it was read."""


class FormatError(FileError):
    """A file whose content does not conform to its format."""


class ObjectError(SegstudioError):
    """One invalid object of a file; it is reported and the rest of the file is read."""


class ProjectError(SegstudioError):
    """An operation that the project cannot do, with the reason and what to do instead."""


class TrainingError(SegstudioError):
    """Training or prediction cannot start or continue."""


class AssistError(SegstudioError):
    """A model for AI clicks cannot be used."""
