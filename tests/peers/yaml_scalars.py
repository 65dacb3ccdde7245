#!/usr/bin/env python3
"""Thousands of generated YAML documents, read by threatloop and by PyYAML's own parser (the one
in Python, not libyaml's): all keys and scalars must be equal, byte for byte.

usage: yaml_scalars.py PROGRAM [DOCUMENTS [SEED]]
"""
import os
import random
import subprocess
import sys
import tempfile

import yaml

program = sys.argv[1]
documents = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
draw = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)

PIECES = ["a", "b", "word", "0", "-1.5", "''", "'", '"', "\\", "#", " #", ":", ": ", ",", "[", "]",
          "{", "}", "&", "*", "!", "|", ">", "%", "@", "`", "?", "- ", "-", " ", "  ", "é", "ß", "€",
          "😀", "...", "---", "~", "null", "=", "<<", "\t", "$", "/", "."]


def text():
    return "".join(draw.choice(PIECES) for _ in range(draw.choice((0, 1, 1, 2, 3, 5, 8))))


def single(value):
    return "'" + value.replace("'", "''") + "'"


def double(value):
    out = ""
    for c in value:
        if c in '"\\':
            out += "\\" + c
        elif c == "\n" or c == "\t" or draw.random() < 0.1:
            n = ord(c)
            out += {"\n": "\\n", "\t": "\\t"}.get(c) or (
                f"\\x{n:02x}" if n < 256 else f"\\u{n:04X}" if n < 65536 else f"\\U{n:08x}")
        else:
            out += c
    return '"' + out + '"'


def lines(indent):
    """Lines of a block or a folded scalar, blank ones among them."""
    out = []
    for _ in range(draw.randint(1, 4)):
        out.append("" if draw.random() < 0.25 else " " * draw.choice((0, 0, 0, 2)) + text().strip())
    return [(" " * indent + line if line else "") for line in out]


def flow(depth):
    """A scalar, list or map in flow style, on one line or folded over several."""
    kind = draw.random()
    if depth > 2 or kind < 0.6:
        style = draw.choice((single, double, single, str))
        value = text()
        if style in (single, double) and draw.random() < 0.2:
            return style(value + "\n") if style is double else "'" + value.replace("'", "''") + "\n\n     more'"
        return style(value) if style is not str else value.strip() or "plain"
    if kind < 0.8:
        return "[" + ", ".join(flow(depth + 1) for _ in range(draw.randint(0, 3))) + "]"
    return "{" + ", ".join(f"k{i}: " + flow(depth + 1) for i in range(draw.randint(0, 3))) + "}"


def block(indent, depth):
    """Lines of a map or list in block style."""
    out, is_map = [], draw.random() < 0.7
    for i in range(draw.randint(1, 4)):
        pad = " " * indent
        head = pad + (draw.choice((f"k{i}", single(f"k'{i}"), double(f"k\"{i}"))) + ":" if is_map else "-")
        kind = draw.random()
        if depth < 3 and kind < 0.2:
            out.append(head)
            out += block(indent + 2, depth + 1)
        elif kind < 0.35:
            out.append(head + " " + draw.choice("|>") + draw.choice(("", "-", "+")))
            out += lines(indent + 2)
        else:
            out.append(head + " " + flow(0) + draw.choice(("", "", " # said")))
    return out


def tree(document):
    """What PyYAML reads, in the words of yaml_scalars.c; None if it refuses."""
    try:
        node = yaml.compose(document, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    out = []

    def put(depth, kind, value=""):
        out.append(f"{depth} {kind} " + value.encode().hex())

    def walk(depth, node):
        if isinstance(node, yaml.ScalarNode):
            put(depth, "s", node.value)
        elif isinstance(node, yaml.SequenceNode):
            put(depth, "l")
            for child in node.value:
                walk(depth + 1, child)
        else:
            put(depth, "m")
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise ValueError("a key that is no word")
                put(depth + 1, "k", key.value)
                walk(depth + 1, value)

    if node is None:
        return ["0 s "]
    try:
        walk(0, node)
    except (ValueError, UnicodeEncodeError):
        return None
    return out


KNOWN = ["'a''''b'", "'say ''''x'''' twice'", "'''''''it''sit''sbb'", "''''", "''''''", "' '' '", "'a\n\n  b'",
         '"a\\\n   b"', '"\\x41\\u00e9\\U0001F600\\e\\0x"', '"\\N\\_\\L\\P"', "a  b   # c", "a#b", "'#'", "- 'x''y'\n- z",
         "k: 'it''s'\nl: \"it's\"", "? 'a''b'\n: c", "|\n  a\n   b\n\n", ">\n  a\n  b\n\n  c\n", "|+\n  a\n\n", "|2-\n    a\n"]
with tempfile.TemporaryDirectory() as folder:
    names, texts = [], {}
    for i in range(documents):
        document = KNOWN[i] if i < len(KNOWN) else "\n".join(block(0, 0)) + "\n"
        names.append(os.path.join(folder, str(i)))
        texts[names[-1]] = document
        with open(names[-1], "w", encoding="utf-8", newline="") as file:
            file.write(document)
    found = {}
    for at in range(0, documents, 500):
        said = subprocess.run([program, *names[at:at + 500]], capture_output=True, text=True, check=True).stdout
        for line in said.splitlines():
            if line.startswith(folder):
                current = found[line] = []
            else:
                current.append(line)
OURS = ("not allowed", "duplicate", "NUL", "a key", "tab in", "control", "second one")  # stricter than YAML
read = scalars = refused = alone = wrong = 0
for name in names:
    wanted, got = tree(texts[name]), found[name]
    is_refused = got[:1] and got[0].startswith("refused")
    if is_refused and (wanted is None or any(word in got[0] for word in OURS)):
        refused += 1
    elif is_refused or wanted is None:
        alone += 1  # one of the two is stricter; nothing is misread
    elif wanted == got:
        read += 1
        scalars += sum(line.split()[1] in "sk" for line in got)
    else:
        wrong += 1
        if wrong <= 5:
            print(f"{texts[name]!r}:\n  PyYAML {wanted}\n  ours   {got}")
print(f"{documents} documents: {read} read alike, {scalars} keys and scalars in them; "
      f"{refused} refused, {alone} by one of the two alone; {wrong} differ")
sys.exit(wrong > 0 or alone > documents // 50 or read < documents // 2)
