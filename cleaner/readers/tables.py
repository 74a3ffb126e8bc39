"""Parquet through pyarrow, a few rows at a time; a row group that is damaged costs its own rows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from cleaner.errors import UsageError
from cleaner.readers.fields import Fields, record_of
from cleaner.readers.inputs import Input, shown
from cleaner.readers.opening import Started
from cleaner.readers.records import Limits, Record, Rejected
from cleaner.readers.unpacking import Break, unpack

ROWS = 32
"""Rows held at once; a page of 1 MB each makes 32 MB."""


def read_parquet(stream: Started, item: Input, codec: str, fields: Fields, limits: Limits) -> Iterator[Record | Rejected]:
    """One record a row. Ids count rows from 1.

    A packed file, and one from a pipe, is brought into memory first: its end says what is in it.
    Raises UsageError where pyarrow is missing.
    """
    arrow = _pyarrow()
    source = (None if codec else stream.whole()) or _unpacked(stream, item, codec, limits)
    if isinstance(source, Rejected):
        yield source
        return
    try:
        table = arrow.parquet.ParquetFile(source, pre_buffer=False, buffer_size=1 << 16, page_checksum_verification=True)
        names = [name for name in table.schema_arrow.names if name in fields.names]
    except (arrow.ArrowException, OSError, ValueError) as error:
        yield Rejected(item.id, "damaged", f"{shown(item.id)}: no readable Parquet ({shown(str(error))}); was it copied whole?")
        return
    if not set(names) & set(fields.articles):
        has = ", ".join(table.schema_arrow.names[:12])
        yield Rejected(
            item.id, "no-text", f"{shown(item.id)}: no column is named {', '.join(fields.articles)}; it has {shown(has)}"
        )
        return
    yield from _groups(arrow, table, names, item, fields, limits, source.seek(0, io.SEEK_END))


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as _  # noqa: F401  pyarrow gives it as an attribute once it is loaded
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow; pip install 'cleaner[parquet]'") from error
    return pa


def _unpacked(stream: Started, item: Input, codec: str, limits: Limits) -> BinaryIO | Rejected:
    whole = io.BytesIO()
    for piece in unpack(stream, codec, limits):
        if isinstance(piece, Break):
            return Rejected(item.id, piece.reason, f"{shown(item.id)}: {piece.message}")
        whole.write(piece.plain)
        if whole.tell() > limits.article:
            return Rejected(
                item.id, "too-large", f"{shown(item.id)}: more than {limits.article >> 20} MB unpacked; unpack it first"
            )
    whole.seek(0)
    return whole


def _groups(
    arrow: Any, table: Any, names: list[str], item: Input, fields: Fields, limits: Limits, packed: int
) -> Iterator[Record | Rejected]:
    """Every row group in turn; of the file's facts only those that pyarrow gives of a damaged one without ending the process."""
    first = 1
    for group in range(table.num_row_groups):
        facts = table.metadata.row_group(group)
        row, plain, fault = first, 0, _bomb(facts.total_byte_size, packed, limits)
        try:
            for values in () if fault else _rows(table, group, names):
                record = _record(values, f"{item.id}#{row}", item, fields, limits)
                plain += len(record.raw)
                if fault := _bomb(plain, facts.total_byte_size, limits):
                    break
                yield record
                row += 1
        except (arrow.ArrowException, OSError, ValueError) as error:
            fault = ("damaged", f"cannot be read ({shown(str(error))})")
        if fault is None and row != first + facts.num_rows:
            fault = ("damaged", f"holds {row - first:,} rows instead of {facts.num_rows:,}")
        if fault:
            where = f"{shown(item.id)}: row group {group}, rows {row:,} to {first + facts.num_rows - 1:,}"
            yield Rejected(f"{item.id}#{row}", fault[0], f"{where}: {fault[1]}")
        first += facts.num_rows
    if first - 1 != table.metadata.num_rows:
        yield Rejected(
            item.id, "damaged", f"{shown(item.id)}: {first - 1:,} rows, it says that it has {table.metadata.num_rows:,}"
        )


def _bomb(plain: int, packed: int, limits: Limits) -> tuple[str, str] | None:
    if plain <= max(limits.ratio_from, limits.ratio * packed):
        return None
    return "bomb", f"{plain >> 20} MB come out of {packed:,} bytes, more than {limits.ratio} times as many"


def _rows(table: Any, group: int, names: list[str]) -> Iterator[dict[str, Any]]:
    for batch in table.iter_batches(batch_size=ROWS, row_groups=[group], columns=names, use_threads=False):
        for i in range(batch.num_rows):
            yield {name: _value(column[i]) for name, column in zip(batch.schema.names, batch.columns, strict=True)}


def _value(scalar: Any) -> Any:
    """A value of Python; of text that is not the UTF-8 it should be, its bytes."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return getattr(scalar, "value", scalar).as_buffer().to_pybytes()


def _record(values: dict[str, Any], id: str, item: Input, fields: Fields, limits: Limits) -> Record | Rejected:
    record = record_of(id, values, fields, f"{shown(item.id)}: row {id.rpartition('#')[2]}")
    if isinstance(record, Record) and len(record.raw) > limits.record:
        return Rejected(id, "too-large", f"{shown(id)}: {len(record.raw) >> 20} MB, more than {limits.record >> 20}")
    return record
