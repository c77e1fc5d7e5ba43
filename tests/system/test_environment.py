#!/usr/bin/env python3
"""What libraries would take from the environment is not used: a proxy there, libpq's variables. A proxy
is used where HTTP_PROXY_URL names one, and the address guard judges the target then too."""
import json
import unittest

from rig import FleetCase, wait_until
from rig.http_proxy import HttpProxy
from rig.index import made_index


class Environment(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet({"index": {"inline": made_index()},
                                      "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
                                     POLL_INTERVAL_SECONDS="1")
        self.fleet.start_servers()
        self.proxy = HttpProxy({self.fleet.upstream.port})
        self.fleet.extras.append(self.proxy)

    def probe(self, url, **settings):
        status, text, error = self.fleet.command("worker", "probe", url, **settings)
        self.assertTrue(text, error)
        return json.loads(text.splitlines()[0])

    def test_variables_of_libraries_are_ignored(self):
        bad = {name: "http://127.0.0.1:1" for name in ("http_proxy", "HTTPS_PROXY", "all_proxy")}
        bad.update({"PGOPTIONS": "-c statement_timeout=1", "PGHOST": "/nowhere", "PGUSER": "nobody",
                    "PGTARGETSESSIONATTRS": "standby"})
        scheduler = self.fleet.start("scheduler", **bad)
        self.fleet.start("worker", **bad)
        self.fleet.wait_cycles(1, 30)
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM discovered"), 30, "a draft is found")
        self.assertTrue(any("PGOPTIONS" in event["name"] for event in scheduler.events("CONFIG-WARNING")))
        # The guard judges what it judges without a proxy.
        found = self.probe("http://127.0.0.1:1/D1052R0.pdf", ALLOW_PRIVATE_UPSTREAMS="false", **bad)
        self.assertEqual((found["outcome"], found["failure_category"]), ("error", "CONFIGURATION"))

    def test_the_proxy_of_the_settings(self):
        settings = {"HTTP_PROXY_URL": self.proxy.url}
        self.fleet.start("scheduler", **settings)
        self.fleet.start("worker", **settings)
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM discovered"), 30, "a draft is found")
        target = f"127.0.0.1:{self.fleet.upstream.port}"
        self.assertEqual(set(self.proxy.asked), {target})
        self.assertEqual(self.proxy.plain, [])
        with self.subTest("what the proxy refuses is no miss"):
            found = self.probe("http://127.0.0.1:9/D1052R0.pdf", PROBE_MAX_ATTEMPTS="1", **settings)
            self.assertEqual((found["outcome"], found["failure_category"]), ("error", "NETWORK"), found)
        with self.subTest("nor one that is away"):
            found = self.probe(f"http://{target}/files/D1052R0.pdf", PROBE_MAX_ATTEMPTS="1",
                               HTTP_PROXY_URL="http://127.0.0.1:1")
            self.assertEqual((found["outcome"], found["failure_category"]), ("error", "NETWORK"), found)
        with self.subTest("the target is judged, not the proxy"):
            own = HttpProxy({self.fleet.upstream.port})  # the fleet goes on asking the other one
            self.fleet.extras.append(own)
            for url in (f"http://{target}/x.pdf", "http://localhost:80/x.pdf", "http://[::1]:80/x.pdf",
                        "http://[::ffff:10.0.0.1]/x.pdf", "http://169.254.169.254/x.pdf"):
                found = self.probe(url, ALLOW_PRIVATE_UPSTREAMS="false", HTTP_PROXY_URL=own.url)
                self.assertEqual(found["failure_category"], "CONFIGURATION", (url, found))
            self.assertEqual(own.asked, [])
        with self.subTest("exceptions"):
            found = self.probe(f"http://{target}/files/none.pdf", HTTP_PROXY_EXCEPT="127.0.0.1",
                               HTTP_PROXY_URL="http://127.0.0.1:1")
            self.assertEqual(found["outcome"], "miss", found)


if __name__ == "__main__":
    unittest.main()
