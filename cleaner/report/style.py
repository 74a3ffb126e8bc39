"""How pages and plots look, in light and in dark."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
PLOT_STYLE = (_HERE / "plots.css").read_text(encoding="utf-8")
PAGE_STYLE = PLOT_STYLE + (_HERE / "page.css").read_text(encoding="utf-8")
