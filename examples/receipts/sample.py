"""Draws a receipt and prints it in base64, as `config.yaml` carries it."""

import base64
import io

from PIL import Image, ImageDraw, ImageFont

LINES = (
    ("CORNER BAKERY", ""),
    ("Rye bread", "4.20"),
    ("Coffee", "2.80"),
    ("TOTAL", "7.00"),
)
WIDTH, MARGIN, LINE = 300, 12, 34


def draw() -> bytes:
    """The receipt as a small PNG file."""
    picture = Image.new("L", (WIDTH, 2 * MARGIN + LINE * len(LINES)), 255)
    drawing = ImageDraw.Draw(picture)
    font = ImageFont.load_default(20)
    for position, (left, right) in enumerate(LINES):
        y = MARGIN + LINE * position
        drawing.text((MARGIN, y), left, fill=0, font=font)
        drawing.text((WIDTH - MARGIN, y), right, fill=0, font=font, anchor="ra")
    stored = io.BytesIO()
    picture.quantize(2).save(stored, "PNG", optimize=True)
    return stored.getvalue()


if __name__ == "__main__":
    print(base64.b64encode(draw()).decode())
