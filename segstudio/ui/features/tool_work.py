"""Slow work of tools: computed in the background, one at a time, and handed back to the tool that asked for it."""

from __future__ import annotations

from collections.abc import Iterator

from segstudio.core.document import Document
from segstudio.errors import SegstudioError
from segstudio.tools.tool import Tool, ToolWork
from segstudio.ui.features.assist import AssistFeature
from segstudio.ui.features.feature import Feature, FeatureContext


class ToolWorkFeature(Feature):
    """The newest work that the active tool asks for comes next; a result for another image or tool is dropped."""

    def __init__(self, context: FeatureContext, assisting: AssistFeature) -> None:
        super().__init__(context)
        self._assisting = assisting
        self._busy = False
        self.state.tool_used.connect(self._start_pending)

    def _start_pending(self) -> None:
        document, tool = self.state.document, self.state.tool
        if self._busy or document is None:
            return
        work = tool.pending_work()
        if work is not None:
            self._start(tool, document, work)

    def _start(self, tool: Tool, document: Document, work: ToolWork) -> None:
        self._busy = True

        def events() -> Iterator[object]:
            yield work.run()

        def on_failure(error: SegstudioError) -> None:
            self.state.fail_work(tool, document, work)
            current = self.state.document is document and self.state.tool is tool
            if current and not self._assisting.explain(error):
                self.messages.warn(str(error))

        self.jobs.start(
            events,
            lambda result: self.state.finish_work(tool, document, work, result),
            on_end=self._on_end,
            on_failure=on_failure,
        )

    def _on_end(self) -> None:
        self._busy = False
        self._start_pending()
