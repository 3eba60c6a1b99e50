import pytest

from headway.core.isolation import CHOICES, Isolation


def test_it_is_chosen_by_the_words_of_config_yaml():
    assert CHOICES == ("none", "sandbox", "auto")
    assert [Isolation(one) for one in CHOICES] == [Isolation.NONE, Isolation.SANDBOX, Isolation.AUTO]


@pytest.mark.parametrize("word", ["", "None", "bubblewrap"])
def test_other_words_choose_nothing(word):
    with pytest.raises(ValueError, match="is not a valid Isolation"):
        Isolation(word)
