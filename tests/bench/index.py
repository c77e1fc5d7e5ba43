"""The index grown to the size that the committee's has today: 18,052 entries."""
import json
import os
import random
import subprocess
import sys
from datetime import date, timedelta

from rig.places import CHECKOUT

TODAY = "2026-11-23"
ENTRIES = 18052


def grown(folder):
    """(path, what it is): grown from the real one where the shared tools are beside the checkout."""
    path = os.path.join(folder, "index.json")
    shared = os.environ.get("PAPERSCOUT_SHARED") or os.path.join(CHECKOUT, "..", "shared")
    tool = os.path.join(shared, "tools", "scale_index.py")
    if os.path.exists(tool):
        with open(path, "wb") as file:
            subprocess.run([sys.executable, "-B", tool, "--today", TODAY], stdout=file, check=True)
        return path, "grown from the real one"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(made(), file, ensure_ascii=False, sort_keys=True)
    return path, "made up, of the same shape"


def made():
    """As many ids of each kind, as many revisions and as much text as the grown one has."""
    rnd = random.Random(21)
    words = ("allocator atomic concept container coroutine constexpr contract exception executor "
             "feature iterator lambda library module operator optional pattern range reflection "
             "requirement sequence specification template thread variant wording").split()
    names = ("Ann Archer", "Bjørn Bø", "Chris Ümlaut", "Dana Doe", "Σοφία Δημητρίου", "Eve Example")
    start, today = date(2014, 1, 1), date.fromisoformat(TODAY)
    index = {}

    def entry(name, kind, when=None):
        made_of = {"type": kind, "link": f"https://wg21.link/{name.lower()}",
                   "title": " ".join(rnd.choices(words, k=rnd.randint(4, 9))).capitalize()}
        if when is None:
            return {**made_of, "submitter": rnd.choice(names), "status": "closed"}
        return {**made_of, "author": ", ".join(rnd.choices(names, k=rnd.randint(1, 4))),
                "date": when.isoformat(), "subgroup": rnd.choice(("EWG", "LEWG", "SG1", "CWG")),
                "long_link": f"https://www.open-std.org/jtc1/sc22/wg21/docs/papers/{when.year}/"
                             f"{name.lower()}.pdf"}

    def day(share):
        return start + timedelta(days=int((today - start).days * share))

    for prefix, count, kind in (("CWG", 2364, "issue"), ("LWG", 2681, "issue"),
                                ("LEWG", 464, "issue"), ("EWG", 189, "issue"), ("FS", 71, "issue"),
                                ("EDIT", 2332, "editorial")):
        for number in range(1, count + 1):
            index[f"{prefix}{number}"] = entry(f"{prefix}{number}", kind)
    for number in range(1578, 4801):
        index[f"N{number}"] = entry(f"N{number}", "paper", day((number - 1578) / 3223 / 3))
    index["P5000R0"] = entry("P5000R0", "paper", today)
    number = 0
    while len(index) < ENTRIES:
        number = number % 4160 + 1
        revision = sum(f"P{number:04d}R{r}" in index for r in range(13))
        if number % 33 and (revision == 0 or rnd.random() < 0.4):
            name = f"P{number:04d}R{revision}"
            index[name] = entry(name, "paper", day(number / 4160))
    return index
