"""A program that serves HTTP by itself, from the standard library alone: what a Truss with `docker_server` runs.

Its port is asked for as `--port`, its paths say what they do. It never speaks of what it is tested for.
"""

import base64
import hashlib
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_WEBSOCKET_ID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_left = threading.Event()


def _hold(place):
    """Work that cannot stop: it says that it has begun, and goes on until it is told to end, by files."""
    Path(f"{place}.begun").touch()
    while not Path(f"{place}.end").exists():
        time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade") == "websocket":
            self._websocket()
        elif self.path == "/health":
            self._answer({"ready": True})
        elif self.path == "/left":
            self._answer({"left": _left.wait(0.3)})
        elif self.path == "/end":
            os._exit(9)
        elif self.path == "/until-close":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"no length")
            self.close_connection = True
        else:
            self._answer({"path": self.path, "port": self.server.server_port, "pid": os.getpid()})

    def do_POST(self):
        if self.path == "/stream":
            self._stream()
            return
        body = self._body()
        if self.path == "/until-told":
            _hold(body.decode())
        if self.path == "/slow":
            time.sleep(float(body))
        if self.path == "/size":
            self._answer({"bytes": len(body)})
            return
        self._answer(
            {
                "path": self.path,
                "body": body.decode(),
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "greeting": os.environ["GREETING"],
                "port": [self.server.server_port, os.environ["PORT"], os.environ["HEADWAY_SERVER_PORT"]],
            }
        )

    def _stream(self):
        """Send each chunk of the body back as it comes, and then, if asked to, numbers for ever."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in self._chunks():
            self._send_chunk(chunk)
            if chunk == b"for ever":
                try:
                    while True:
                        self._send_chunk(b"x" * 1000)
                        time.sleep(0.01)
                except OSError:
                    _left.set()
                    self.close_connection = True
                    return
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _websocket(self):
        key = self.headers["Sec-WebSocket-Key"] + _WEBSOCKET_ID
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header(
            "Sec-WebSocket-Accept",
            base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode(),
        )
        self.end_headers()
        self.close_connection = True
        while True:  # small masked frames, sent back unmasked
            first, length = self.rfile.read(2)
            length &= 0x7F
            mask, masked = self.rfile.read(4), self.rfile.read(length)
            data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))
            self.wfile.write(bytes((first, length)) + data)
            if first & 0x0F == 8:
                return

    def _body(self):
        return b"".join(self._chunks())

    def _chunks(self):
        if "Content-Length" in self.headers:
            yield self.rfile.read(int(self.headers["Content-Length"]))
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    sys.stdout.write("server.py ends as it was asked to\n")


if __name__ == "__main__":
    main()
