"""A local nginx that has no draft: 404 to every request, on kept connections; also TLS and HTTP/2."""
import os
import socket

from rig.places import find_server, free_port
from rig.process import Process
from rig.upstream import Nginx
from rig.wait import wait_until

CONFIG = """
{user}daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx-error.log warn;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-f; uwsgi_temp_path {folder}/nginx-u;
    scgi_temp_path {folder}/nginx-s;
    access_log off; tcp_nodelay on; keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{tls} ssl http2;
        server_name localhost;
        ssl_certificate {folder}/tls.crt; ssl_certificate_key {folder}/tls.key;
        location / {{ return 404; }}
    }}
}}
"""


class DraftSite(Nginx):
    def __init__(self, folder):
        super().__init__(folder, None)
        self.plain, self.tls = free_port(), free_port()

    @property
    def http_url(self):
        return f"http://127.0.0.1:{self.plain}/"

    @property
    def https_url(self):
        return f"https://localhost:{self.tls}/"

    def start(self):
        self._make_certificate()
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(user="user root;\n" if os.geteuid() == 0 else "",
                                     folder=self.folder, plain=self.plain, tls=self.tls))
        self.process = Process("nginx", [find_server("nginx"), "-p", self.folder, "-c", path],
                               self.folder)
        wait_until(lambda: socket.create_connection(("127.0.0.1", self.plain), 1), 10,
                   "nginx listens").close()
