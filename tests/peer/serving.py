"""What the servers in Python have in common: a free port of this machine, and lines of JSON on standard output, as
`server.mjs` has them. A server ends when its standard input does."""

import json
import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def tell(**line):
    print(json.dumps(line), flush=True)


def serve(build):
    """Serves what `build` makes of the issuer: the application, and the members of the first line."""
    server = make_server("127.0.0.1", 0, None, handler_class=Quiet)
    issuer = f"http://127.0.0.1:{server.server_port}"
    application, ready = build(issuer)
    server.set_app(application)
    threading.Thread(target=end_with_input, daemon=True).start()
    tell(issuer=issuer, **ready)
    server.serve_forever()


def end_with_input():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)
