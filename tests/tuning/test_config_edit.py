"""Single numbers of a config.yaml are changed; everything else stays, to the last comment."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headway.tuning.config_edit import with_number, write_numbers
from headway.tuning.errors import TuningError

PC = ("runtime", "predict_concurrency")
CT = ("model_metadata", "headway", "concurrency_target")


def test_a_number_that_stands_there_is_replaced_beside_its_comment():
    text = "# top\nruntime:\n  predict_concurrency: 1 # one\n  other: x\n"
    assert with_number(text, PC, 4) == text.replace("1 # one", "4 # one")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "runtime:\n  predict_concurrency: 4\n"),
        ("# only words", "# only words\nruntime:\n  predict_concurrency: 4\n"),
        ("name: x # why", "name: x # why\nruntime:\n  predict_concurrency: 4\n"),
        ("runtime:\n    # why\n    a: 1\n", "runtime:\n    # why\n    predict_concurrency: 4\n    a: 1\n"),
        ("runtime: {a: 1} # flow\n", "runtime: {predict_concurrency: 4, a: 1} # flow\n"),
        ("runtime: {}\n", "runtime: {predict_concurrency: 4}\n"),
        ("runtime:\nname: x\n", "runtime: {predict_concurrency: 4}\nname: x\n"),
        ("runtime: null # none\n", "runtime: {predict_concurrency: 4} # none\n"),
        ("{name: x}\n", "{runtime: {predict_concurrency: 4}, name: x}\n"),
        ("runtime:\r\n  predict_concurrency: 1\r\n", "runtime:\r\n  predict_concurrency: 4\r\n"),
    ],
)
def test_a_number_is_added_where_it_belongs(text, expected):
    assert with_number(text, PC, 4) == expected


@pytest.mark.parametrize(
    "text",
    [
        "runtime: 5\n",
        "runtime: [1]\n",
        "a: &shared {predict_concurrency: 1}\nruntime: *shared\n",
        "runtime: {predict_concurrency: [1]}\n",
        "name: x\n...\n",
    ],
)
def test_what_cannot_be_changed_alone_is_left_with_a_hint(text):
    with pytest.raises(TuningError) as refused:
        with_number(text, PC, 4)
    assert "predict_concurrency" in refused.value.hint


def test_both_numbers_are_written_and_the_file_keeps_its_mode(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("model_metadata:\n  tags: [a] # mine\n")
    file.chmod(0o640)
    write_numbers(file, {PC: 2, CT: 5})
    assert yaml.safe_load(file.read_text()) == {
        "model_metadata": {"headway": {"concurrency_target": 5}, "tags": ["a"]},
        "runtime": {"predict_concurrency": 2},
    }
    assert "# mine" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


keys = st.sampled_from(["runtime", "model_metadata", "headway", "predict_concurrency", "name", "other"])
values = st.integers() | st.sampled_from(["", "a b", "# no", "é: x", "two\nlines"])
contents = st.dictionaries(keys, st.integers() | st.dictionaries(keys, values))


@given(contents, st.sampled_from([PC, CT]), st.booleans())
def test_nothing_else_ever_changes(content, path, is_flow):
    text = yaml.safe_dump(content, default_flow_style=is_flow, allow_unicode=True)
    try:
        changed = yaml.safe_load(with_number(text, path, 7))
    except TuningError:
        return
    place = changed
    for key in path[:-1]:
        place = place[key]
    assert place.pop(path[-1]) == 7
    original = yaml.safe_load(text)
    assert {name: value for name, value in changed.items() if name != path[0]} == {
        name: value for name, value in original.items() if name != path[0]
    }
