"""Cases about the fleet as the manifests of the overlay prod describe it, with the servers of a test."""
import datetime
import json
import os

from .cluster import Cluster
from .cycles import CycleCase
from .fleet import DEFAULTS
from .index import made_index
from .manifests import need_tools, overlay
from .places import CHECKOUT
from .wait import wait_until

SIGNING_SECRET = "signing-secret-of-a-test"
SECRETS_APART = ("REDIS_URL", "DATABASE_URL", "HEALTH_PORT", "PORT", "LOG_FORMAT")


class KubeCase(CycleCase):
    def start_cluster(self, backend=None, delay_ms=20, **settings):
        self.prepare_cluster(backend, delay_ms, **settings)
        self.make_roles()
        self.cluster.apply(self.kustomization())

    def prepare_cluster(self, backend=None, delay_ms=20, **settings):
        """Servers, and a cluster in which nothing is installed yet."""
        need_tools()
        self.drafts = []
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()}, "drafts": {},
             "rules": {"slow": {"match": "/files/*", "delay_ms": delay_ms}}},
            REDIS_KEY_PREFIX="{paperscout}:")
        self.fleet.start_servers()
        self.settings = {**self.fleet.settings_for(), "NOTIFY_SINK": "slack", "OPS_ALERT_CHANNEL": "#ops",
                         **settings}
        self.cluster = Cluster(self.fleet.folder, backend)
        self.cluster.servers = {"PGHOST": "127.0.0.1", "PGPORT": str(self.fleet.postgres.port), "PGDATABASE": "postgres"}
        self.fleet.extras.append(self.cluster)

    def database_urls(self):
        """By the key of the Secret paperscout-postgres."""
        url = self.fleet.postgres.url
        return {"url": url, "owner-url": url,
                **{f"{name}-url": url.replace("//paperscout@", f"//paperscout_{name}@") for name in ("scheduler", "notifier")}}

    def secret_objects(self, prefix="", redis=None, database="postgres"):
        """The Secrets as a person makes them, by hand."""
        keys = {"redis": {"url": (redis or self.fleet.redis).url},
                "postgres": {key: url.rpartition("/")[0] + "/" + database for key, url in self.database_urls().items()},
                "slack": {"bot-token": "xoxb-test", "signing-secret": SIGNING_SECRET}}
        return [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{prefix}paperscout-{name}"}, "stringData": values}
                for name, values in keys.items()]

    def make_roles(self, database="postgres"):
        """As the administrator of an external PostgreSQL does."""
        with open(os.path.join(CHECKOUT, "deploy", "roles.sql"), encoding="utf-8") as file:
            self.fleet.postgres.execute(file.read(), database)

    def settings_apart(self):
        """The settings of this test that belong into the ConfigMap, as text."""
        return {name: str(value) for name, value in self.settings.items() if name not in SECRETS_APART}

    def kustomization(self, resource=None, with_secrets=True, **change):
        """Folder of an overlay over prod, or over another folder: the settings and secrets of this test."""
        self.settings.update(change)
        number = len([name for name in os.listdir(self.fleet.folder) if name.startswith("overlay-")])
        folder = os.path.join(self.fleet.folder, f"overlay-{number}")
        os.mkdir(folder)
        literals = [f"{name}={value}" for name, value in self.settings_apart().items()]
        secrets = {"redis": [f"url={self.fleet.redis.url}"],
                   "postgres": [f"{key}={url}" for key, url in self.database_urls().items()],
                   "slack": ["bot-token=xoxb-test", f"signing-secret={SIGNING_SECRET}"]}
        wanted = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "namespace": "paperscout", "resources": [os.path.relpath(resource or overlay("prod"), folder)],
            "configMapGenerator": [{"name": "paperscout-settings", "behavior": "merge",
                                    "literals": literals}],
            "secretGenerator": [{"name": f"paperscout-{name}", "literals": values,
                                 "behavior": "merge" if resource == overlay("dev") else "create"}
                                for name, values in secrets.items() if with_secrets]}
        with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
            json.dump(wanted, file)
        return folder

    def add_drafts(self, count=1):
        """As of every case, but modified at a time that does not move with a clock."""
        at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        fresh = [f"D{1050 + len(self.drafts) + i:04d}R0" for i in range(count)]
        self.fleet.upstream.patch({"drafts": {
            f"{draft}.pdf": {"modified": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "text": draft} for draft in fresh}})
        self.drafts += fresh

    def leader(self, seconds=15):
        """The pod that holds the lease."""
        def look():
            value = self.fleet.redis.call("GET", self.fleet.redis.key("leader")) or ""
            return next((pod for pod in self.cluster.pods("scheduler")
                         if pod.name == value.rpartition(":")[0]), None)
        return wait_until(look, seconds, "somebody leads")


# What the settings of every test have that the manifests give too stays theirs.
assert set(SECRETS_APART) - {"REDIS_URL", "DATABASE_URL"} <= set(DEFAULTS)
