#!/usr/bin/env python3
"""Measures how a tree of C reads: function length, comments, fragments. Usage: measures.py [ROOT [REVISION]]

Prints one line for each measure. The figures have no limit and fail nothing; they say where to look. Functions are found by the
layout that clang-format gives them: a line "{" and a line "}" without indentation.
  --fragments  also lists each static function of at most five lines that is called exactly once: FILE:LINE NAME LINES CALLER
"""
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

SHORT = 5
FOLDERS = ("scheduler", "worker", "notifier", "shared")
HEAD = re.compile(r"\b([a-z_][a-z0-9_]*)\s*\(")


def texts_of(root, revision):
    """Gives {path: text} of the C files of the programs."""
    if revision is None:
        return {str(path.relative_to(root)): path.read_text(encoding="utf-8")
                for folder in FOLDERS for path in sorted((root / folder).rglob("*.[ch]"))}
    git = ["git", "-C", str(root)]
    names = subprocess.run(git + ["ls-tree", "-r", "--name-only", revision, "--", *FOLDERS], capture_output=True, text=True, check=True)
    return {name: subprocess.run(git + ["show", f"{revision}:{name}"], capture_output=True, text=True, check=True).stdout
            for name in names.stdout.splitlines() if re.search(r"\.[ch]$", name)}


def without_comments(text):
    """The text with every comment and the inside of every string replaced by spaces; lines stay where they are."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def comment_lines(text):
    """How many lines hold a comment and nothing else."""
    bare = without_comments(text).splitlines()
    return sum(1 for line, rest in zip(text.splitlines(), bare) if line.strip() and not rest.strip())


def functions_of(text):
    """Gives (name, first line, static, body lines without blank ones, body) of each function."""
    found, lines, bare = [], text.splitlines(), without_comments(text).splitlines()
    start = None
    for number, line in enumerate(bare):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start is not None:
            head = number_of_head(bare, start)
            name = HEAD.search(" ".join(bare[head:start]))
            if name is not None:
                body = bare[start + 1:number]
                size = sum(1 for one in lines[start + 1:number] if one.strip())
                found.append((name[1], head + 1, bare[head].startswith("static"), size, "\n".join(body)))
            start = None
    return found


def number_of_head(lines, start):
    """The first line of the declaration that ends above the brace."""
    head = start - 1
    while head > 0 and lines[head - 1].strip() and not re.search(r"[;}]\s*$", lines[head - 1]) and not lines[head - 1].startswith("#"):
        head -= 1
    return head


def fragments_of(text):
    """Static functions of at most SHORT lines that one function of the file calls in one place, and that nothing else names."""
    functions, bare = functions_of(text), without_comments(text)
    for name, line, static, size, _ in functions:
        if not static or size > SHORT:
            continue
        named = len(re.findall(rf"\b{name}\b", bare))
        callers = [(caller, body) for caller, _, _, _, body in functions if re.search(rf"\b{name}\s*\(", body)]
        declared = len(re.findall(rf"^static [^;{{]*\b{name}\b[^;{{]*;", bare, re.M))
        if len(callers) == 1 and named - declared == 2 and callers[0][0] != name:
            yield name, line, size, callers[0][0]


def main():
    arguments = [one for one in sys.argv[1:] if not one.startswith("--")]
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2]
    texts = texts_of(root, arguments[1] if len(arguments) > 1 else None)
    sizes, comments, total, blank, public = [], 0, 0, 0, 0
    fragments = []
    for path, text in texts.items():
        lines = text.splitlines()
        total += len(lines)
        blank += sum(1 for line in lines if not line.strip())
        comments += comment_lines(text)
        if path.endswith(".c"):
            sizes += [size for _, _, _, size, _ in functions_of(text)]
            fragments += [(path, *one) for one in fragments_of(text)]
    code = total - blank - comments
    short = sum(1 for size in sizes if size <= SHORT)
    print(f"files                           {len(texts)}")
    print(f"lines of code                   {code}")
    print(f"comment lines                   {comments} ({100 * comments / (comments + code):.1f} % of the lines that are not blank)")
    print(f"functions                       {len(sizes)}")
    print(f"median function                 {median(sizes):g} lines")
    print(f"functions of at most {SHORT} lines     {short} ({100 * short / len(sizes):.1f} %)")
    print(f"functions of more than 60 lines {sum(1 for size in sizes if size > 60)}")
    print(f"short ones called only once     {len(fragments)}")
    if "--fragments" in sys.argv:
        for path, name, line, size, caller in sorted(fragments):
            print(f"{path}:{line} {name} {size} {caller}")


if __name__ == "__main__":
    main()
