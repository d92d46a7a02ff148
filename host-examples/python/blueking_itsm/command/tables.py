"""Rows for people, as the native program lays them out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table with a head."""
    head, *lines = _lines([heads, *rows])
    return [head, "─" * _width(head), *lines]


def pairs(rows: Sequence[tuple[str, str]]) -> list[str]:
    """The lines of names with their values."""
    return _lines(rows)


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    # A title can have several lines.
    cells = [[cell.split("\n") for cell in row] for row in rows]
    widths = [max(_width(line) for cell in column for line in cell) for column in zip(*cells)]
    lines = []
    for row in cells:
        for height in range(max(map(len, row))):
            texts = [cell[height] if height < len(cell) else "" for cell in row]
            lines.append("".join(f" {text}{' ' * (width - _width(text))} " for text, width in zip(texts, widths)))
    return lines


def _width(text: str) -> int:
    """The columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )
