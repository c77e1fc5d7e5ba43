#!/usr/bin/env python3
"""deploy/compose.yaml, the systemd units and the nginx example: right names, settings that the programs take, and
nothing more allowed than needed."""
import concurrent.futures
import http.client
import http.server
import importlib
import math
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

from rig import program_path, wait_until
from rig.fleet import environment
from rig.manifests import COMPONENTS, parse_yaml
from rig.places import CHECKOUT, find_server, free_port

DEPLOY = os.path.join(CHECKOUT, "deploy")
sys.path.insert(0, os.path.join(CHECKOUT, "tests", "lint"))
DECIDED = importlib.import_module("compose_names").DECIDED


def known_settings():
    text = subprocess.run([program_path("paperscout-scheduler"), "--env-example"], check=True,
                          capture_output=True, text=True).stdout
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))


class DeployCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="paperscout-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def check_settings(self, component, values):
        """Every name is a setting of the program, and check-config takes them all."""
        self.assertEqual({name.removesuffix("_FILE") for name in values} - known_settings(), set())
        done = subprocess.run([program_path(f"paperscout-{component}"), "check-config"], cwd=self.folder,
                              env=environment(values), capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""), component)
        return dict(line.split("=", 1) for line in done.stdout.splitlines())


class Compose(DeployCase):
    def setUp(self):
        super().setUp()
        self.secrets = os.path.join(self.folder, "secrets")
        subprocess.run([os.path.join(DEPLOY, "secrets.sh"), self.secrets], check=True, capture_output=True)
        with open(os.path.join(DEPLOY, "compose.yaml"), encoding="utf-8") as file:
            self.text = file.read()
        self.compose = parse_yaml(self.text)[0]

    def test_each_service_has_settings_that_its_program_takes(self):
        for component in COMPONENTS:
            service = self.compose["services"][component]
            values = {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))
                      for name, value in service["environment"].items() if value is not None}
            self.assertLessEqual(set(service["environment"]) - set(values), known_settings())
            self.assertNotIn("${", str(values))
            mounted = {f"/run/secrets/{name}" for name in service["secrets"]}
            files = {value for name, value in values.items() if name.endswith("_FILE")}
            self.assertEqual(files, mounted)
            told = self.check_settings(component, {
                name: value.replace("/run/secrets", self.secrets) for name, value in values.items()})
            self.assertEqual((told["REDIS_URL"], told["HEALTH_BIND_HOST"]), ("(set)", "0.0.0.0"))
            self.assertEqual("SHADOW" in values, component != "worker", "deploy/MIGRATE.md sets it from outside")
            grace = int(service["stop_grace_period"].rstrip("s"))
            self.assertGreaterEqual(grace, float(told["SHUTDOWN_GRACE_SECONDS"]) + 5)
            for name in set(told) - DECIDED:
                passed = service["environment"].get(name, "not at all")
                self.assertTrue(passed is None or passed.startswith(f"${{{name}:-"), f"{component}: {name} is {passed}")

    def test_the_owner_migrates_and_programs_have_roles_of_their_own(self):
        services = self.compose["services"]
        self.assertEqual(services["migrate"]["command"], ["migrate"])
        self.assertEqual(services["migrate"]["secrets"], ["database-url"])
        self.assertEqual(services["roles"]["depends_on"], {"migrate": {"condition": "service_completed_successfully"}})
        self.assertIn("./roles.sql:/roles.sql:ro", services["roles"]["volumes"])
        script = services["roles"]["command"][-1]
        self.assertLessEqual(set(re.findall(r"/run/secrets/([\w-]+)", script)), set(services["roles"]["secrets"]))
        for component in ("scheduler", "notifier"):
            self.assertEqual(services[component]["depends_on"]["roles"], {"condition": "service_completed_successfully"})
            self.assertNotIn("database-url", services[component]["secrets"])
            with open(os.path.join(self.secrets, f"postgres-password-{component}"), encoding="utf-8") as file:
                password = file.read()
            with open(os.path.join(self.secrets, f"{component}-database-url"), encoding="utf-8") as file:
                self.assertEqual(file.read(), f"postgresql://paperscout_{component}:{password}@postgres:5432/paperscout\n")
        self.assertNotIn("postgres", str(services["worker"]["secrets"]))
        for name in ("migrate", "roles"):
            self.assertEqual((services[name]["restart"], services[name]["networks"], services[name]["read_only"],
                              services[name]["cap_drop"], services[name]["user"]),
                             ("on-failure", ["inside"], True, ["ALL"], "10001:10001"))

    def test_services_may_do_little_and_only_stores_are_unreachable(self):
        services = self.compose["services"]
        for name in COMPONENTS:
            service = services[name]
            self.assertEqual((service["read_only"], service["user"], service["cap_drop"],
                              service["security_opt"]),
                             (True, "10001:10001", ["ALL"], ["no-new-privileges:true"]))
            self.assertIn("mem_limit", service)
        for name in ("redis", "postgres"):
            self.assertEqual(services[name]["networks"], ["inside"])
            self.assertNotIn("ports", services[name])
        self.assertIs(self.compose["networks"]["inside"]["internal"], True)
        ports = [port for service in services.values() for port in service.get("ports", [])]
        self.assertTrue(ports and all(port.startswith("127.0.0.1:") for port in ports), ports)

    def test_secrets_are_made_once_and_fit_each_other(self):
        def read():
            texts = {}
            for name in sorted(os.listdir(self.secrets)):
                with open(os.path.join(self.secrets, name), encoding="utf-8") as file:
                    texts[name] = file.read()
            return texts
        first = read()
        for secret in self.compose["secrets"].values():
            self.assertIn(os.path.basename(secret["file"]), first)
        self.assertIn(f"requirepass {first['redis-password']}\n", first["redis.conf"])
        self.assertEqual(first["redis-url"], f"redis://:{first['redis-password']}@redis:6379/0\n")
        self.assertRegex(first["postgres-password"], r"\A[A-Za-z0-9]{32}\Z")
        self.assertNotEqual(first["postgres-password"], first["redis-password"])
        subprocess.run([os.path.join(DEPLOY, "secrets.sh"), self.secrets], check=True, capture_output=True)
        self.assertEqual(read(), first)

    def test_the_composer_takes_it(self):
        if shutil.which("docker-compose") is None:
            self.skipTest("there is no docker-compose on this machine")
        path = os.path.join(self.folder, "compose.yaml")
        with open(path, "w", encoding="utf-8") as file:  # version 1 has no name
            file.write(re.sub(r"^name:.*$", "", self.text, flags=re.MULTILINE))
        done = subprocess.run(["docker-compose", "-f", path, "config", "--quiet"], capture_output=True, text=True,
                              env={**os.environ, "PAPERSCOUT_SECRETS": self.secrets}, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


def constant(path, name):
    """What an enum, or a default, of the source says, in its units."""
    with open(os.path.join(CHECKOUT, path), encoding="utf-8") as file:
        found = re.search(rf"{name} =\s+(?:\(size_t\))?([0-9 *]+)[,;]", file.read())
    return math.prod(int(factor) for factor in found[1].split("*"))


class Limits(unittest.TestCase):
    """What is over its limit is killed as a whole: a site must not be able to do that with what is within the caps."""

    def limits(self, component):
        with open(os.path.join(CHECKOUT, "k8s", "base", f"{component}.yaml"), encoding="utf-8") as file:
            pod = next(item for item in parse_yaml(file.read()) if item["kind"] == "Deployment")["spec"]["template"]["spec"]
        yield pod["containers"][0]["resources"]["limits"]["memory"].removesuffix("Mi")
        with open(os.path.join(DEPLOY, "compose.yaml"), encoding="utf-8") as file:
            yield parse_yaml(file.read())[0]["services"][component]["mem_limit"].removesuffix("m")
        unit = "paperscout-worker@.service" if component == "worker" else f"paperscout-{component}.service"
        with open(os.path.join(DEPLOY, "systemd", unit), encoding="utf-8") as file:
            yield re.search(r"^MemoryMax=(\d+)M$", file.read(), re.MULTILINE)[1]

    def test_what_the_caps_let_through_fits(self):
        draft = constant("worker/io/document_child.h", "PS_DOCUMENT_PDF_MAX")
        page = constant("worker/io/document_child.h", "PS_DOCUMENT_HTML_MAX")
        children = constant("worker/io/document_parser.c", "CHILDREN_MAX")
        child = constant("worker/io/document_child.c", "TOOL_MEMORY")
        index = constant("scheduler/core/paper_index.h", "PS_INDEX_BYTES_MAX")
        values = constant("scheduler/core/paper_index.h", "PS_INDEX_VALUES_MAX")
        needs = {
            # each draft is in memory as it came and as the child's file; the pages of HTTP_CONCURRENCY probes may wait
            "worker": children * (child + 2 * draft) + 20 * page + 64 * 2**20,
            # 64 bytes a value for the parser; the text as it came, as parsed, in two snapshots, on its way to PostgreSQL
            "scheduler": values * 64 + 5 * index + 64 * 2**20,
            "notifier": 64 * 2**20}
        for component, need in needs.items():
            limits = {int(limit) for limit in self.limits(component)}
            self.assertEqual(len(limits), 1, f"{component}: {limits} in k8s, compose.yaml and systemd")
            self.assertGreaterEqual(limits.pop() * 2**20, need, component)

    def test_a_worker_may_have_a_thread_for_each_request(self):
        """curl looks names up in threads; where one cannot start, the probe is an error."""
        with open(os.path.join(CHECKOUT, "shared", "core", "config.def"), encoding="utf-8") as file:
            most = int(re.search(r"HTTP_CONCURRENCY, +INT, +\"20\", 1, (\d+),", file.read())[1])
        with open(os.path.join(DEPLOY, "compose.yaml"), encoding="utf-8") as file:
            self.assertGreaterEqual(parse_yaml(file.read())[0]["services"]["worker"]["pids_limit"], most + 16)
        with open(os.path.join(DEPLOY, "systemd", "paperscout-worker@.service"), encoding="utf-8") as file:
            self.assertGreaterEqual(int(re.search(r"^TasksMax=(\d+)$", file.read(), re.MULTILINE)[1]), most + 16)


class Images(unittest.TestCase):
    def test_the_base_is_pinned_and_its_packages_are_todays(self):
        """What is in the base already is copied into the images too: installing alone would leave it as old as that."""
        with open(os.path.join(DEPLOY, "Dockerfile"), encoding="utf-8") as file:
            text = file.read()
        self.assertRegex(text, r"(?m)^ARG BASE=docker\.io/library/debian:trixie-\d{8}-slim@sha256:[0-9a-f]{64}$")
        run = re.search(r"(?m)^RUN (apt-get(?:.*\\\n)*.*)$", text)[1]
        self.assertEqual(re.findall(r"apt-get (?:-\S+ (?:\S+=\d+ )?)*(\w+)", run), ["update", "upgrade", "install"])
        with open(os.path.join(DEPLOY, "images.sh"), encoding="utf-8") as file:
            self.assertIn(" trixie-security main", file.read())

    def test_whoever_names_a_version_names_this_one(self):
        version = subprocess.run([program_path("paperscout-worker"), "--version"], check=True, capture_output=True,
                                 text=True).stdout.split()[1]
        named = {}
        for name, pattern in (("Dockerfile", r"(?m)^ARG VERSION=(\S+)$"), ("compose.yaml", r"image: paperscout-\w+:(\S+)"),
                              ("THREATS.md", r"paperscout-\w+:(\d\S+)"), ("../k8s/base/kustomization.yaml", r"newTag: (\S+)"),
                              ("../k8s/overlays/prod/kustomization.yaml", r"newTag: (\S+)")):
            with open(os.path.join(DEPLOY, name), encoding="utf-8") as file:
                named[name] = set(re.findall(pattern, file.read()))
        self.assertEqual(named, dict.fromkeys(named, {version}))

    def test_a_release_is_refused_where_versions_differ(self):
        version = subprocess.run([program_path("paperscout-worker"), "--version"], check=True, capture_output=True,
                                 text=True).stdout.split()[1]
        script = os.path.join(DEPLOY, "release", "release.sh")

        def release(*arguments):
            return subprocess.run([script, "--dry-run", *arguments], capture_output=True, text=True, timeout=30)
        done = release("--registry", "registry.example.com/Team", f"v{version}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("Team", done.stdout)  # no registry takes a capital letter
        for component in ("scheduler", "worker", "notifier"):
            self.assertRegex(done.stdout, f"buildx build --platform linux/amd64\\\\,linux/arm64 --target {component} .*--sbom=true")
            self.assertIn(f"cosign sign --yes registry.example.com/team/paperscout-{component}@sha256:", done.stdout)
            self.assertIn(f"digest {component} sha256:", done.stdout)
        self.assertIn(f"helm push paperscout-{version}.tgz oci://registry.example.com/team/charts", done.stdout)
        done = release("--registry", "registry.example.com/team", "v99.0.0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("CMakeLists.txt says version", done.stderr)
        for wrong in ((f"v{version}",), ("--registry", "x", version), ("--registry", "x", "v1.0"), ("--fly",)):
            self.assertEqual(release(*wrong).returncode, 64, wrong)

    def test_the_release_workflow_runs_what_is_there(self):
        with open(os.path.join(DEPLOY, "release", "release.yml"), encoding="utf-8") as file:
            jobs = parse_yaml(file.read())[0]["jobs"]
        self.assertEqual(jobs["publish"]["needs"], "test")
        for job in jobs.values():
            for step in job["steps"]:
                for path in re.findall(r"(?:deploy|\.ci)/\S+", step.get("run", "")):
                    self.assertTrue(os.path.exists(os.path.join(CHECKOUT, path)), path)

    def test_the_list_of_packages_has_what_no_package_ships(self):
        """Whose authorities an image trusts, and of which day, is the first thing to ask when a certificate is refused."""
        with open(os.path.join(DEPLOY, "Dockerfile"), encoding="utf-8") as file:
            bundle = re.search(r"/etc/ssl/certs/\S+\.crt", file.read())[0]
        sys.path.insert(0, os.path.join(DEPLOY, "image"))
        self.addCleanup(sys.path.remove, sys.path[0])
        self.assertEqual(importlib.import_module("collect").packages_of({bundle}), ["ca-certificates"])

    def test_no_time_of_the_build_is_left(self):
        """Else the same files would be another layer each time; links and what they lead to included."""
        with tempfile.TemporaryDirectory() as out:
            os.makedirs(os.path.join(out, "usr", "lib"))
            with open(os.path.join(out, "usr", "lib", "a.so"), "w", encoding="ascii"):
                pass
            for target, name in (("usr/lib", "lib"), ("usr/sbin", "sbin"), ("a.so", "usr/lib/b.so")):
                os.symlink(target, os.path.join(out, name))
            sys.path.insert(0, os.path.join(DEPLOY, "image"))
            self.addCleanup(sys.path.remove, sys.path[0])
            importlib.import_module("collect").settle(out, 1000)
            late = [os.path.join(folder, name) for folder, folders, files in os.walk(out)
                    for name in [*folders, *files, "."] if os.lstat(os.path.join(folder, name)).st_mtime != 1000]
            self.assertEqual(late, [])


class Systemd(DeployCase):
    def units(self):
        for name in sorted(os.listdir(os.path.join(DEPLOY, "systemd"))):
            if name.endswith(".service"):
                with open(os.path.join(DEPLOY, "systemd", name), encoding="utf-8") as file:
                    yield name, re.search(r"paperscout-(\w+)", name)[1], file.read()

    def test_settings_and_credentials_are_those_of_the_program(self):
        ports = set()
        for name, component, text in self.units():
            values = dict(pair.split("=", 1) for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
                          for pair in line.split())
            credentials = dict(re.findall(r"^LoadCredential=([^:]+):(.*)$", text, re.MULTILINE))
            files = {value.removeprefix("%d/") for key, value in values.items() if key.endswith("_FILE")}
            self.assertEqual(files, set(credentials), name)
            for key, value in (("redis-url", "redis://localhost"), ("database-url", "postgresql://x@localhost/x"),
                               ("slack-bot-token", "x"), ("slack-signing-secret", "x")):
                with open(os.path.join(self.folder, key), "w", encoding="ascii") as file:
                    file.write(value)
            own = re.search(rf"^ExecStart=/usr/bin/env (.*) /usr/local/bin/paperscout-{component}$", text, re.MULTILINE)
            own = [pair.split("=", 1) for pair in own[1].split()]
            values.update(own)
            told = self.check_settings(component, {
                key: value.replace("%d", self.folder).replace("%i", "1").replace("%H", "host")
                for key, value in values.items()})
            ports.add(told["HEALTH_PORT"])
            stop = int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[1])
            self.assertGreaterEqual(stop, float(told["SHUTDOWN_GRACE_SECONDS"]) + 5)
            self.assertEqual({key for key, _ in own}, {"INSTANCE_ID", "HEALTH_PORT"}, "said after the file, it wins")
        self.assertEqual(len(ports), 3, "two programs would want one port")

    def test_what_is_enabled_as_it_says_starts_with_the_machine(self):
        if shutil.which("systemctl") is None:
            self.skipTest("there is no systemctl on this machine")
        place = os.path.join(self.folder, "etc", "systemd", "system")
        os.makedirs(place)
        for name in os.listdir(os.path.join(DEPLOY, "systemd")):
            shutil.copy(os.path.join(DEPLOY, "systemd", name), place)
        with open(os.path.join(place, "paperscout.target"), encoding="utf-8") as file:
            names = re.search(r"^#   systemctl enable --now (.*)$", file.read(), re.MULTILINE)[1].split()
        subprocess.run(["systemctl", f"--root={self.folder}", "enable", *names], check=True, capture_output=True)

        def wanted_by(target):
            folder = os.path.join(place, f"{target}.wants")
            return {unit for unit in (os.listdir(folder) if os.path.isdir(folder) else [])
                    for unit in {unit} | wanted_by(unit)}
        self.assertEqual({re.sub(r"@?\d?\.service$", "", unit) for unit in wanted_by("multi-user.target")},
                         {"paperscout.target", *(f"paperscout-{component}" for component in COMPONENTS)})

    def test_systemd_knows_every_line_and_finds_them_shut_well(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("there is no systemd-analyze on this machine")
        for name, component, text in self.units():
            path = os.path.join(self.folder, name.replace("@", "@1"))
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(f"/usr/local/bin/paperscout-{component}",
                                        program_path(f"paperscout-{component}")))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True,
                                  timeout=60)
            about = [line for line in done.stderr.splitlines() if "paperscout" in line]
            self.assertEqual(about, [], name)
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", path],
                                  capture_output=True, text=True, timeout=60)
            found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
            self.assertIsNotNone(found, done.stdout + done.stderr)
            self.assertLess(float(found[1]), 2.0, name)


