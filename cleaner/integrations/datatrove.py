"""A datatrove pipeline step: documents in, clean documents out.

from cleaner.integrations.datatrove import CleanDocuments

LocalPipelineExecutor([WarcReader("crawl/"), CleanDocuments(), JsonlWriter("clean/")]).run()
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.typeshelper import StatHints

from cleaner.integrations.texts import CLEANED, Settings, clean_texts

BATCH_DOCUMENTS = 64
"""Judged together; see BATCH_SOURCES in `cleaner.pipeline`."""


class CleanDocuments(PipelineStep):
    """Replaces each document's text, which may be HTML, by the clean one.

    Metadata gains `cleaner_status` (`cleaned`, or why the document was set aside) and `cleaner_removed`
    (how many paragraphs of each label were taken). A document that is set aside keeps its text, unless
    `drop` says that it goes. Raises ModelError, PolicyError or UsageError when it is made, not on a
    worker.
    """

    type = "🧹 - CLEAN"
    name = "cleaner"

    def __init__(
        self, *, kind: str | None = None, style: str = "news", model: str | None = None, policy: str | None = None,
        drop: bool = False, batch: int = BATCH_DOCUMENTS,
    ) -> None:  # fmt: skip
        super().__init__()
        self.settings = Settings(kind, style, model, policy)
        self.drop = drop
        self.batch = batch
        self.settings.digests()

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Clean the documents of one rank, in order."""
        del rank, world_size
        stream = iter(data or ())
        while documents := list(islice(stream, self.batch)):
            with self.track_time("batch"):
                cleaned = list(clean_texts([document.text for document in documents], self.settings))
            for document, found in zip(documents, cleaned, strict=True):
                self.stat_update(StatHints.total)
                document.text = found.text
                document.metadata |= {"cleaner_status": found.status, "cleaner_removed": found.removed}
                yield from self._passed(document, found.status)

    def _passed(self, document: Document, status: str) -> Iterator[Document]:
        if status != CLEANED:
            self.stat_update(f"set_aside_{status}")
        if status != CLEANED and self.drop:
            self.stat_update(StatHints.dropped)
            return
        self.stat_update(StatHints.forwarded)
        self.update_doc_stats(document)
        yield document
