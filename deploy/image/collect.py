#!/usr/bin/env python3
"""Makes the root of a small image from the Debian system it runs on: some programs, the libraries they
load, what these read at run time, and nothing else; no shell, no package manager.

    collect.py OUT [--without ROOT] [--sbom NAME] FILE...

Copies each FILE, and every library it needs, to OUT, at the same path; leaves out what ROOT has already.
For each Debian package that a copied file comes from, its record, checksums and copyright go along:
/var/lib/dpkg/status.d/PACKAGE, which image scanners read, and an SPDX 2.3 document of them all at
/usr/share/doc/paperscout/NAME.spdx.json. Standard library only. Exit status 1 when a library is missing.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

MADE_BY = {"/etc/ssl/certs/ca-certificates.crt": "ca-certificates"}  # when it was installed: dpkg does not know
LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def output(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def libraries(path):
    """The files that the loader would map for path, by the names it would open."""
    done = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if "not found" in done.stdout:
        raise SystemExit(f"{path}: {done.stdout}")
    return LIBRARY.findall(done.stdout) if done.returncode == 0 else []


class Root:
    def __init__(self, out, without):
        self.out = out
        self.without = without
        self.origins = set()  # files of this system that were copied
        for old in ("bin", "sbin", "lib", "lib64"):  # Debian 13: all of them are links into /usr
            self.link(f"usr/{old}", f"/{old}")

    def there(self, path):
        return any(os.path.lexists(root + path) for root in (self.out, self.without) if root)

    def link(self, target, path):
        if not self.there(path):
            os.makedirs(os.path.dirname(self.out + path) or "/", exist_ok=True)
            os.symlink(target, self.out + path)

    def add(self, path):
        """A file, or a link and what it leads to."""
        path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        real = os.path.realpath(path)
        if not self.there(real):
            os.makedirs(os.path.dirname(self.out + real), exist_ok=True)
            shutil.copy2(real, self.out + real)
            self.origins.add(real)
        if path != real:
            self.link(os.path.relpath(real, os.path.dirname(path)), path)

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.out + path), exist_ok=True)
        with open(self.out + path, "w", encoding="utf-8") as file:
            file.write(text)


def packages_of(files):
    """Debian packages that own one of the files."""
    names = set()
    for path in sorted(files):
        if path in MADE_BY:
            names.add(MADE_BY[path])
            continue
        done = subprocess.run(["dpkg-query", "--search", path], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        if done.returncode == 0:
            names.update(owner.strip() for owner in done.stdout.rsplit(": ", 1)[0].split(","))
    return sorted(names)


def record(root, package):
    """What a scanner needs to know a package by; gives its fields."""
    text = output("dpkg-query", "--status", package)
    name = package.split(":")[0]
    root.write(f"/var/lib/dpkg/status.d/{name}", text)
    for stem in (package, name):
        sums = f"/var/lib/dpkg/info/{stem}.md5sums"
        if os.path.exists(sums):
            shutil.copy2(sums, f"{root.out}/var/lib/dpkg/status.d/{name}.md5sums")
            break
    for copyright_path in (f"/usr/share/doc/{name}/copyright",):
        if os.path.exists(copyright_path):
            os.makedirs(root.out + os.path.dirname(copyright_path), exist_ok=True)
            shutil.copyfile(copyright_path, root.out + copyright_path)
    return {key: output("dpkg-query", "--show", f"--showformat=${{{field}}}", package) for key, field in (
        ("name", "binary:Package"), ("version", "Version"), ("architecture", "Architecture"),
        ("source", "source:Package"), ("source_version", "source:Version"), ("supplier", "Maintainer"))}


def spdx(name, version, found, created):
    """One SPDX document: the image contains each package."""
    def reference(package):
        return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{package['name']}-{package['version']}")

    packages = [{
        "SPDXID": reference(package), "name": package["name"].split(":")[0],
        "versionInfo": package["version"], "supplier": f"Organization: Debian ({package['supplier']})",
        "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
        "sourceInfo": f"built from {package['source']} {package['source_version']}",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{package['name'].split(':')[0]}@{package['version']}"
                                f"?arch={package['architecture']}&distro=debian-13"}],
    } for package in found]
    image = {"SPDXID": "SPDXRef-image", "name": name, "versionInfo": version, "filesAnalyzed": False,
             "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION",
             "licenseDeclared": "BSL-1.0", "copyrightText": "NOASSERTION"}
    digest = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": name, "documentNamespace": f"https://spdx.invalid/{name}-{version}-{digest[:16]}",
        "creationInfo": {"created": created, "creators": ["Tool: paperscout-collect"]},
        "packages": [image, *packages],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": "SPDXRef-image"}] + [
            {"spdxElementId": "SPDXRef-image", "relationshipType": "CONTAINS",
             "relatedSpdxElement": package["SPDXID"]} for package in packages]}


def settle(out, epoch):
    """The same files give the same image: no time of the build is left in them."""
    for folder, folders, files in os.walk(out, topdown=False):
        for name in [*files, *folders, "."]:  # a link to a folder counts as one
            os.utime(os.path.join(folder, name), (epoch, epoch), follow_symlinks=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--without", metavar="ROOT")
    parser.add_argument("--sbom", metavar="NAME", default="paperscout")
    parser.add_argument("--version", default="0")
    parser.add_argument("files", nargs="+", metavar="FILE")
    asked = parser.parse_args()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    os.makedirs(asked.out, exist_ok=True)
    root = Root(asked.out, asked.without)
    for path in asked.files:
        root.add(path)
        for library in libraries(path):
            root.add(library)
    found = [record(root, package) for package in packages_of(root.origins)]
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    root.write(f"/usr/share/doc/paperscout/{asked.sbom}.spdx.json",
               json.dumps(spdx(asked.sbom, asked.version, found, created), indent=1) + "\n")
    settle(asked.out, epoch)
    print(f"{asked.sbom}: {len(root.origins)} files of {len(found)} packages", file=sys.stderr)


if __name__ == "__main__":
    main()
