import base64
import importlib.util
import io
from pathlib import Path

import pytest
import yaml
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


def module_of(example, name):
    specification = importlib.util.spec_from_file_location(name, EXAMPLES / example / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def example_input(example):
    config = yaml.safe_load((EXAMPLES / example / "config.yaml").read_text())
    return config["model_metadata"]["example_model_input"]


def test_the_input_of_digits_names_a_picture_that_serve_puts_into_the_bucket():
    pictures = module_of("digits", "pictures")
    bucket, key = example_input("digits")["image"].removeprefix("s3://").split("/")
    assert bucket == pictures.BUCKET
    assert key.removesuffix(".png") in pictures.NAMES


@pytest.mark.parametrize("digit", range(10))
def test_every_picture_of_a_digit_is_dark_ink_on_light_paper(digit):
    pictures = module_of("digits", "pictures")
    picture = Image.open(io.BytesIO(pictures.draw(pictures.NAMES[digit])))
    dark = picture.histogram()[0] / (pictures.SIDE * pictures.SIDE)
    assert picture.size == (pictures.SIDE, pictures.SIDE)
    assert 0.1 < dark < 0.4


def test_the_input_of_receipts_is_a_picture():
    picture = Image.open(io.BytesIO(base64.b64decode(example_input("receipts")["image"], validate=True)))
    picture.load()
    assert picture.size == (300, 160)
