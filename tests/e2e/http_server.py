"""A small HTTP server for tests: usage: http_server.py FOLDER PORT_FILE

Listens on a free port of 127.0.0.1, whose number it writes to PORT_FILE. Below /files it
serves FOLDER; below /short the same cut in half, with the whole length promised; /moved sends
on to /files, and /round to itself; /slow never ends. Ends with its parent.
"""
import http.server
import os
import sys
import threading
import time

folder, port_file = sys.argv[1:3]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_GET(self):
        _, word, name = (self.path.split("?")[0] + "//").split("/")[:3]
        if word in ("moved", "round"):
            self.send_response(302)
            self.send_header("Location", f"/{'files' if word == 'moved' else word}/{name}")
            self.end_headers()
            return
        path = os.path.join(folder, os.path.basename(name))
        if word not in ("files", "short", "slow") or not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            content = file.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if word == "files" else content[: len(content) // 2])
        self.wfile.flush()
        if word == "slow":
            time.sleep(60)


def end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
with open(port_file + ".tmp", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".tmp", port_file)
server.serve_forever()
