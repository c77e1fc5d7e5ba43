"""What people see hangs together: every alert and every event has its entry in the runbook, every alert
its tests, and no alert, panel or runbook names a metric or an event that does not exist."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

faults = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def fault(text):
    faults.append(f"observability: {text}")


def same(what, found, wanted, where):
    for name in sorted(wanted - found):
        fault(f"{what} {name} is missing in {where}")
    for name in sorted(found - wanted):
        fault(f"{where} has {what} {name}, which does not exist")


ROW = re.compile(r'^PS_X\((\w+),\s*"([^"]+)",\s*(\w+)(?:,\s*"([^"]*)")?', re.M)


def metric_names():
    """Names as they appear in queries, with the labels each may have."""
    names = {}
    for _, name, kind, labels in ROW.findall(read("shared/core/metrics.def")):
        labels = set(filter(None, labels.split(",")))
        if kind in ("COUNTER", "GAUGE"):
            names[name] = labels
        else:
            names.update({f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels,
                          f"{name}_count": labels})
        if kind == "COUNTER" and not name.endswith("_total"):
            fault(f"the counter {name} does not end in _total")
        if kind != "COUNTER" and name.endswith("_total"):
            fault(f"{name} ends in _total and is no counter")
    return names


METRIC = re.compile(r"\b((?:paperscout|process)_[a-z0-9_]+)\b(?:\{([^}]*)\})?")
TARGET = {"instance", "job", "namespace", "pod"}  # what Prometheus adds


def check_query(query, where, names):
    found = METRIC.findall(query)
    if not found and "$" not in query:
        fault(f"{where} asks for no metric: {query}")
    for name, selector in found:
        if name not in names:
            fault(f"{where} asks for {name}, which is not in metrics.def")
            continue
        for label in re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector):
            if label not in names[name] | TARGET:
                fault(f"{where}: {name} has no label {label}")


INCIDENT = re.compile(r'^PS_X\((\w+),\s*"(\w+)",\s*(\w+),\s*\d+,\s*"(\w+)",\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)"\)', re.M)


def incidents():
    """{alert: (incident, severity, advice)} of incident.def, notes apart: they have no alert."""
    return {alert: (name, severity.lower(), advice)
            for _, name, severity, alert, _, _, advice in INCIDENT.findall(read("shared/core/incident.def"))
            if severity != "NOTE"}


def rules():
    """{alert: expression}, read by its layout: a list entry each, an expression in one line or folded. Each is the
    incident's that incident.def names, with its severity and text, and an absolute link to the runbook."""
    found = {}
    known = incidents()
    for entry in re.split(r"^ +- alert: ", read("deploy/alerts/paperscout.yml"), flags=re.M)[1:]:
        name, rest = entry.split("\n", 1)
        name = name.strip()
        expr = re.search(r"expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)", rest)
        found[name] = (expr[1] or expr[2]).strip()
        if not re.search(rf"^ +runbook_url: https://\S+#{name}$", rest, re.M):
            fault(f"{name} has no absolute runbook_url that ends in its entry")
        incident, severity, advice = known.get(name, ("?", "?", "?"))
        if f'paperscout_incident{{name="{incident}"}}' not in rest:
            fault(f"{name} does not ask for the incident {incident}")
        if f"labels: {{severity: {severity}}}" not in rest:
            fault(f"{name} has another severity than {severity}, which incident.def gives it")
        if f'description: "{advice}"' not in rest:
            fault(f"{name}'s description is not incident.def's text: {advice}")
    same("the rule", set(known), set(found), "deploy/alerts/paperscout.yml")
    return found


INHIBITIONS = "deploy/alerts/alertmanager.example.yml"


def explained():
    """{(alert, alert that it explains)} of shared/core/incidents.c."""
    alert_of = {name: alert for name, _, severity, alert, _, _, _ in
                INCIDENT.findall(read("shared/core/incident.def")) if severity != "NOTE"}
    text = re.sub(r"/\*.*?\*/", "", read("shared/core/incidents.c"), flags=re.S)
    sets = {name: re.findall(r"BIT\((\w+)\)", value)
            for name, value in re.findall(r"^#define (\w+) +(\(?BIT\(.*)$", text, re.M)}
    table = re.search(r"explains\[PS_INCIDENT_COUNT\] = \{(.*?)\n\};", text, re.S)[1]
    pairs = set()
    for name, value in re.findall(r"\[PS_INCIDENT_(\w+)\]\s*=\s*([^\[]*)", table):
        what = set(re.findall(r"BIT\((\w+)\)", value))
        for group, members in sets.items():
            if re.search(rf"\b{group}\b", value):
                what.update(members)
        pairs.update((alert_of[name], alert_of[one]) for one in what - {name} if name in alert_of and one in alert_of)
    return pairs


def check_inhibitions(alerts):
    """The example for Alertmanager inhibits what an incident explains, and nothing else."""
    found = set()
    for source, target in re.findall(r"""source_matchers: \['alertname=~?"([^"]+)"'\]\n +target_matchers: \['alertname=~?"([^"]+)"'\]""",
                                     read(INHIBITIONS)):
        found.update((one, other) for one in alerts if re.fullmatch(source, one)
                     for other in alerts if re.fullmatch(target, other) and other != one)
    for one, other in sorted(explained() - found):
        fault(f"{INHIBITIONS} does not inhibit {other} by {one}, which explains it (shared/core/incidents.c)")
    for one, other in sorted(found - explained()):
        fault(f"{INHIBITIONS} inhibits {other} by {one}, which does not explain it (shared/core/incidents.c)")


NOTED = re.compile(r"\b(?:ps_incidents_)?note\(\s*[^,;]+,\s*PS_INCIDENT_(\w+)")
PROGRAMS = ("shared", "scheduler", "worker", "notifier")


def check_noted():
    """A running program notes each incident; otherwise its rule, its entry and its metric never show anything. What only a
    command line notes (cli) does not count."""
    noted = set()
    for top in PROGRAMS:
        for folder, _, names in os.walk(top):
            if os.path.basename(folder) != "cli":
                for name in (name for name in names if name.endswith(".c")):
                    noted.update(NOTED.findall(re.sub(r"/\*.*?\*/", "", read(os.path.join(folder, name)), flags=re.S)))
    for identifier, name, *_ in INCIDENT.findall(read("shared/core/incident.def")):
        if identifier not in noted:
            fault(f"no running program notes the incident {name} (ps_incidents_note with PS_INCIDENT_{identifier})")


def panels(dashboard):
    for panel in dashboard.get("panels", []):
        yield panel
        yield from panels(panel)


# What Grafana's published schema (the package @grafana/schema, 13.2) asks of each kind of panel that we use.
OPTIONS = {"stat": {"reduceOptions", "colorMode", "graphMode", "textMode", "justifyMode", "orientation", "wideLayout"},
           "gauge": {"reduceOptions", "orientation", "showThresholdLabels", "showThresholdMarkers", "minVizWidth", "minVizHeight",
                     "sizing"},
           "timeseries": {"legend", "tooltip"},
           "state-timeline": {"mergeValues", "showValue", "alignValue", "rowHeight", "legend", "tooltip"}}
PANEL = {"id", "type", "title", "description", "datasource", "targets", "fieldConfig", "options", "gridPos", "interval"}
DRAW = {"drawStyle": {"line", "bars"}, "showPoints": {"never", "auto", "always"}, "lineInterpolation": {"linear", "stepAfter"}}


def check_shape(panel, where):
    """The members that Grafana knows, and no others."""
    if panel["type"] == "row":
        return
    if panel["type"] not in OPTIONS:
        fault(f"{where}: the type {panel['type']} is not one that this checks")
        return
    for name in sorted(set(panel) - PANEL):
        fault(f"{where}: a panel has no member {name}")
    for name in sorted(set(panel.get("options", {})) - OPTIONS[panel["type"]]):
        fault(f"{where}: a {panel['type']} has no option {name}")
    if "legend" in panel["options"] and "calcs" not in panel["options"]["legend"]:
        fault(f"{where}: the legend has no calcs")
    if panel["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
        fault(f"{where}: its datasource is not the one that the reader chose")
    if not panel["fieldConfig"]["defaults"].get("unit"):
        fault(f"{where}: it has no unit")
    for name, allowed in DRAW.items():
        if panel["fieldConfig"]["defaults"].get("custom", {}).get(name, next(iter(allowed))) not in allowed:
            fault(f"{where}: {name} is not one of {sorted(allowed)}")
    refs = [target["refId"] for target in panel["targets"]]
    if len(set(refs)) != len(refs):
        fault(f"{where}: a refId is there twice")


def check_grid(path, dashboard):
    """No panel lies on another, or beyond the 24 columns."""
    taken = {}
    for panel in panels(dashboard):
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            fault(f"{path}, panel {panel['title']!r} is wider than the page")
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])):
            if taken.setdefault(cell, panel["title"]) != panel["title"]:
                fault(f"{path}, panel {panel['title']!r} lies on {taken[cell]!r}")
                break


def check_promql(path, dashboard):
    """promtool parses every query. A counter that jumps once in a poll must not be shown as a rate of some seconds."""
    rules = []
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            expr = target["expr"].replace("$__rate_interval", "5m").replace("$__interval", "5m")
            rules.append({"record": f"paperscout:panel:{len(rules)}", "expr": expr})
            if re.search(r"rate\(paperscout_(probes|drafts|papers|cycles)\w*\{[^}]*\}\[\$__rate", target["expr"]):
                fault(f"{path}, panel {panel['title']!r} shows a burst as a rate")
    promtool = shutil.which("promtool", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/bin")
    if promtool is None:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)  # JSON is YAML
        file.flush()
        done = subprocess.run([promtool, "check", "rules", file.name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fault(f"{path}: promtool does not take a query: {done.stderr.strip()}")


def check_dashboard(path, names):
    dashboard = json.loads(read(path))
    seen = set()
    for panel in panels(dashboard):
        where = f"{path}, panel {panel.get('title')!r}"
        if panel["id"] in seen:
            fault(f"{where}: the id {panel['id']} is there twice")
        seen.add(panel["id"])
        check_shape(panel, where)
        if panel["type"] not in ("row", "text") and not panel.get("targets"):
            fault(f"{where} shows nothing")
        if panel["type"] not in ("row", "text") and not panel.get("description"):
            fault(f"{where} does not say what it shows")
        for target in panel.get("targets", []):
            check_query(target["expr"], where, names)
    if not seen:
        fault(f"{path} has no panel")
    check_grid(path, dashboard)
    check_promql(path, dashboard)


def main():
    names = metric_names()
    alerts = rules()
    runbook = read("deploy/RUNBOOK.md")
    entries = {alert for _, _, _, alert, _, _, _ in INCIDENT.findall(read("shared/core/incident.def"))}
    same("the incident", set(re.findall(r"^### (Paperscout\w+)$", runbook, re.M)), entries, "deploy/RUNBOOK.md")
    for name in re.findall(r"see (Paperscout\w+)", runbook):
        if name not in entries:
            fault(f"deploy/RUNBOOK.md points to {name}, which does not exist")
    events = {name: level for _, name, level in
              re.findall(r'^PS_X\((\w+),\s*"([A-Z-]+)",\s*(\w+)\)', read("shared/core/log.def"), re.M)}
    told = dict(re.findall(r"^\| `([A-Z-]+)` \| (\w+) \| [^|]+ \| [^|]+ \|$", runbook, re.M))
    same("the event", set(told), set(events), "deploy/RUNBOOK.md")
    for name in sorted(set(told) & set(events)):
        if told[name] != events[name]:
            fault(f"deploy/RUNBOOK.md: {name} is {events[name]}, not {told[name]}")

    check_noted()
    check_inhibitions(set(alerts))
    for name, expr in alerts.items():
        check_query(expr, f"the alert {name}", names)
    same("a fault for", set(re.findall(r'"(Paperscout\w+)"', read("tests/system/test_prometheus.py"))),
         set(alerts), "tests/system/test_prometheus.py")
    check_dashboard("deploy/dashboards/paperscout.json", names)
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
