"""A collector of OpenTelemetry's spans that keeps what it is sent."""

import functools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Collector:
    """A collector of OTLP over HTTP: what it was posted, as (path, headers, content)."""

    def __init__(self, status=200):
        self.posts = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                collector.posts.append((self.path, dict(self.headers), content))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=functools.partial(self.server.serve_forever, 0.01))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
