from headway.core.stages import IN_REPLICA, LABELS, Stage


def test_every_stage_has_a_label_of_its_own_and_words():
    assert list(LABELS) == list(Stage)
    assert len(set(LABELS.values())) == len(Stage)
    assert [stage.words for stage in IN_REPLICA] == [
        "preprocess",
        "gate wait",
        "predict",
        "postprocess",
        "send",
    ]
