"""Prints C code line by line as FILE:LINE:CODE, with comments blanked.

  literals.py code FILE...      string and character literals blanked as well
  literals.py strings FILE...   the string literals alone, one a line
"""
import re
import sys

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    text = match.group(0)
    if text[0] in "\"'":
        return text[0] * 2
    return " " + "\n" * text.count("\n")


def main():
    mode, paths = sys.argv[1], sys.argv[2:]
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if mode == "code":
            for number, line in enumerate(TOKEN.sub(blank, text).split("\n"), 1):
                if line.strip():
                    print(f"{path}:{number}:{line}")
        else:
            for match in TOKEN.finditer(text):
                start = text.rfind("\n", 0, match.start()) + 1
                if match.group(0)[0] == '"' and not text[start:].lstrip().startswith("#"):
                    print(f"{path}:{text.count(chr(10), 0, match.start()) + 1}:{match.group(0)}")


main()
