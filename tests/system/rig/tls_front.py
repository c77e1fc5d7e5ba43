"""A real nginx that speaks TLS in front of servers that do not, each under a certificate of its own; upgrades to WebSocket pass through."""
import os
import socket

from .places import find_server, free_port
from .process import Process
from .wait import wait_until

CONFIG = """
daemon off; master_process off; worker_processes 1;
{user}pid {folder}/front.pid; error_log {folder}/front-error.log warn;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/front-body; proxy_temp_path {folder}/front-proxy;
    fastcgi_temp_path {folder}/front-f; uwsgi_temp_path {folder}/front-u; scgi_temp_path {folder}/front-s;
    access_log off;
    map $http_upgrade $connection_header {{ default upgrade; '' close; }}
{servers}}}
"""
SERVER = """    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        location / {{
            proxy_pass http://127.0.0.1:{target}; proxy_http_version 1.1; proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_header;
            proxy_buffering off; proxy_read_timeout 300s;
        }}
    }}
"""


class TlsFront:
    """ports: for each (certificate, key, port behind it) the port that speaks TLS."""

    def __init__(self, folder, servers):
        self.ports = [free_port() for _ in servers]
        blocks = "".join(SERVER.format(port=port, certificate=certificate, key=key, target=target)
                         for port, (certificate, key, target) in zip(self.ports, servers))
        path = os.path.join(folder, "front.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=folder, servers=blocks, user="user root; " if os.geteuid() == 0 else ""))
        self.process = Process("front", [find_server("nginx"), "-p", folder, "-c", path], folder)
        for port in self.ports:
            wait_until(lambda port=port: socket.create_connection(("127.0.0.1", port), 1), 10, "nginx listens").close()

    def stop(self):
        self.process.stop()
