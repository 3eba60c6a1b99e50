"""The file that tells, after a replica's death too, which request was in which stage."""

import pytest

from headway.core.stages import IN_REPLICA, Stage
from headway.telemetry.stage_board import BoardReader, board_beside, board_path, count_at, open_board


@pytest.fixture
def both(tmp_path):
    board = open_board(tmp_path / "r.stages")
    reader = BoardReader(tmp_path / "r.stages")
    yield board, reader
    reader.close()


def test_a_reader_sees_the_stage_as_soon_as_it_is_entered_and_none_once_it_is_left(both):
    board, reader = both
    row = board.take("abc1")
    assert reader.stage_of(b"abc1") == ""
    for stage in IN_REPLICA:
        board.enter(row, stage)
        assert reader.stage_of(b"abc1") == stage.words
    assert reader.inside() == {"send": ["abc1"]}
    board.leave(row)
    assert (reader.stage_of(b"abc1"), reader.inside()) == ("", {})


def test_ids_are_told_apart_though_one_ends_or_begins_another(both):
    board, reader = both
    for stage, identity in zip(IN_REPLICA, ("ab", "b", "abc"), strict=False):
        board.enter(board.take(identity), stage)
    told = [reader.stage_of(one) for one in (b"ab", b"b", b"abc", b"c")]
    assert told == ["preprocess", "gate wait", "predict", ""]


def test_a_row_is_used_again_and_forgets_a_longer_id(both):
    board, reader = both
    row = board.take("a-long-one")
    board.enter(row, Stage.PREDICT)
    board.leave(row)
    assert board.take("a") == row
    board.enter(row, Stage.PREDICT)
    assert reader.inside() == {"predict": ["a"]}


def test_what_is_too_much_or_too_long_is_not_noted_or_cut(both):
    board, reader = both
    rows = [board.take(str(number)) for number in range(1100)]
    assert -1 in rows
    board.enter(-1, Stage.PREDICT)
    board.leave(-1)
    assert reader.inside() == {}
    board.leave(rows[0])
    board.enter(board.take("x" * 100), Stage.PREDICT)
    assert reader.stage_of(b"x" * 100) == "predict"


def test_a_reader_reads_on_when_the_file_is_removed_and_finds_nothing_where_none_was(tmp_path):
    board = open_board(tmp_path / "r.stages")
    reader = BoardReader(tmp_path / "r.stages")
    (tmp_path / "r.stages").unlink()
    board.enter(board.take("a"), Stage.PREDICT)
    assert reader.stage_of(b"a") == "predict"
    reader.close()
    for nowhere in (reader, BoardReader(None), BoardReader(tmp_path / "none")):
        assert (nowhere.stage_of(b"a"), nowhere.inside()) == ("", {})


def test_the_requests_of_a_stage_are_counted_at_the_replicas_address(tmp_path):
    address = f"unix:{tmp_path / '7.held'}"
    board = open_board(board_path(address))
    rows = [board.take(f"request-{number}") for number in range(5)]
    for row in rows[:3]:
        board.enter(row, Stage.GATE_WAIT)
    board.enter(rows[3], Stage.PREDICT)
    assert (count_at(address, Stage.GATE_WAIT), count_at(address, Stage.PREDICT)) == (3, 1)
    board.leave(rows[0])
    assert count_at(address, Stage.GATE_WAIT) == 2
    assert count_at("tcp:elsewhere:80", Stage.GATE_WAIT) == 0
    assert count_at(f"unix:{tmp_path / 'gone'}", Stage.GATE_WAIT) == 0


def test_whatever_a_model_writes_there_can_be_read(tmp_path):
    path = tmp_path / "r.stages"
    for content in (b"", b"\xff" * 10, b"\xff" * 65536, b"\x03evil\nline".ljust(64, b"\0") * 2):
        path.write_bytes(content)
        reader = BoardReader(path)
        assert isinstance(reader.stage_of(b"evil"), str)
        assert all(one.isprintable() for held in reader.inside().values() for one in held)
        reader.close()


def test_without_a_place_for_the_file_a_replica_notes_all_the_same(tmp_path):
    for board in (open_board(None), open_board(tmp_path / "none" / "r.stages"), board_beside(None)):
        board.enter(board.take("a"), Stage.PREPROCESS)
    assert board_path("tcp:host:1") is None
