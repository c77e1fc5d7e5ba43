"""An HTTP proxy that is asked for CONNECT tunnels, and counts them."""
import select
import socket
import socketserver
import threading


class HttpProxy:
    """allowed: a set of ports that it connects to; anything else is answered with 403, as a company's
    proxy does it. .asked are the targets."""

    def __init__(self, allowed):
        self.allowed = allowed
        self.asked = []
        self.plain = []  # requests that were no CONNECT
        self.process = None  # as the rig's other parts
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                line = self.rfile.readline().decode()
                while self.rfile.readline().strip():
                    pass
                method, target = (line.split() + ["", ""])[:2]
                if method != "CONNECT":
                    proxy.plain.append(line)
                    self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                    return
                proxy.asked.append(target)
                host, _, port = target.rpartition(":")
                if int(port) not in proxy.allowed:
                    self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                    return
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                self.wfile.flush()
                with socket.create_connection((host.strip("[]"), int(port)), 5) as link:
                    self.relay(link)

            def relay(self, link):
                ends = {self.connection: link, link: self.connection}
                while True:
                    for end in select.select(list(ends), [], [], 30)[0]:
                        data = end.recv(65536)
                        if not data:
                            return
                        ends[end].sendall(data)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that hangs up

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
