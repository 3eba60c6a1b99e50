"""Downloads from a server on this machine that breaks off and fails as told."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from headway.control.packages import downloads
from headway.control.packages.downloads import download
from headway.control.packages.entries import PreparationError

CONTENT = bytes(range(256)) * 400


class Played(BaseHTTPRequestHandler):
    """Answers each request with the next of the server's `answers`; notes the range that was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.headers.get("range"))
        status, body, length, etag = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("content-length", str(length))
        if etag:
            self.send_header("etag", etag)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Played) as played:
        played.asked, played.answers = [], []
        played.url = f"http://127.0.0.1:{played.server_port}/weights.bin"
        thread = threading.Thread(target=played.serve_forever, args=(0.01,))
        thread.start()
        yield played
        played.shutdown()
        thread.join(5)


def whole(etag=""):
    return 200, CONTENT, len(CONTENT), etag


def broken_off(at, etag=""):
    return 200, CONTENT[:at], len(CONTENT), etag


def test_a_file_is_downloaded_once_and_kept_unchangeable_with_its_digest(server, tmp_path):
    server.answers = [whole()]
    said = []
    path = download(server.url, tmp_path / "downloads", said.append)
    assert path.read_bytes() == CONTENT
    assert download(server.url, tmp_path / "downloads", said.append) == path
    assert len(server.asked) == 1
    assert path.stat().st_mode & 0o222 == 0
    assert hashlib.sha256(CONTENT).hexdigest() in (path.parent / "manifest.json").read_text()
    assert re.fullmatch(rf"downloading {server.url}: 0\.[01] of 0\.1 MB", said[0])


def test_what_broke_off_is_resumed_where_the_server_names_the_version(server, tmp_path):
    server.answers = [broken_off(1000, '"v1"'), (206, CONTENT[1000:], len(CONTENT) - 1000, '"v1"')]
    assert download(server.url, tmp_path, print).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]


@pytest.mark.parametrize("etag", ["", 'W/"v1"'])
def test_what_broke_off_begins_anew_where_equal_bytes_are_not_promised(server, tmp_path, etag):
    server.answers = [broken_off(1000, etag), whole()]
    assert download(server.url, tmp_path, print).read_bytes() == CONTENT
    assert server.asked == [None, None]


def test_a_file_that_changed_meanwhile_is_taken_whole(server, tmp_path):
    server.answers = [broken_off(1000, '"v1"'), whole('"v2"')]
    assert download(server.url, tmp_path, print).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]


def test_a_server_in_trouble_is_asked_again_a_little(server, tmp_path):
    server.answers = [(503, b"", 0, "")] * downloads.ATTEMPTS
    with pytest.raises(PreparationError, match="the server answered 503") as raised:
        download(server.url, tmp_path, print)
    assert server.url in raised.value.message
    assert len(server.asked) == downloads.ATTEMPTS
    server.answers = [whole()]
    assert download(server.url, tmp_path, print).read_bytes() == CONTENT


def test_a_file_that_is_not_there_is_told_at_once(server, tmp_path):
    server.answers = [(404, b"", 0, "")]
    with pytest.raises(PreparationError, match="the server answered 404"):
        download(server.url, tmp_path, print)
    assert len(server.asked) == 1
