#!/usr/bin/env python3
"""Draws the show's cover, 3000 x 3000 px, RGB JPEG: in a speech bubble lines of text turn into sound; the title below.

    python scripts/make_cover.py [-o assets/cover.jpg] [--title 新闻播报] [--font FILE]

The title needs a Chinese font: --font, or one of FONTS where it is installed.  Without one the mark stands alone.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE_PX = 3000  # the largest Apple takes; directories shrink it down to 55 px
LIMIT_BYTES = 280_000  # every download carries it; a tag should stay under 300 kB
FINE = 2  # shapes are drawn this much larger and scaled down, for smooth edges

FONTS = (  # heaviest first: a title must be read at 100 px
    "NotoSansCJK-Black.ttc",
    "NotoSansCJK-Bold.ttc",
    "SourceHanSansSC-Heavy.otf",
    "PingFang.ttc",
    "msyhbd.ttc",
    "wqy-zenhei.ttc",
)

NIGHT, DAWN, GLOW = (9, 19, 62), (44, 58, 172), (255, 112, 88)
PAPER, INK, ACCENT = (255, 250, 240), (22, 44, 120), (255, 106, 61)

# the mark: lines of text, lengths as parts of the longest, turn into a wave, heights as parts of the tallest
LINES = (0.72, 1.0, 0.86, 0.56)
WAVE = (0.42, 0.74, 1.0, 0.62, 0.34)
ACCENTED = 2
STROKE = 0.038  # parts of the width of the cover, as all measures below


def background() -> Image.Image:
    """Night turning to day: a vertical gradient with a glow at the lower edge, dithered so that it shows no bands."""
    y, x = np.mgrid[0:SIZE_PX, 0:SIZE_PX] / SIZE_PX
    night, dawn, glow = (np.array(colour, dtype=np.float64) for colour in (NIGHT, DAWN, GLOW))
    down = (y**1.4)[..., None]
    light = np.exp(-(((x - 0.5) / 0.62) ** 2 + ((y - 1.16) / 0.30) ** 2))[..., None]
    colour = (night * (1 - down) + dawn * down) * (1 - light) + glow * light
    colour += np.random.default_rng(0).uniform(-0.5, 0.5, colour.shape[:2])[..., None]
    return Image.fromarray(np.clip(np.rint(colour), 0, 255).astype(np.uint8), "RGB")


def canvas() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    mask = Image.new("L", (SIZE_PX * FINE, SIZE_PX * FINE))
    return mask, ImageDraw.Draw(mask)


def paint(image: Image.Image, mask: Image.Image, colour: tuple[int, int, int], strength: float = 1.0) -> None:
    small = mask.resize((SIZE_PX, SIZE_PX), Image.Resampling.BOX).point(lambda value: round(value * strength))
    image.paste(colour, mask=small)


def scaled(*values: float) -> tuple[float, ...]:
    """Parts of the width to pixels of a mask."""
    return tuple(value * SIZE_PX * FINE for value in values)


def draw_waves(image: Image.Image, centre: tuple[float, float]) -> None:
    """Faint rings that spread from the bubble, as from an aerial."""
    for ring in range(1, 6):
        mask, pen = canvas()
        radius = 0.30 + 0.115 * ring
        box = scaled(centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        pen.ellipse(box, outline=255, width=round(scaled(0.012)[0]))
        paint(image, mask, PAPER, 0.10 - 0.014 * ring)


def draw_bubble(image: Image.Image, centre: tuple[float, float], width: float, height: float) -> None:
    x, y = centre
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    mask, pen = canvas()
    pen.rounded_rectangle(scaled(left, top, right, bottom), radius=scaled(0.105)[0], fill=255)
    tail = (left + 0.12, bottom - 0.01), (left + 0.27, bottom - 0.01), (left + 0.105, bottom + 0.10)
    pen.polygon([scaled(*corner) for corner in tail], fill=255)
    paint(image, mask, PAPER)
    draw_strokes(image, centre)


def draw_strokes(image: Image.Image, centre: tuple[float, float]) -> None:
    """Text on the left, sound on the right, in strokes of one width; one bar in the accent colour."""
    x, y = centre
    lines = [
        (x - 0.27, y + 0.074 * (index - (len(LINES) - 1) / 2), 0.18 * length, STROKE)
        for index, length in enumerate(LINES)
    ]
    bars = [(x - 0.024 + 0.064 * index, y, STROKE, 0.30 * height) for index, height in enumerate(WAVE)]
    accent = bars.pop(ACCENTED)
    for colour, strokes in ((INK, lines + bars), (ACCENT, [accent])):
        mask, pen = canvas()
        for left, middle, width, height in strokes:
            box = scaled(left, middle - height / 2, left + width, middle + height / 2)
            pen.rounded_rectangle(box, radius=scaled(STROKE / 2)[0], fill=255)
        paint(image, mask, colour)


def find_font(wanted: Path | None) -> Path | None:
    """The font named, or the first of FONTS that is installed.  Raises OSError where the named one cannot be read."""
    for name in [str(wanted)] if wanted else FONTS:
        try:
            return Path(str(ImageFont.truetype(name, 10).path))
        except OSError:
            if wanted:
                raise
    return None


def simplified(path: Path, size: float) -> ImageFont.FreeTypeFont:
    """A font file may hold several faces; Simplified Chinese forms are wanted where there is a choice."""
    for index in range(64):
        try:
            font = ImageFont.truetype(path, size, index=index)
        except OSError:
            break
        if " SC" in (font.getname()[0] or ""):
            return font
    return ImageFont.truetype(path, size)


def draw_title(image: Image.Image, title: str, path: Path, centre: tuple[float, float], width: float) -> None:
    """The title on one line, as large as it fits, spaced a little."""
    size, spacing = 0.215 * SIZE_PX * FINE, 0.05
    font = simplified(path, size)
    wide = font.getlength(title) + spacing * size * (len(title) - 1)
    size *= min(1.0, width * SIZE_PX * FINE / wide)
    font = font.font_variant(size=size)
    mask, pen = canvas()
    x, y = scaled(*centre)
    x -= (font.getlength(title) + spacing * size * (len(title) - 1)) / 2
    for character in title:
        pen.text((x, y), character, fill=255, font=font, anchor="lm")
        x += font.getlength(character) + spacing * size
    paint(image, mask, PAPER)


def cover(title: str, font: Path | None) -> Image.Image:
    image = background()
    centre = (0.5, 0.36) if font else (0.5, 0.47)
    draw_waves(image, centre)
    draw_bubble(image, centre, 0.70, 0.44)
    if font:
        draw_title(image, title, font, (0.5, 0.815), 0.86)
    return image


def jpeg(image: Image.Image) -> bytes:
    """The best quality that keeps the limit; a large title or many colours may need less than the first."""
    for quality in (88, 84, 80, 75, 70, 65, 60):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, subsampling=0)
        if buffer.tell() < LIMIT_BYTES:
            break
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("assets/cover.jpg"))
    parser.add_argument("--title", default="新闻播报", help="one line; empty: the mark alone")
    parser.add_argument("--font", type=Path, help="a font file with the title's characters")
    arguments = parser.parse_args()
    try:
        font = find_font(arguments.font)
    except OSError as error:
        parser.error(f"{arguments.font}: {error}; name a TrueType or OpenType file")
    if not arguments.title:
        font = None
    elif font is None:
        print("no Chinese font found: the cover carries the mark alone; --font FILE adds the title", file=sys.stderr)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(jpeg(cover(arguments.title, font)))
    print(f"{arguments.output}  {arguments.output.stat().st_size // 1000} kB  {font or 'no title'}")


if __name__ == "__main__":
    main()
