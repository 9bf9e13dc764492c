"""XML files from any source, read without entities: an entity bomb is refused before it is expanded."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from segstudio.errors import FileError, FormatError
from segstudio.formats.coordinates import parse_number


def read_xml(path: Path) -> Any:
    """The root element. Raises FileError, or FormatError where it is not XML or declares entities."""
    try:
        return ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise FileError(path, f"cannot be read ({error.strerror})", "check that it exists and may be read") from error
    except DefusedXmlException as error:
        raise FormatError(path, f"declares entities ({type(error).__name__})", "remove the DOCTYPE") from error
    except (ParseError, ValueError, LookupError) as error:
        raise FormatError(path, f"is not XML ({error})", "export it again") from error


def read_child_text(element: Any, tag: str) -> str:
    """Stripped text of a child, "" where there is none."""
    return (element.findtext(tag) or "").strip()


def read_child_number(element: Any, tag: str) -> float:
    """The finite number in a child. Raises ObjectError."""
    return parse_number(read_child_text(element, tag), tag)
