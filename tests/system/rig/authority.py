"""Certificates for tests: a small authority of our own, by the openssl command."""
import os
import subprocess


class Authority:
    """Signs certificates; all its files lie in one folder."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        self.ca = self._path("ca.pem")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout",
                      self._path("ca.key"), "-out", self.ca)

    def _path(self, name):
        return os.path.join(self.folder, f"{self.name}-{name}")

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=20)

    def issue(self, name, names, expired=False):
        """(certificate, key) for names such as DNS:localhost,IP:127.0.0.1."""
        certificate, key, request, extra, database = (
            self._path(f"{name}.{end}") for end in ("pem", "key", "csr", "ext", "db"))
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        with open(extra, "w", encoding="ascii") as file:  # openssl ca alone can make an expired one
            file.write(f"[ca]\ndefault_ca=own\n[own]\ndatabase={database}\npolicy=any\n"
                       f"new_certs_dir={self.folder}\ndefault_md=sha256\nrand_serial=yes\n"
                       f"[any]\ncommonName=supplied\n[names]\nsubjectAltName={names}\n")
        open(database, "w", encoding="ascii").close()
        dates = ("20200101000000Z", "20200201000000Z") if expired else (
            "20200101000000Z", "20450101000000Z")
        self._openssl("ca", "-batch", "-config", extra, "-extensions", "names", "-notext",
                      "-cert", self.ca, "-keyfile", self._path("ca.key"), "-startdate", dates[0],
                      "-enddate", dates[1], "-in", request, "-out", certificate)
        return certificate, key
