"""What a line of a requirements file names."""

import pytest

from headway.control.packages.requirement_lines import Names, lines_of


@pytest.mark.parametrize(
    ("text", "names", "target"),
    [
        ("six==1.17.0", Names.NOTHING, ""),
        ("six>=1 ; platform_version == 'a/b'", Names.NOTHING, ""),
        ("six;platform_version=='a/b'", Names.NOTHING, ""),
        ("six  # ./not/this", Names.NOTHING, ""),
        ("own @ https://example.com/own.whl", Names.NOTHING, ""),
        ("git+https://example.com/own.git@main#egg=own", Names.NOTHING, ""),
        ("-e git+ssh://git@example.com/own.git", Names.PACKAGE, ""),
        ("--extra-index-url https://example.com/simple", Names.INDEX, ""),
        ("--extra-index-url ./simple", Names.INDEX, "./simple"),
        ("--find-links https://example.com/wheels", Names.LINKS, ""),
        ("--find-links ./data", Names.LINKS, "./data"),
        ("--find-links=./data", Names.LINKS, "./data"),
        ("-f data", Names.LINKS, "data"),
        ("-fdata", Names.LINKS, "data"),
        ('-f "my data"', Names.LINKS, "my data"),
        ("-f file:///srv/data", Names.LINKS, "file:///srv/data"),
        ("-r base.txt", Names.INCLUDED, "base.txt"),
        ("-rbase.txt", Names.INCLUDED, "base.txt"),
        ("--requirement=base.txt", Names.INCLUDED, "base.txt"),
        ("-c ../bounds.txt", Names.CONSTRAINTS, "../bounds.txt"),
        ("-r https://example.com/base.txt", Names.INCLUDED, ""),
        ("-e ./own", Names.PACKAGE, "./own"),
        ("-e .", Names.PACKAGE, "."),
        ("-e ./own[all]", Names.PACKAGE, "./own"),
        ("--editable=libs/own", Names.PACKAGE, "libs/own"),
        ("./own", Names.PACKAGE, "./own"),
        ("./own ; python_version < '4'", Names.PACKAGE, "./own"),
        ("./own[a,b]", Names.PACKAGE, "./own"),
        ("libs/own", Names.PACKAGE, "libs/own"),
        ("own-1.0-py3-none-any.whl", Names.PACKAGE, "own-1.0-py3-none-any.whl"),
        ("own-1.0.tar.gz --hash=sha256:00", Names.PACKAGE, "own-1.0.tar.gz"),
        ("own @ file:///srv/own.whl", Names.PACKAGE, "file:///srv/own.whl"),
        ("own[x]@./own.whl", Names.PACKAGE, "./own.whl"),
        ("~/own", Names.PACKAGE, "~/own"),
        ("/srv/own", Names.PACKAGE, "/srv/own"),
        ("--no-index", Names.NOTHING, ""),
        ("--no-binary :all:", Names.NOTHING, ""),
        ("-r", Names.INCLUDED, ""),
        ('-f "unfinished', Names.NOTHING, ""),
    ],
)
def test_what_a_line_names(text, names, target):
    [line] = lines_of(text)
    assert (line.names, line.target) == (names, target)


def test_lines_go_on_after_a_backslash_and_comments_are_nothing():
    text = "# all\nsix==1 \\\n  --hash=sha256:00\n\n-f a -f b\n"
    assert [line.text for line in lines_of(text)] == ["six==1   --hash=sha256:00", "-f a", "-f b"]


def test_a_url_of_a_file_is_a_path():
    [line] = lines_of("own @ file:///srv/my%20own.whl#sha256=00")
    assert line.path == "/srv/my own.whl"
    assert line.naming("./own.whl") == "own @ ./own.whl#sha256=00"


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("-e e", "-e ./x"),
        ("--editable edit", "--editable ./x"),
        ("./own[own] ; sys_platform != './own'", "./x[own] ; sys_platform != './own'"),
        ("own-1.0.whl @ ./own-1.0.whl", "own-1.0.whl @ ./x"),
    ],
)
def test_another_path_stands_where_the_first_stood(text, renamed):
    [line] = lines_of(text)
    assert line.naming("./x") == renamed
