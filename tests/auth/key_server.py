"""A server of key sets, real and as small as can be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class KeyServer:
    """Serves what `answer` writes; counts the requests."""

    def __init__(self, keys: bytes) -> None:
        self.requests = 0
        self.answer: Callable[[BaseHTTPRequestHandler], None] = self.body(keys)
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                outer.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._http.server_port}/keys"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    @staticmethod
    def body(data: bytes, status: int = 200, **headers: str) -> Any:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(data)))
            request.end_headers()
            request.wfile.write(data)

        return answer

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
