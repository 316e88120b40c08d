"""Figures enter; a bar chart leaves as SVG, with no library for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_COLOURS = ("#2f6f9f", "#e08a3c", "#7a9f4f")
_WIDTH, _LEFT, _BAR, _GAP, _TOP = 720, 190, 26, 16, 74


def stacked_bars(title: str, unit: str, bars: Sequence[tuple[str, Mapping[str, float]]]) -> str:
    """A horizontal bar for each row, its parts in order; a part's colour is its place among all part names."""
    parts = list(dict.fromkeys(name for _, row in bars for name in row))
    colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(parts)}
    longest = max(sum(row.values()) for _, row in bars)
    scale = (_WIDTH - _LEFT - 90) / longest
    drawn = [f'<text x="16" y="26" font-size="16" font-weight="bold">{title}</text>']
    for index, name in enumerate(parts):
        at = 16 + index * 170
        drawn.append(f'<rect x="{at}" y="42" width="12" height="12" fill="{colours[name]}"/>')
        drawn.append(f'<text x="{at + 18}" y="52">{name}</text>')
    for index, (label, row) in enumerate(bars):
        y, x = _TOP + index * (_BAR + _GAP), float(_LEFT)
        drawn.append(f'<text x="{_LEFT - 10}" y="{y + 18}" text-anchor="end">{label}</text>')
        for name, value in row.items():
            width = value * scale
            drawn.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colours[name]}">'
                f"<title>{name}: {value:g} {unit}</title></rect>"
            )
            x += width
        drawn.append(f'<text x="{x + 8:.1f}" y="{y + 18}">{sum(row.values()):.2f} {unit}</text>')
    height = _TOP + len(bars) * (_BAR + _GAP) + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="sans-serif" font-size="13">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )
