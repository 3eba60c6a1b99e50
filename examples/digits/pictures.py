"""Draws the ten digits with a thick pen and puts them in a bucket, as pictures to classify."""

import io
from typing import Any

from PIL import Image, ImageDraw

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
BUCKET = "digits"
SIDE = 256

_PEN = 34
# The pen's way on a field of 8 x 8, one list of points for each stroke.
_STROKES = {
    "zero": [
        [(4, 0.6), (2.5, 1.6), (2.1, 4), (2.5, 6.4), (4, 7.4), (5.5, 6.4), (5.9, 4), (5.5, 1.6), (4, 0.6)]
    ],
    "one": [[(2.4, 3.0), (4.2, 0.8), (4.2, 7.4)]],
    "two": [[(2.2, 1.8), (3.2, 0.7), (4.6, 0.7), (5.2, 2.0), (4.6, 3.8), (2.4, 7.2), (5.8, 7.2)]],
    "three": [[(2.2, 0.9), (4.6, 0.7), (5.3, 2.0), (3.6, 3.7), (5.3, 5.2), (4.7, 6.8), (2.2, 7.2)]],
    "four": [[(3.8, 0.6), (1.6, 4.8), (6.2, 4.8)], [(4.6, 3.0), (4.2, 7.4)]],
    "five": [[(5.6, 0.7), (2.8, 0.7), (2.5, 3.4), (4.6, 3.2), (5.4, 5.0), (4.5, 7.0), (2.3, 7.2)]],
    "six": [[(4.4, 0.6), (2.8, 2.8), (2.3, 5.4), (3.4, 7.3), (5.2, 6.9), (5.6, 5.2), (4.4, 4.2), (2.6, 5.2)]],
    "seven": [[(2.0, 0.8), (5.6, 0.8), (4.4, 4.0), (3.2, 7.4)], [(2.8, 4.0), (5.6, 4.0)]],
    "eight": [
        [(4, 0.6), (2.6, 1.8), (3.2, 3.4), (5.2, 5.4), (4.8, 7.0), (3.4, 7.2)],
        [(4, 0.6), (5.3, 1.6), (4.6, 3.6), (3.0, 5.2), (3.4, 7.2)],
    ],
    "nine": [
        [(5.2, 3.0), (3.6, 3.9), (2.6, 2.6), (3.6, 0.8), (5.2, 1.2), (5.3, 3.4), (4.9, 6.0), (3.0, 7.3)]
    ],
}


def upload(client: Any) -> list[str]:
    """Make the bucket, put one picture of each digit in it, and return the keys."""
    client.create_bucket(Bucket=BUCKET)
    keys = [f"{name}.png" for name in NAMES]
    for name, key in zip(NAMES, keys, strict=True):
        client.put_object(Bucket=BUCKET, Key=key, Body=draw(name), ContentType="image/png")
    return keys


def draw(name: str) -> bytes:
    """The digit called `name`, dark on light, as a PNG file."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    drawing = ImageDraw.Draw(picture)
    for stroke in _STROKES[name]:
        points = [(x * SIDE / 8, y * SIDE / 8) for x, y in stroke]
        drawing.line(points, fill=0, width=_PEN, joint="curve")
        for x, y in points:
            drawing.circle((x, y), _PEN / 2, fill=0)
    stored = io.BytesIO()
    picture.save(stored, "PNG")
    return stored.getvalue()
