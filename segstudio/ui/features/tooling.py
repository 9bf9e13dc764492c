"""What a tool wants computed is done in the background, the newest wish first, and handed back to it."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject

from segstudio.core.document import Document
from segstudio.errors import SegstudioError
from segstudio.tools.tool import Tool, Work
from segstudio.ui.features.assist import AssistFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class ToolingFlow(QObject):
    """One work at a time. A result reaches the tool only while its image is open and the tool in hand."""

    def __init__(self, session: Session, assisting: AssistFlow, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._assisting = assisting
        self._messages = messages
        self._busy = False
        session.acted.connect(self._look)

    def _look(self) -> None:
        document, tool = self._session.document, self._session.tool
        if self._busy or document is None:
            return
        work = tool.wanted()
        if work is not None:
            self._begin(tool, document, work)

    def _begin(self, tool: Tool, document: Document, work: Work) -> None:
        self._busy = True

        def events() -> Iterator[object]:
            yield work.run()

        def current() -> bool:
            return self._session.document is document and self._session.tool is tool

        def on_result(result: object) -> None:
            if current():
                tool.done(document, work, result)
                self._session.edited.emit()
            else:
                tool.failed(document, work)

        def on_failure(error: SegstudioError) -> None:
            tool.failed(document, work)
            if current() and not self._assisting.explain(error):
                self._messages.warn(str(error))

        def on_end() -> None:
            self._busy = False
            self._session.acted.emit()  # which looks for the next wish

        job = self._session.jobs.start(events, on_result, on_end, quiet=True)
        job.failed.connect(on_failure)
