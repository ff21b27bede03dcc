"""server: a shop on a free port, as scripted: what it was asked is kept."""

import http.server
import json
import threading
import time


class Shop(http.server.ThreadingHTTPServer):
    """answers: (status, headers, body) in order, the last one again and again; "drop": no answer;
    or what makes one of these when it is asked."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.asked = []
        self.delay = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.server_port

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        shop = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shop.asked.append((self.command, self.path, dict(self.headers), body.decode()))
        time.sleep(shop.delay)
        says = shop.answers[min(len(shop.asked), len(shop.answers)) - 1]
        says = says() if callable(says) else says
        if says == "drop":
            self.close_connection = True
            return
        status, headers, content = says
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # whoever asked has gone

    def log_message(self, *words):
        pass
