"""Errors that a user can act on: each says what, where and what would be right."""

from __future__ import annotations


class SegstudioError(Exception):
    """Something the user can mend; its text is one line for a person, whatever names files put into it."""

    def __str__(self) -> str:
        return "".join(sign if sign >= " " else " " for sign in super().__str__())


class FileError(SegstudioError):
    """A file that cannot be read or written: `PATH: FAULT; REMEDY`."""

    def __init__(self, path: object, fault: str, remedy: str) -> None:
        super().__init__(f"{path}: {fault}; {remedy}")
        self.path = path
        self.fault = fault
        self.remedy = remedy


class ChangedError(FileError):
    """A file that another program changed since it was read."""


class FormatError(FileError):
    """A file that was read but does not hold what its format promises."""


class ObjectError(SegstudioError):
    """One object of a file that cannot be understood; it is noted and the rest of the file goes on."""


class ProjectError(SegstudioError):
    """The project cannot do what was asked, with the reason and the way out."""


class TrainingError(SegstudioError):
    """Learning or predicting cannot start or go on."""


class AssistError(SegstudioError):
    """A model that answers to clicks cannot be used."""
