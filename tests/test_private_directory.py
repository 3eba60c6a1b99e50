import os
import stat

import pytest

from headway.private_directory import PrivateDirectoryError, is_own, make_folders, make_private

NOBODY = 65_534
of_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_one_that_is_not_there_is_made_for_this_user_alone_whatever_the_umask(tmp_path):
    previous = os.umask(0)
    try:
        make_private(tmp_path / "a" / "b")
    finally:
        os.umask(previous)
    assert mode(tmp_path / "a" / "b") == 0o700
    assert is_own(tmp_path / "a" / "b")


@pytest.mark.parametrize("content", [(), ("logs",), ("logs", "else")])
def test_others_are_shut_out_of_what_is_plainly_headways(tmp_path, content):
    directory = tmp_path / "data"
    directory.mkdir(mode=0o755)
    for name in content:
        (directory / name).touch()
    make_private(directory, marks=("logs",))
    assert mode(directory) == 0o700


def test_a_folder_with_other_things_is_left_as_it_is_and_refused(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home" / "letters").touch()
    with pytest.raises(PrivateDirectoryError, match="chmod 700"):
        make_private(tmp_path / "home", marks=("logs",))
    assert mode(tmp_path / "home") == 0o755


@pytest.mark.parametrize("others", [0o777, 0o770, 0o1777])
def test_what_others_may_have_written_to_is_not_trusted(tmp_path, others):
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(others)
    with pytest.raises(PrivateDirectoryError, match="other users can write"):
        make_private(tmp_path / "run")
    assert not is_own(tmp_path / "run")


@pytest.mark.parametrize("kind", ["link", "dangling", "file", "link to a file"])
def test_a_link_or_a_file_is_no_directory(tmp_path, kind):
    (tmp_path / "real").mkdir()
    (tmp_path / "file").touch()
    target = {"link": "real", "dangling": "nothing", "link to a file": "file"}.get(kind)
    if target is None:
        (tmp_path / "run").touch()
    else:
        (tmp_path / "run").symlink_to(tmp_path / target)
    with pytest.raises((PrivateDirectoryError, FileExistsError)):
        make_private(tmp_path / "run")
    assert not is_own(tmp_path / "run")


def test_where_a_link_may_be_it_counts_where_it_leads(tmp_path):
    (tmp_path / "disk").mkdir(mode=0o755)
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    make_private(tmp_path / "data", may_be_link=True)
    assert mode(tmp_path / "disk") == 0o700


@of_root
def test_what_another_user_made_first_is_refused(tmp_path):
    for path in (tmp_path / "run", tmp_path / "empty"):
        path.mkdir(mode=0o700)
        os.chown(path, NOBODY, NOBODY)
        with pytest.raises(PrivateDirectoryError, match=r"belongs to another user.*name another place"):
            make_private(path)
        assert not is_own(path)


def test_a_folder_above_that_everybody_may_write_to_is_refused_unless_it_is_sticky(tmp_path):
    (tmp_path / "above").mkdir()
    (tmp_path / "above").chmod(0o777)
    with pytest.raises(PrivateDirectoryError, match="everybody may write to"):
        make_private(tmp_path / "above" / "run")
    (tmp_path / "above").chmod(0o1777)
    make_private(tmp_path / "above" / "run")


def test_folders_that_are_made_above_it_are_private_too(tmp_path):
    make_folders(tmp_path / "run" / "one" / "secrets")
    made = (tmp_path / "run", tmp_path / "run" / "one", tmp_path / "run" / "one" / "secrets")
    assert [folder.stat().st_mode & 0o777 for folder in made] == [0o700] * 3
    make_folders(tmp_path / "run" / "one" / "secrets")
