"""What RFC 4287 allows in a feed, and what it asks for: a strict check of one document.

Only what the RFC defines is accepted: our feeds have no extension elements, so an unknown element is a fault.
"""
import re
import xml.etree.ElementTree as ET

ATOM = "{http://www.w3.org/2005/Atom}"
XML = "{http://www.w3.org/XML/1998/namespace}"
COMMON = {f"{XML}base", f"{XML}lang"}
# RFC 3339, which 3.3 asks for, with upper-case T and Z.
TIME = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:\d\d)")
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
MEDIA = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(;.*)?")
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")  # with a scheme, as 4.2.6 asks of an id
REFERENCE = re.compile(r"[^\s<>\"{}|\\^`]*")
MANY, ONE, OPTIONAL = "many", "one", "optional"

PERSON = {"name": ONE, "uri": OPTIONAL, "email": OPTIONAL}
METADATA = {"author": MANY, "category": MANY, "contributor": MANY, "id": ONE, "link": MANY, "rights": OPTIONAL, "title": ONE,
            "updated": ONE}
CHILDREN = {
    "feed": {**METADATA, "generator": OPTIONAL, "icon": OPTIONAL, "logo": OPTIONAL, "subtitle": OPTIONAL, "entry": MANY},
    "entry": {**METADATA, "content": OPTIONAL, "published": OPTIONAL, "source": OPTIONAL, "summary": OPTIONAL},
    "author": PERSON, "contributor": PERSON,
}
ATTRIBUTES = {
    "category": {"term": None, "scheme": REFERENCE, "label": None},
    "link": {"href": REFERENCE, "rel": re.compile(r"[a-z][a-z.-]*|" + IRI.pattern), "type": MEDIA, "hreflang": LANGUAGE,
             "title": None, "length": re.compile(r"\d+")},
    "generator": {"uri": REFERENCE, "version": None},
    "title": {"type": re.compile("text|html")}, "summary": {"type": re.compile("text|html")},
    "rights": {"type": re.compile("text|html")}, "subtitle": {"type": re.compile("text|html")},
    "content": {"type": re.compile("text|html"), "src": REFERENCE},
}
REQUIRED = {"category": {"term"}, "link": {"href"}}
TEXT = {"id": IRI, "updated": TIME, "published": TIME, "icon": REFERENCE, "logo": REFERENCE, "uri": REFERENCE,
        "email": re.compile(r"[^\s@]+@[^\s@]+"), "name": re.compile(r"(?s).*\S.*")}


def faults_of(text):
    """What is wrong with the feed, one line each; none: it is valid."""
    try:
        feed = ET.fromstring(text)
    except ET.ParseError as error:
        return [f"no XML: {error}"]
    if feed.tag != f"{ATOM}feed":
        return [f"the document is a {feed.tag}"]
    faults = []
    check(feed, "feed", faults)
    entries = feed.findall(f"{ATOM}entry")
    check_links(feed, "feed", faults)
    seen = set()
    for number, entry in enumerate(entries):
        where = f"entry {number}"
        check_links(entry, where, faults)
        key = (entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}updated"))
        if key in seen:  # 4.1.1: not with the same id and the same time
            faults.append(f"{where}: its id and its time are there twice")
        seen.add(key)
        links = entry.findall(f"{ATOM}link")
        if not any(link.get("rel", "alternate") == "alternate" for link in links) and entry.find(f"{ATOM}content") is None:
            faults.append(f"{where}: neither an alternate link nor a content")
        if entry.find(f"{ATOM}author") is None and feed.find(f"{ATOM}author") is None:
            faults.append(f"{where}: nobody is its author")
    if not any(link.get("rel") == "self" for link in feed.findall(f"{ATOM}link")):
        faults.append("feed: it should name itself (4.1.1)")
    if feed.findall("*")[len(feed.findall("*")) - len(entries):] != entries:
        faults.append("feed: metadata comes after an entry")
    return faults


def check_links(element, where, faults):
    """4.1.1 and 4.1.2: not two alternates of one type and language."""
    alternates = [(link.get("type"), link.get("hreflang")) for link in element.findall(f"{ATOM}link")
                  if link.get("rel", "alternate") == "alternate"]
    if len(alternates) != len(set(alternates)):
        faults.append(f"{where}: two alternate links of one type and language")


def check(element, where, faults):
    name = element.tag.replace(ATOM, "", 1)
    check_attributes(element, name, where, faults)
    if name in TEXT and not TEXT[name].fullmatch(element.text or ""):
        faults.append(f"{where}: {element.text!r} is no {name}")
    allowed = CHILDREN.get(name, {})
    counts = {}
    for child in element:
        kind = child.tag.replace(ATOM, "", 1)
        if kind not in allowed or not child.tag.startswith(ATOM):
            faults.append(f"{where}: {child.tag} does not belong there")
            continue
        counts[kind] = counts.get(kind, 0) + 1
        check(child, f"{where}/{kind}[{counts[kind]}]", faults)
    for kind, number in allowed.items():
        if (number == ONE and counts.get(kind, 0) != 1) or (number == OPTIONAL and counts.get(kind, 0) > 1):
            faults.append(f"{where}: {counts.get(kind, 0)} times {kind}")
    if allowed and ((element.text or "").strip() or any((child.tail or "").strip() for child in element)):
        faults.append(f"{where}: text between its elements")


def check_attributes(element, name, where, faults):
    known = ATTRIBUTES.get(name, {})
    for attribute, value in element.attrib.items():
        if attribute in COMMON:
            if attribute == f"{XML}lang" and not LANGUAGE.fullmatch(value):
                faults.append(f"{where}: {value!r} is no language")
        elif attribute not in known:
            faults.append(f"{where}: the attribute {attribute} is not known")
        elif known[attribute] is not None and not known[attribute].fullmatch(value):
            faults.append(f"{where}: {attribute}={value!r}")
    for attribute in REQUIRED.get(name, set()) - set(element.attrib):
        faults.append(f"{where}: {attribute} is missing")
