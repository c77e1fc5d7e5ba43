"""A real Prometheus that scrapes the programs of a fleet, twice a second."""
import http.client
import json
import os
import re
import tempfile
import urllib.parse

from .places import CHECKOUT, find_server, free_port
from .process import Process
from .wait import wait_until

ALERTS = os.path.join(CHECKOUT, "deploy", "alerts", "paperscout.yml")


def prometheus_is_there():
    try:
        return bool(find_server("prometheus") and find_server("promtool"))
    except FileNotFoundError:
        return False


def in_test_time(rules):
    """The rules with their times made short: what takes an hour in life takes seconds here."""
    rules = re.sub(r"\[\d+[mh]\]", "[8s]", rules)
    rules = re.sub(r"for: \d+[mh]", "for: 1s", rules)
    return rules.replace("> 900", "> 3").replace(") + 60", ") + 1").replace("> 3600 +", "> 1 +") \
        .replace("[65m]", "[8s]").replace("offset 1h", "offset 8s").replace("offset 15m", "offset 8s")


class Prometheus:
    def __init__(self, folder, programs, scrape_configs=None):
        """scrape_configs: in place of one job for all the programs."""
        self.scrape_configs = scrape_configs
        self.folder = tempfile.mkdtemp(prefix="prometheus-", dir=folder)
        self.programs = programs
        self.port = free_port()
        self.process = None

    def start(self):
        with open(ALERTS, encoding="utf-8") as file:
            self._write("rules.yml", in_test_time(file.read()))
        self.watch(self.programs)
        config = self._write("prometheus.yml", json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms",
                       "scrape_timeout": "500ms"},
            "rule_files": ["rules.yml"],
            "scrape_configs": self.scrape_configs or [
                {"job_name": "paperscout",
                 "file_sd_configs": [{"files": ["targets.json"], "refresh_interval": "1s"}]}]}))
        self.process = Process("prometheus", [
            find_server("prometheus"), f"--config.file={config}",
            f"--storage.tsdb.path={self.folder}/data", "--log.level=warn",
            f"--web.listen-address=127.0.0.1:{self.port}"], os.path.dirname(self.folder),
            cwd=self.folder)
        wait_until(lambda: self._get("/-/ready")[0] == 200, 20, "Prometheus is ready")

    def watch(self, programs):
        """Scrapes these from now on."""
        self.programs = list(programs)
        path = self._write("next.json", json.dumps(
            [{"targets": [f"127.0.0.1:{program.port}" for program in self.programs]}]))
        os.replace(path, os.path.join(self.folder, "targets.json"))

    def stop(self):
        if self.process:
            self.process.stop()

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def _get(self, path):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("GET", path)
            answer = link.getresponse()
            return answer.status, answer.read()
        finally:
            link.close()

    def _api(self, path):
        status, text = self._get(f"/api/v1/{path}")
        answer = json.loads(text)
        if status != 200 or answer["status"] != "success":
            raise ValueError(f"{path}: {answer}")
        return answer["data"]

    def query(self, expression):
        return self._api("query?" + urllib.parse.urlencode({"query": expression}))["result"]

    def rules(self):
        """{alert: expression}"""
        return {rule["name"]: rule["query"] for group in self._api("rules")["groups"]
                for rule in group["rules"]}

    def firing(self):
        return {labels["alertname"] for labels in self.firing_labels()}

    def firing_labels(self):
        return [alert["labels"] for alert in self._api("alerts")["alerts"] if alert["state"] == "firing"]

    def raised(self):
        """Alerts that are pending or fire."""
        return {alert["labels"]["alertname"] for alert in self._api("alerts")["alerts"]}

    def up(self):
        return sum(float(one["value"][1]) for one in self.query("up"))
