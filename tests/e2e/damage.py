"""damage.py FILE KIND SEED: damages a file in one way, and says how.

Of a journal: cut, flip, zeros, tail (zeros at its end), lose (a line), twice (a line), join
(a newline is lost), or any of these. Of a model: flip, cut, zeros, empty, junk.
"""
import random
import sys


def damage(data, kind, rng):
    size = len(data)
    lines = data.splitlines(keepends=True)
    at = rng.randrange(size)
    if kind == "cut":
        return data[:at], f"cut at {at}"
    if kind == "flip":
        for _ in range(rng.choice([1, 1, 1, 2, 5])):
            at = rng.randrange(size)
            data = data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1:]
        return data, f"bytes flipped, the last at {at}"
    if kind == "zeros":
        end = min(size, at + rng.choice([1, 16, 512, 4096]))
        return data[:at] + bytes(end - at) + data[end:], f"zeros from {at} to {end}"
    if kind == "tail":
        return data[:at] + bytes(4096), f"zeros after {at}"
    if kind == "lose":
        which = rng.randrange(len(lines))
        return b"".join(lines[:which] + lines[which + 1:]), f"line {which + 1} lost"
    if kind == "twice":
        which = rng.randrange(len(lines))
        to = rng.randrange(len(lines) + 1)
        return b"".join(lines[:to] + [lines[which]] + lines[to:]), f"line {which + 1} twice"
    if kind == "join":
        which = rng.randrange(len(lines))
        lines[which] = lines[which][:-1]
        return b"".join(lines), f"no newline after line {which + 1}"
    if kind == "empty":
        return b"", "emptied"
    if kind == "junk":
        return rng.randbytes(size), "junk"
    raise SystemExit(f"unknown kind {kind}")


path, kind, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
rng = random.Random(seed)
if kind == "any":
    kind = rng.choice(["cut", "flip", "flip", "zeros", "tail", "lose", "twice", "join"])
with open(path, "rb") as file:
    before = file.read()
after, what = damage(before, kind, rng)
with open(path, "r+b") as file:
    file.truncate(0)
    file.write(after)
print(what)
