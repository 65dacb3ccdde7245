"""A mirror that means harm: usage: endless_mirror.py PORT_FILE [CERTIFICATE KEY]

Whatever is asked for below /endless never ends, below /lying is announced as 16 EiB, below
/headers has headers without end, and below /file, /ftp and /gopher is elsewhere, by that protocol.
Listens on a free port of 127.0.0.1, whose number it writes to PORT_FILE; with a certificate, by
https. Ends with its parent.
"""
import http.server
import os
import ssl
import sys
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *words):
        pass

    def do_GET(self):
        word = (self.path + "//").split("/")[1]
        try:
            if word in ("file", "ftp", "gopher"):
                self.send_response(302)
                self.send_header("Location", f"{word}:///etc/passwd")
                self.end_headers()
                return
            self.send_response(200)
            if word == "headers":
                self.flush_headers()
                while True:
                    self.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")
            if word == "lying":
                self.send_header("Content-Length", str(1 << 60))
            self.end_headers()
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            pass


def end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
with open(sys.argv[1] + ".tmp", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
server.serve_forever()
