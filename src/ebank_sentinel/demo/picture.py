"""A frame as a picture for a page: a view enters, SVG leaves that looks the same with whatever font there is."""

from __future__ import annotations

import html
import io
import re

from rich.cells import cell_len
from rich.console import Console

from ebank_sentinel.demo.screen import frame
from ebank_sentinel.demo.view import View

_CELL = 12.2
"""Width of a terminal cell in the SVG that rich writes: font size 20, ratio 0.61."""

_FONTS = (
    "Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', 'PingFang SC', 'Microsoft YaHei', "
    "'WenQuanYi Zen Hei Mono', monospace"
)

_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_TEXT = re.compile(
    r'<text class="(?P<style>[^"]*)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="[\d.]+" '
    r'clip-path="(?P<clip>[^"]*)">(?P<words>.*?)</text>',
    re.DOTALL,  # rich ends each line with a newline of its own
)


def svg_of(view: View, *, width: int, height: int) -> str:
    """The frame, so many cells wide and high; it loads nothing from anywhere."""
    console = Console(
        record=True,
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(frame(view, width=width), height=height)
    svg = console.export_svg(title="ebank-sentinel demo", unique_id="demo")
    svg = _FONT_FACE.sub("", svg).replace("Fira Code, monospace", _FONTS).replace("Fira Code", _FONTS)
    return _TEXT.sub(_place, svg)


def _place(text: re.Match[str]) -> str:
    """The text with a place for every character: two cells for a Chinese one, whatever the font thinks."""
    words = html.unescape(text["words"]).rstrip("\n")
    x = float(text["x"])
    places = []
    for letter in words:
        places.append(f"{x:g}")
        x += cell_len(letter) * _CELL
    return (
        f'<text class="{text["style"]}" x="{" ".join(places)}" y="{text["y"]}" clip-path="{text["clip"]}">'
        f"{html.escape(words, quote=False)}</text>"
    )
