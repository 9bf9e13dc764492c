"""XML files of any origin, without entities: a bomb is refused before it unfolds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from segstudio.errors import FileError, FormatError, ObjectError


def read_xml(path: Path) -> Any:
    """The root element. Raises FileError, or FormatError where it is not XML or declares entities."""
    try:
        return ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise FileError(path, f"cannot be read ({error.strerror})", "check that it exists and its rights") from error
    except DefusedXmlException as error:
        raise FormatError(path, f"declares entities ({type(error).__name__})", "take the DOCTYPE out") from error
    except (ParseError, ValueError, LookupError) as error:
        raise FormatError(path, f"is not XML ({error})", "export it again") from error


def text_of(element: Any, tag: str) -> str:
    """Stripped text of a child, "" where there is none."""
    return (element.findtext(tag) or "").strip()


def number_of(element: Any, tag: str) -> float:
    """A finite number in a child. Raises ObjectError."""
    return finite(text_of(element, tag), tag)


def finite(text: str | None, what: str) -> float:
    """Raises ObjectError where `text` is no finite number of a size that an image can have."""
    try:
        value = float(text or "")
    except ValueError:
        raise ObjectError(f"its {what} is {text!r}, not a number"[:120]) from None
    if not math.isfinite(value) or abs(value) > 1e7:
        raise ObjectError(f"its {what} is {value}, which lies in no image")
    return value
