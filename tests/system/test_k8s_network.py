#!/usr/bin/env python3
"""Network policies, without a cluster: each way that a program needs is open, and every other one shut."""
import unittest

from rig.manifests import COMPONENTS, need_tools, objects, of_kind, overlay
from rig.reach import End, allowed, selects

INSIDE = "paperscout"
PUBLIC = ("93.184.216.34", "2606:2800:220:1::1")
NOT_OURS = ("10.0.0.9", "100.64.0.9", "127.0.0.1", "169.254.169.254", "172.16.0.9", "192.168.0.9", "fd00::9", "fe80::9")
DNS = End("DNS", "10.244.0.3", {"k8s-app": "kube-dns"}, "kube-system")
DNS_OF_NODE = End("NodeLocal DNSCache", "169.254.20.10")


def outside(address, name=None):
    return End(name or address, address)


def pod_in(namespace):
    return End(f"a pod in {namespace}", "10.244.0.9", {"app": "any"}, namespace)


class Network(unittest.TestCase):
    def setUp(self):
        need_tools()

    def use(self, name):
        found = objects(overlay(name))
        self.policies = list(of_kind(found, "NetworkPolicy").values())
        self.assertTrue(all(policy["metadata"]["namespace"] == INSIDE for policy in self.policies))
        self.pods = {}
        for item in found:
            if "template" in item.get("spec", {}):
                template = item["spec"]["template"]
                ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
                name = item["metadata"]["name"].removeprefix("paperscout-")
                self.pods[name] = End(name, "10.244.0.7", template["metadata"]["labels"], INSIDE, ports)
        self.fleet = [self.pods[name] for name in COMPONENTS]
        self.looked = 0

    def check(self, client, server, port, wanted, protocol="TCP"):
        self.looked += 1
        self.assertIs(allowed(self.policies, client, server, port, protocol), wanted,
                      f"{client} to {server}, {protocol} port {port}")

    def check_everywhere(self):
        """What is so in every overlay."""
        for pod in self.fleet:
            for dns in (DNS, DNS_OF_NODE):
                self.check(pod, dns, 53, True, "UDP")
                self.check(pod, dns, 53, True)
                self.check(pod, dns, 443, False)
            self.check(pod, pod_in("default"), 53, False, "UDP")
            for address in PUBLIC:
                for port in (443, 80):
                    self.check(pod, outside(address), port, True)
                for port in (22, 25, 5433, 8080):
                    self.check(pod, outside(address), port, False)
                self.check(pod, outside(address), 443, False, "UDP")
            for address in NOT_OURS:
                for port in (443, 80):
                    self.check(pod, outside(address), port, False)
            for other in self.fleet:
                self.check(pod, other, 8080, False)
                self.check(pod, other, 3000, False)
            for namespace in ("default", "kube-system", "ingress-nginx", "monitoring"):
                self.check(pod_in(namespace), pod, 8080, namespace == "monitoring")
                self.check(pod_in(namespace), pod, 3000,
                           namespace == "ingress-nginx" and pod.name == "notifier")
            self.check(outside(PUBLIC[0]), pod, 8080, False)
            self.check(outside(PUBLIC[0]), pod, 3000, False)

    def test_prod_reaches_its_stores_wherever_they_are(self):
        self.use("prod")
        self.check_everywhere()
        for pod in self.fleet:
            for where in (outside("10.9.0.1", "Redis elsewhere"), outside("198.51.100.7", "a public Redis"),
                          pod_in("redis")):
                for port in (6379, 6380, 26379):  # with TLS, and a Sentinel
                    self.check(pod, where, port, True)
            for where in (outside("10.9.0.2", "PostgreSQL elsewhere"), pod_in("postgres")):
                self.check(pod, where, 5432, pod.name != "worker")
        print(f"prod: {self.looked} ways looked at")

    def test_dev_has_stores_that_answer_the_fleet_alone(self):
        self.use("dev")
        self.check_everywhere()
        redis, postgres = self.pods["redis"], self.pods["postgres"]
        for pod in self.fleet:
            self.check(pod, redis, 6379, True)
            self.check(pod, postgres, 5432, pod.name != "worker")
            self.check(pod, redis, 22, False)
        for store, port in ((redis, 6379), (postgres, 5432)):
            for other in (redis, postgres, *map(pod_in, ("default", "monitoring", "ingress-nginx"))):
                self.check(other, store, port, False)
            for where, there in ((outside(PUBLIC[0]), 443), (redis, 6379), (postgres, 5432), (outside("10.9.0.1"), 6379)):
                self.check(store, where, there, False)
        print(f"dev: {self.looked} ways looked at")

    def test_a_policy_that_is_left_out_is_noticed(self):
        """By the tests above: each policy decides something. The one that denies by default covers what no other one
        selects, and every pod of ours is selected by others too."""
        self.use("prod")
        for policy in [policy for policy in self.policies if policy["metadata"]["name"] != "paperscout-default-deny"]:
            self.policies.remove(policy)
            with self.assertRaises(AssertionError, msg=policy["metadata"]["name"]):
                self.check_everywhere()
                self.check(self.pods["worker"], outside("10.9.0.1"), 6379, True)
                self.check(self.pods["notifier"], outside("10.9.0.2"), 5432, True)
            self.policies.append(policy)

    def test_every_pod_is_shut_by_default(self):
        for name in ("dev", "prod"):
            self.use(name)
            shut = [policy for policy in self.policies if set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
                    and not policy["spec"].get("ingress") and not policy["spec"].get("egress")]
            self.assertEqual(len(shut), 1, name)
            self.assertTrue(all(selects(shut[0]["spec"]["podSelector"], pod.labels) for pod in self.pods.values()))


if __name__ == "__main__":
    unittest.main()