class Backend(http.server.BaseHTTPRequestHandler):
    got = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Backend.got.append((self.path, body, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class BackendServer(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # Python's 5 overflow in a flood: a connection then takes a second, or is a 504


class NginxExample(DeployCase):
    def setUp(self):
        super().setUp()
        try:
            nginx, openssl = find_server("nginx"), find_server("openssl")
        except FileNotFoundError as error:
            self.skipTest(str(error))
        subprocess.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "privkey.pem", "-out",
                        "fullchain.pem", "-days", "2", "-subj", "/CN=paperscout.example.com"], cwd=self.folder,
                       check=True, capture_output=True)
        backend = BackendServer(("127.0.0.1", 0), Backend)
        threading.Thread(target=backend.serve_forever, daemon=True).start()
        self.addCleanup(backend.server_close)
        self.addCleanup(backend.shutdown)
        Backend.got = []
        self.port = free_port()
        with open(os.path.join(DEPLOY, "nginx", "paperscout.conf"), encoding="utf-8") as file:
            text = file.read()
        for old, new in (("127.0.0.1:3000", f"127.0.0.1:{backend.server_port}"),
                         ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                         ("    listen [::]:443 ssl;\n", ""), ("/etc/ssl/paperscout", self.folder)):
            self.assertIn(old, text)
            text = text.replace(old, new)
        folders = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in
                          ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(("user root;\n" if os.geteuid() == 0 else "") +
                       f"daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/error.log;\n"
                       f"events {{}}\nhttp {{\naccess_log off;\n{folders}{text}}}\n")
        self.server = subprocess.Popen([nginx, "-p", self.folder, "-c", config], stderr=subprocess.DEVNULL)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.terminate)
        wait_until(lambda: self.ask("GET", "/")[0] == 404, 10, "nginx answers")

    def ask(self, method, path, body=None):
        context = ssl.create_default_context(cafile=os.path.join(self.folder, "fullchain.pem"))
        context.check_hostname = False
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        try:
            link.request(method, path, body, {"X-Slack-Signature": "v0=abc"} if body else {})
            answer = link.getresponse()
            return answer.status, answer.headers
        finally:
            link.close()

    def test_only_what_slack_posts_comes_through(self):
        self.assertEqual([self.ask("POST", path, b"{}")[0] for path in
                          ("/slack/events", "/slack/commands", "/slack/other", "/health", "/metrics")],
                         [200, 200, 404, 404, 404])
        self.assertEqual([path for path, _, _ in Backend.got], ["/slack/events", "/slack/commands"])
        self.assertEqual(Backend.got[0][2]["X-Slack-Signature"], "v0=abc")
        status, headers = self.ask("GET", "/slack/events")
        self.assertEqual(status, 403)
        self.assertIn("max-age", headers["Strict-Transport-Security"])
        self.assertEqual(self.ask("POST", "/slack/events", b"x" * 70000)[0], 413)
        self.assertEqual(len(Backend.got), 2)

    def test_a_flood_is_turned_away(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: self.ask("POST", "/slack/events", b"{}")[0], range(300)))
        self.assertEqual(set(statuses), {200, 429})
        self.assertGreaterEqual(statuses.count(200), 41)


if __name__ == "__main__":
    unittest.main()
