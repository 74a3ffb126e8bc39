"""Label Studio: articles as its tasks, and its exports as articles.

One task a paragraph, with its neighbours shown around it: text classification is what its users know, its JSON-MIN
and CSV exports keep it whole, and a paragraph is what we judge. Formats: https://labelstud.io/guide/task_format and
https://labelstud.io/guide/export (JSON, JSON-MIN).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cleaner.errors import SeedError
from cleaner.labels.lines import LabelledLine, articles_of
from cleaner.records import LABELS, STYLES
from cleaner.seeds import Seed

CONTROL, OBJECT = "label", "text"
"""Names of the tags in the labelling configuration: what the annotator chooses, and what it is about."""
NEIGHBOURS = 3
"""Paragraphs shown before and after: the judgement is made in context."""
_HOTKEYS = "1234567890"


def labelling_config() -> str:
    """The labelling configuration for `tasks_of`, to paste under Settings > Labeling Interface > Code."""
    choices = "\n".join(f'    <Choice value="{label}" hotkey="{key}"/>' for label, key in zip(LABELS, _HOTKEYS, strict=True))
    return f"""<View>
  <Header value="$site" size="5"/>
  <Text name="before" value="$before" valueType="text"/>
  <View style="border-left: 4px solid; padding-left: 1em; margin: 1em 0">
    <Text name="{OBJECT}" value="$text" valueType="text"/>
  </View>
  <Choices name="{CONTROL}" toName="{OBJECT}" choice="single" showInline="true">
{choices}
  </Choices>
  <Text name="after" value="$after" valueType="text"/>
</View>
"""


def tasks_of(seed: Seed) -> Iterator[dict[str, Any]]:
    """One task a paragraph, to import in Label Studio; labels that stand come as annotations."""
    for index, label in enumerate(seed.labels):
        task: dict[str, Any] = {"data": _task_data(seed, index)}
        if label:
            choice = {"from_name": CONTROL, "to_name": OBJECT, "type": "choices", "value": {"choices": [label]}}
            task["annotations"] = [{"result": [choice]}]
        yield task


def _task_data(seed: Seed, index: int) -> dict[str, Any]:
    extra = {
        "source_sha256": seed.source_sha256,
        "html": seed.html if index == 0 else "",
        "opens": index in seed.opens,
        "also": (seed.also or {}).get(index, ""),
    }
    return {
        "text": seed.lines[index],
        "before": "\n".join(seed.lines[max(0, index - NEIGHBOURS) : index]),
        "after": "\n".join(seed.lines[index + 1 : index + 1 + NEIGHBOURS]),
        "site": seed.site,
        "language": seed.language,
        "source": seed.id,
        "index": index,
        "paragraphs": len(seed.lines),
        "style": seed.style,
        **{name: value for name, value in extra.items() if value},
    }


def tasks_as_json(seeds: Iterable[Seed]) -> Iterator[str]:
    """The file to import in Label Studio, in pieces: a JSON array with a task a line."""
    separator = "[\n"
    for seed in seeds:
        for task in tasks_of(seed):
            yield separator + json.dumps(task, ensure_ascii=False)
            separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


def seeds_of_tasks(export: Any, where: str) -> Iterator[Seed]:
    """Articles of an export: an array of tasks (JSON) or of flat objects (JSON-MIN), or one task.

    An annotation that was skipped does not count; of several the newest does. Predictions are a model's and never
    read. Raises SeedError, naming the task, for anything else.
    """
    tasks = export if isinstance(export, list) else [export]
    lines = [_line_of(task, f"{where}: task {_name(task, number)}") for number, task in enumerate(tasks, 1)]
    if lines and not any(line.label for line, _ in lines) and not any("data" in task for task in tasks):
        raise SeedError(f"{where}: no task has a field `{CONTROL}`; give the Choices tag this name, or export as JSON")
    yield from articles_of(_newest(lines, tasks))


def _name(task: object, number: int) -> str:
    return str(task["id"]) if isinstance(task, Mapping) and isinstance(task.get("id"), int) else f"number {number}"


def _newest(lines: Sequence[tuple[LabelledLine, str]], tasks: Sequence[Mapping[str, Any]]) -> list[LabelledLine]:
    """JSON-MIN has an object for each annotation of a task: the newest of them counts."""
    found: dict[object, tuple[LabelledLine, str]] = {}
    for number, (line, task) in enumerate(zip(lines, tasks, strict=True)):
        key = task["id"] if isinstance(task.get("id"), int) else f"number {number}"
        before = found.get(key)
        if before is None or (line[1], bool(line[0].label)) >= (before[1], bool(before[0].label)):
            found[key] = line
    return [line for line, _ in found.values()]


def _line_of(task: Any, where: str) -> tuple[LabelledLine, str]:
    """The paragraph of a task or flat object, and when its label was given."""
    try:
        if "data" in task:
            label, when = _annotated(task.get("annotations", task.get("completions")) or ())
            return _line(task["data"], label, where), when
        return _line(task, _chosen(task.get(CONTROL)), where), str(task.get("updated_at") or task.get("created_at") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = (
            f"{where}: not a labelled paragraph ({error!r}); expected data.text and a choice, as `labels export` writes them"
        )
        raise SeedError(message) from error


def _line(fields: Mapping[str, Any], label: str, where: str) -> LabelledLine:
    text = fields["text"]
    if not isinstance(text, str):
        raise TypeError(f"text is {text!r}")
    style, also = str(fields.get("style") or STYLES[0]), _known(str(fields.get("also") or ""))
    if style not in STYLES:
        raise ValueError(f"style is {style!r}")
    names = ("site", "language", "source", "source_sha256", "html")
    site, language, source, sha256, html = (str(fields.get(name) or "") for name in names)
    index, of = (_count(fields.get(name), otherwise) for name, otherwise in (("index", -1), ("paragraphs", 0)))
    return LabelledLine(
        text, label, where, site, language, source, sha256, index, of, html, style, bool(fields.get("opens")), also
    )


def _count(value: object, otherwise: int) -> int:
    return value if type(value) is int and value >= 0 else otherwise


def _annotated(annotations: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The label of the newest annotation that was not skipped, and when it was given."""
    given = [a for a in annotations if not (a.get("was_cancelled") or a.get("skipped"))]
    if not given:
        return "", ""
    when, _, newest = max((str(a.get("updated_at") or a.get("created_at") or ""), n, a["result"]) for n, a in enumerate(given))
    chosen = [region["value"]["choices"] for region in newest if region.get("type") == "choices"]
    return _chosen(chosen[0] if len(chosen) == 1 else chosen), when


def _chosen(value: object) -> str:
    """The one label of a choice: a text, a list of one, or an object that holds such a list; empty for none."""
    if isinstance(value, Mapping):
        value = value["choices"]
    if isinstance(value, list):
        if len(value) > 1:
            raise ValueError(f"{len(value)} labels, a paragraph has one: {value!r}")
        value = value[0] if value else ""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"label is {value!r}")
    return _known((value or "").strip().lower())


def _known(label: str) -> str:
    if label and label not in LABELS:
        raise ValueError(f"{label!r} is not a label; the labels are {', '.join(LABELS)}")
    return label
