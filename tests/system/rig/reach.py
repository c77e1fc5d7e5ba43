"""Who may open a connection to whom, as NetworkPolicies have it: what a network plugin would do, without one."""
import ipaddress


class End:
    """One end of a connection: a pod (labels, namespace, its named ports), or an address outside."""

    def __init__(self, name, address=None, labels=None, namespace=None, ports=None):
        self.name = name
        self.address = ipaddress.ip_address(address or "10.244.0.7")
        self.labels = labels
        self.namespace = namespace
        self.ports = ports or {}

    def is_pod(self):
        return self.labels is not None

    def __repr__(self):
        return self.name


def selects(selector, labels):
    """Of matchLabels and matchExpressions; of the latter's operators In alone, which is what the manifests use."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    rules = selector.get("matchExpressions", [])
    assert all(rule["operator"] == "In" for rule in rules)
    return all(labels.get(rule["key"]) in rule["values"] for rule in rules)


def matches(peer, end, namespace):
    """One entry of from or to; namespace is the policy's own."""
    if "ipBlock" in peer:
        nets = [ipaddress.ip_network(text) for text in [peer["ipBlock"]["cidr"], *peer["ipBlock"].get("except", [])]]
        return end.address in nets[0] and not any(end.address in net for net in nets[1:])
    if not end.is_pod():
        return False
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": end.namespace}):
            return False
    elif end.namespace != namespace:
        return False
    return selects(peer.get("podSelector", {}), end.labels)


def passes(rule, peers, end, server, protocol, port, namespace):
    """One rule of a policy, whose peers are those of the key "from" or "to". Named ports are the server's."""
    if rule.get(peers) and not any(matches(peer, end, namespace) for peer in rule[peers]):
        return False
    ports = rule.get("ports")
    return not ports or any(item.get("protocol", "TCP") == protocol and
                            server.ports.get(item["port"], item["port"]) == port for item in ports)


def allowed(policies, client, server, port, protocol="TCP"):
    """Both ends must agree; an end that no policy selects lets everything through."""
    for own, other, kind, rules, peers in ((client, server, "Egress", "egress", "to"),
                                           (server, client, "Ingress", "ingress", "from")):
        if not own.is_pod():
            continue
        chosen = [policy for policy in policies if policy["metadata"]["namespace"] == own.namespace and
                  kind in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], own.labels)]
        if chosen and not any(passes(rule, peers, other, server, protocol, port, policy["metadata"]["namespace"])
                              for policy in chosen for rule in policy["spec"].get(rules, [])):
            return False
    return True
