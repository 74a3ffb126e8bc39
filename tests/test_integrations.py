"""Steps for other people's pipelines give what cleaner itself gives, in the real libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cleaner import Cleaner
from cleaner.errors import ModelError, UsageError
from cleaner.records import LABELS

NEEDED = "pip install 'cleaner[integrations]'"
STORY = (
    "The harbour bridge reopens on Monday after eleven months of repairs, the council said on Thursday.\n\n"
    "The mayor told reporters that the works had cost four million euros and that three funds had paid for them.\n\n"
    "Share this article\n\n"
    "Subscribe to our newsletter"
)
PAGE = "<html><body><nav><a href='/'>Home</a></nav>" + "".join(f"<p>{p}</p>" for p in STORY.split("\n\n")) + "</body></html>"
TEXTS = [STORY, "", PAGE, "Share this article\n\nSubscribe to our newsletter\n\nRead more", STORY.replace("bridge", "ferry")]


def expected(cleaner: Cleaner) -> list[tuple[str, str]]:
    """Text and status of each of TEXTS; what is set aside keeps its text."""
    results = [cleaner.clean(text) for text in TEXTS]
    codes = [
        "empty" if not r.paragraphs else "loses-too-much" if r.set_aside else "" if r.text else "no-article" for r in results
    ]
    return [(text if code else r.text, code or "cleaned") for r, text, code in zip(results, TEXTS, codes, strict=True)]


def written_documents(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]


def test_expected_texts_are_of_every_kind(cleaner: Cleaner) -> None:
    """The texts of these tests hold some that are cleaned and some that are set aside; else the others would prove little."""
    assert [status for _, status in expected(cleaner)] == ["cleaned", "empty", "cleaned", "loses-too-much", "cleaned"]
    assert "Share this article" not in expected(cleaner)[0][0]


PIPELINE = """
import sys
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.data import Document
from cleaner.integrations.datatrove import CleanDocuments

class KeepEmpty(JsonlReader):
    def get_document_from_dict(self, data, source_file, id_in_file):
        return Document(data["text"], str(data["id"]))

if __name__ == "__main__":
    source, out, logs, drop, workers = sys.argv[1:]
    steps = [KeepEmpty(source), CleanDocuments(drop=drop == "drop", batch=2), JsonlWriter(out, compression=None)]
    LocalPipelineExecutor(steps, tasks=2, workers=int(workers), logging_dir=logs).run()
"""


@pytest.mark.parametrize(("drop", "workers"), [("keep", 1), ("drop", 2)])
def test_a_datatrove_pipeline_cleans_its_documents(tmp_path: Path, cleaner: Cleaner, drop: str, workers: int) -> None:
    """A real pipeline of two tasks, in one process and in two, gives cleaner's own texts, with why and how much went."""
    pytest.importorskip("datatrove", reason=NEEDED)
    source = tmp_path / "in"
    source.mkdir()
    for part in range(2):
        rows = [{"id": f"{part}-{i}", "text": text} for i, text in enumerate(TEXTS)]
        (source / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "pipeline.py").write_text(PIPELINE, encoding="utf-8")
    call = [sys.executable, tmp_path / "pipeline.py", source, tmp_path / "out", tmp_path / "logs", drop, str(workers)]
    run = subprocess.run(call, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    wanted = [
        (f"{part}-{i}", text, status)
        for part in range(2)
        for i, (text, status) in enumerate(expected(cleaner))
        if drop == "keep" or status == "cleaned"
    ]
    found = written_documents(tmp_path / "out")
    assert [(d["id"], d.get("text", ""), d["metadata"]["cleaner_status"]) for d in found] == wanted
    assert all(set(d["metadata"]["cleaner_removed"]) == set(LABELS) for d in found)
    assert sum(found[0]["metadata"]["cleaner_removed"].values()) == len(
        [p for p in cleaner.clean(STORY).paragraphs if not p.stays]
    )
    assert '"dropped"' in (tmp_path / "logs" / "stats.json").read_text(encoding="utf-8") or drop == "keep"


def test_a_datatrove_step_refuses_a_bad_model_before_the_run() -> None:
    """A misspelt model stops the pipeline where it is built, not on a worker an hour later."""
    step = pytest.importorskip("cleaner.integrations.datatrove", reason=NEEDED)
    with pytest.raises(ModelError, match="nothing"):
        step.CleanDocuments(model="nothing.model")


@pytest.mark.parametrize("processes", [None, 2])
def test_a_dataset_is_mapped(tmp_path: Path, cleaner: Cleaner, processes: int | None) -> None:
    """`Dataset.map` gives cleaner's own texts in order, in one process and in two."""
    datasets = pytest.importorskip("datasets", reason=NEEDED)
    from cleaner.integrations.datasets import cleaning

    rows = datasets.Dataset.from_dict({"id": list(range(10)), "text": TEXTS * 2})
    mapped = rows.map(cleaning(into="clean"), batched=True, batch_size=3, num_proc=processes, load_from_cache_file=False)
    assert list(zip(mapped["clean"], mapped["cleaner_status"], strict=True)) == expected(cleaner) * 2
    assert list(mapped["text"]) == TEXTS * 2
    assert set(mapped[0]["cleaner_removed"]) == set(LABELS)


def test_a_dataset_remembers_what_was_cleaned_how(tmp_path: Path) -> None:
    """The library's cache holds for the same settings, and not for others: no stale text after a change."""
    datasets = pytest.importorskip("datasets", reason=NEEDED)
    from cleaner.integrations.datasets import cleaning

    rows = datasets.Dataset.from_dict({"text": TEXTS})
    prints = [rows.map(function, batched=True)._fingerprint for function in (cleaning(), cleaning(), cleaning(style="all"))]
    assert prints[0] == prints[1] != prints[2]


def test_a_streamed_dataset_is_mapped(cleaner: Cleaner) -> None:
    """A dataset that is too large for the disk is cleaned as it streams by; a missing text is an empty one."""
    datasets = pytest.importorskip("datasets", reason=NEEDED)
    from cleaner.integrations.datasets import cleaning

    stream = datasets.Dataset.from_dict({"text": [*TEXTS, None]}).to_iterable_dataset()
    found = list(stream.map(cleaning(), batched=True, batch_size=4))
    assert [(row["text"], row["cleaner_status"]) for row in found] == [*expected(cleaner), ("", "empty")]


def test_a_missing_column_is_named() -> None:
    """A misspelt column is named beside those that are there."""
    from cleaner.integrations.datasets import cleaning

    with pytest.raises(UsageError, match="no column 'body'; there are text"):
        cleaning("body")({"text": ["a"]})
