"""Which name a model gets from what its author wrote: two of different names never meet."""

import itertools
import unicodedata

import pytest

from headway.control.desired.catalog import NAME
from headway.control.packages.names import former_note, renamed_note, served_name
from headway.model_server.truss.truss_config import parse_config


def name_of(tmp_path, model_name=None, folder="folder"):
    config = parse_config("" if model_name is None else f"model_name: {model_name!r}", tmp_path)
    return served_name(config, tmp_path / folder)


@pytest.mark.parametrize("name", ["echo", "Echo", "llama-3.1_8b", "7b", "a" * 64, "model", "a-", "a."])
def test_a_name_that_fits_in_a_url_stays_as_it_is(tmp_path, name):
    assert name_of(tmp_path, name) == name
    assert name_of(tmp_path, None, name) == name
    assert renamed_note(parse_config(f"model_name: {name!r}", tmp_path), tmp_path) == ""


DIFFERENT = [
    *("日本語", "中文", "😀", "😀😀", "?", "/", "model", "-", "...", "_", "__"),
    *("my model", "my-model", "my/model", "my  model", "my_model", "my@model", " my-model", "my-model "),
    *("Größe 7/8", "Gr-e 7/8", "Gr-e-7-8", "größe 7/8", "Grosse", "_echo", "echo", "-echo", "echo\n"),
    *("a" * 65, "a" * 66, "a" * 64, "a" * 63 + "é", "a" * 200, "a/" * 200, "a@" * 200),
]


def test_models_of_different_names_never_meet(tmp_path):
    names = [name_of(tmp_path, one) for one in DIFFERENT]
    assert [one for one in names if not NAME.fullmatch(one)] == []
    for (one, its), (other, others) in itertools.combinations(zip(DIFFERENT, names, strict=True), 2):
        assert its != others, (one, other)
    assert names == [name_of(tmp_path, one) for one in DIFFERENT], "and each has the same name the next time"


def test_a_name_that_loses_characters_keeps_what_can_be_read(tmp_path):
    assert name_of(tmp_path, "Größe 7/8").startswith("Gr-e-7-8-")
    assert name_of(tmp_path, "日本語").startswith("model-")
    assert name_of(tmp_path, None, "my model").startswith("my-model-")


def test_one_name_in_two_spellings_of_unicode_is_one_name(tmp_path):
    composed, apart = (unicodedata.normalize(form, "Größe") for form in ("NFC", "NFD"))
    assert composed != apart
    assert name_of(tmp_path, composed) == name_of(tmp_path, apart)


def test_a_name_that_was_changed_is_told_with_the_way_to_choose_one(tmp_path):
    config = parse_config("model_name: 日本語", tmp_path)
    note = renamed_note(config, tmp_path)
    assert "日本語" in note
    assert served_name(config, tmp_path) in note
    assert "--name" in note


@pytest.mark.parametrize(
    ("wanted", "former"), [("日本語", "model"), ("my model", "my-model"), ("echo-", "echo")]
)
def test_who_may_have_another_name_in_what_is_stored_is_told_of_it(tmp_path, wanted, former):
    config = parse_config(f"model_name: {wanted!r}", tmp_path)
    assert f"--name {former}" in former_note(config, tmp_path, ["other", former])
    assert former_note(config, tmp_path, ["other"]) == ""
    assert former_note(parse_config(f"model_name: {former}", tmp_path), tmp_path, [former]) == ""
