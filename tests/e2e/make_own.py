"""A small data set with official splits, an mlp, and what it says:

    make_own.py DIR              writes data.npz, net.safetensors, other.safetensors,
                                 scores.npz, found.json
    make_own.py DIR equal A B    metrics of two tables (CSV) that both have are equal
    make_own.py DIR accuracy A   the table has the accuracy of found.json
"""
import csv
import json
import struct
import sys

import numpy as np

CLASSES, SIDE, WIDTH = 3, 8, 16


def images(rng, rows):
    patterns = np.random.default_rng(5).random((CLASSES, SIDE, SIDE))
    label = rng.integers(0, CLASSES, rows)
    x = np.clip(0.25 * patterns[label] + 0.75 * rng.random((rows, SIDE, SIDE)), 0, 1)
    return (x * 255).astype(np.uint8), label.astype(np.uint8)[:, None]


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def logits(net, x):
    hidden = np.maximum(x.reshape(len(x), -1) @ net["0.weight"].T + net["0.bias"], 0)
    return hidden @ net["2.weight"].T + net["2.bias"]


def train(rng, x, label):
    """Gradient descent on the output layer; the hidden one is random."""
    inputs = SIDE * SIDE
    net = {"0.weight": rng.normal(0, (2 / inputs) ** 0.5, (WIDTH, inputs)),
           "0.bias": np.full(WIDTH, 0.1), "2.weight": np.zeros((CLASSES, WIDTH)),
           "2.bias": np.zeros(CLASSES)}
    hidden = np.maximum(x.reshape(len(x), -1) @ net["0.weight"].T + net["0.bias"], 0)
    for _ in range(3000):
        d = (softmax(logits(net, x)) - np.eye(CLASSES)[label]) / len(x)
        net["2.weight"] -= 0.5 * d.T @ hidden
        net["2.bias"] -= 0.5 * d.sum(0)
    return {name: tensor.astype(np.float32) for name, tensor in net.items()}


def export(net, path):
    table, at = {}, 0
    for name, x in net.items():
        table[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    header = json.dumps(table).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.writelines(x.tobytes() for x in net.values())


def make(folder):
    rng, data = np.random.default_rng(1), {}
    for split, rows in (("train", 150), ("val", 80), ("test", 130)):
        data[f"{split}_images"], data[f"{split}_labels"] = images(rng, rows)
    np.savez(f"{folder}/data.npz", **data)
    x = {s: data[f"{s}_images"] / np.float32(255) for s in ("train", "val", "test")}
    net = train(rng, x["train"], data["train_labels"][:, 0])
    export(net, f"{folder}/net.safetensors")
    export({name: -tensor for name, tensor in net.items()}, f"{folder}/other.safetensors")
    np.savez(f"{folder}/scores.npz", **{f"{s}_scores": softmax(logits(net, x[s])) for s in x})
    right = logits(net, x["test"]).argmax(1) == data["test_labels"][:, 0]
    with open(f"{folder}/found.json", "w", encoding="utf-8") as file:
        json.dump({"accuracy": float(right.mean())}, file)


def row_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return next(csv.DictReader(file))


def equal(a, b):
    one, other = row_of(a), row_of(b)
    names = [n for n in one if n in other and one[n] and other[n]
             and n.startswith(("m2d_", "measure_")) and not n.endswith("_reason")]
    off = {n: abs(float(one[n]) - float(other[n])) for n in names}
    worst = max(off, key=off.get)
    print(f"{len(names)} metrics, the worst is {worst}: {one[worst]} and {other[worst]}")
    return len(names) >= 15 and off[worst] <= 1e-5


def accuracy(folder, table):
    with open(f"{folder}/found.json", encoding="utf-8") as file:
        wanted = json.load(file)["accuracy"]
    found = float(row_of(table)["measure_own_target_accuracy"])
    print(f"accuracy {found}, wanted {wanted}")
    return abs(found - wanted) < 1e-9


def main():
    if len(sys.argv) == 2:
        make(sys.argv[1])
    elif sys.argv[2] == "equal":
        sys.exit(not equal(*sys.argv[3:]))
    else:
        sys.exit(not accuracy(sys.argv[1], sys.argv[3]))


if __name__ == "__main__":
    main()
