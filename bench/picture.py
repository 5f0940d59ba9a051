"""The picture of the results: how often the floor each side costs, on a logarithmic scale."""

import math
from html import escape

COLOURS = {"brood": "#b5432a", "libuv": "#3d6b9e", "GSubprocess": "#6f8f3c",
           "asyncio": "#8a6bb1"}
LEFT, WIDTH, ROW, TOP = 330, 520, 24, 64
LEAST, MOST = 0.25, 100


def x_of(ratio):
    ratio = min(max(ratio, LEAST), MOST)
    return LEFT + WIDTH * math.log(ratio / LEAST) / math.log(MOST / LEAST)


def text(x, y, words, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(words)}</text>'


def scale(bottom):
    parts = []
    for ratio in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100):
        x = x_of(ratio)
        colour = "#444" if ratio == 1 else "#ddd"
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" '
                     f'stroke="{colour}"/>')
        parts.append(text(x, TOP - 14, f"{ratio:g}", "middle", 'fill="#666"'))
    return parts


def key(sides):
    parts, x = [], LEFT
    for side in sides:
        if side in COLOURS:
            parts.append(f'<circle cx="{x}" cy="20" r="5" fill="{COLOURS[side]}"/>')
            parts.append(text(x + 10, 24, side))
            x += 110
    return parts


def marks(result, y, sides):
    parts = [f'<line x1="{LEFT}" y1="{y}" x2="{LEFT + WIDTH}" y2="{y}" stroke="#eee"/>',
             text(LEFT - 14, y + 4, result.row.title, "end")]
    if result.row.bound:
        x = x_of(result.row.bound)
        parts.append(f'<path d="M{x:.1f} {y - 8}v16" stroke="#b5432a" stroke-width="2"/>')
    for side in reversed(sides):
        ratio = result.ratio(side)
        if side in COLOURS and ratio is not None:
            parts.append(f'<circle cx="{x_of(ratio):.1f}" cy="{y}" r="5" stroke="#fff" '
                         f'fill="{COLOURS[side]}"><title>{side} {ratio:.2f}</title></circle>')
    return parts


def picture(results, sides):
    shown = [result for result in results if result.ratio("brood") is not None]
    bottom = TOP + ROW * len(shown)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" '
             f'height="{bottom + 30}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="#fff"/>', *key(sides), *scale(bottom)]
    for number, result in enumerate(shown):
        parts += marks(result, TOP + ROW * number + ROW / 2, sides)
    parts.append(text(LEFT, bottom + 20, "cost as a multiple of the floor; lines in brood's "
                      "colour: what it promises", extra='fill="#666"'))
    return "\n".join(parts + ["</svg>"]) + "\n"
