"""One HTML file, which needs no script, no font and no picture from outside."""

from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape

_STYLE = """
body { margin: 3rem auto; max-width: 62rem; padding: 0 1.5rem; background: #fff; color: #1f2933;
       font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 2.5rem 0 .5rem; }
p { margin: .35rem 0; max-width: 46rem; }
.pale, footer { color: #6b7280; font-size: .9rem; }
.alarm { border-left: 3px solid #d55e00; padding-left: .75rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .35rem .8rem .35rem 0; text-align: right; white-space: nowrap; }
th { color: #6b7280; font-weight: 500; border-bottom: 1px solid #e3e7eb; }
.text { text-align: left; }
tr.winner td { font-weight: 600; }
img { display: block; width: 100%; margin: 1.5rem 0; }
footer { margin-top: 3rem; border-top: 1px solid #e3e7eb; padding-top: 1rem; }
"""


def document(title: str, parts: Iterable[str]) -> str:
    """A page under its title; the parts are HTML."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style></head>",
            "<body>",
            f"<h1>{escape(title)}</h1>",
            *parts,
            "</body></html>\n",
        )
    )


def paragraph(text: str, name: str = "") -> str:
    """A text, in a class of the style; empty where there is none."""
    kind = f' class="{name}"' if name else ""
    return f"<p{kind}>{escape(text)}</p>" if text else ""


def table(
    heading: str,
    rows: Sequence[Mapping[str, str]],
    text_columns: Collection[str],
    winners: Collection[int] = (),
) -> str:
    """Rows of equal columns under a heading, some of them marked; empty where there are none."""
    if not rows:
        return ""
    head = _cells("th", zip(rows[0], rows[0], strict=True), text_columns)
    lines = [f"<tr>{head}</tr>"]
    for number, row in enumerate(rows):
        kind = ' class="winner"' if number in winners else ""
        lines.append(f"<tr{kind}>{_cells('td', row.items(), text_columns)}</tr>")
    body = "".join(lines)
    return f'<h2>{escape(heading)}</h2><div class="wide"><table>{body}</table></div>'


def picture(name: str, svg: bytes) -> str:
    """A picture by what it shows."""
    # As a picture of its own: what stands in it cannot reach the page.
    data = b64encode(svg).decode("ascii")
    return f'<img alt="{escape(name)}" src="data:image/svg+xml;base64,{data}">'


def footer(notes: Iterable[str]) -> str:
    """How to read the page."""
    return f"<footer>{''.join(paragraph(note) for note in notes)}</footer>"


def _cells(tag: str, cells: Iterable[tuple[str, str]], text_columns: Collection[str]) -> str:
    kinds = dict.fromkeys(text_columns, ' class="text"')
    return "".join(f"<{tag}{kinds.get(name, '')}>{escape(text)}</{tag}>" for name, text in cells)
