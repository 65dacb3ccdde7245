#!/usr/bin/env python3
"""Recomputes membership tests from the models that a run has saved, in PyTorch.

    samples_torch.py NAME DATA ROLES.csv

NAME.nc, NAME.run.nc and NAME.run/ are of a run of samples.yaml; DATA holds mnist/t10k-*.gz;
ROLES.csv is of threatloop data roles. Models are rebuilt by peer_models.py and asked in double
precision about the rows that /samples names; shadow models' halves are drawn anew; scores are
lira_scores.py's. AUC, true positive rate at 1 % false positives, accuracy and advantage must
be the file's to 1e-4; so must the losses, row by row. Exit 77: a module is missing.
"""
import csv
import glob
import gzip
import hashlib
import json
import struct
import sys

try:
    import netCDF4
    import numpy as np
    import torch
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import lira_scores
import parity_torch
import peer_models
import recompute_samples

CLOSE = 1e-4
TESTS = ("threshold", "all", "carlini", "pooled", "leakpro", "calibration", "rmia")
failures = []


# --- the halves (compute/core/rng.h: Philox4x32-10, keyed by SHA-256) --------------------


def philox(key, lane, item):
    """Blocks [items x 4] of 32-bit words at the counters `item`."""
    low = np.uint64(0xffffffff)
    item = np.asarray(item, np.uint64)
    x = [item & low, item >> np.uint64(32)] + [np.full_like(item, word) for word in lane]
    k = [int(word) for word in key]
    for _ in range(10):
        a, b = x[0] * np.uint64(0xD2511F53), x[2] * np.uint64(0xCD9E8D57)
        x = [(b >> np.uint64(32)) ^ x[1] ^ np.uint64(k[0]), b & low,
             (a >> np.uint64(32)) ^ x[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xffffffff, (k[1] + 0xBB67AE85) & 0xffffffff]
    return np.stack(x, -1)


def stream(*pieces):
    """Key and lane of tl_rng_stream."""
    data = b""
    for piece in ("stream", *pieces):
        raw = piece.encode() if isinstance(piece, str) else struct.pack("<Q", piece)
        data += b"S" + struct.pack("<Q", len(raw)) + raw
    word = struct.unpack("<4I", hashlib.sha256(data).digest()[:16])
    return word[:2], word[2:]


def halves(seed, replicate, models, row):
    """Which shadow model trained on which source row, [models x rows]."""
    key, lane = stream(seed, replicate, "m2d.shadow_lira", 0, "halves")
    child = philox(key, (lane[0] ^ 0xffffffff, lane[1] ^ 0x9e3779b9), np.arange(models))
    return np.array([philox(c[:2], c[2:], row)[:, 0] & np.uint64(1) for c in child], bool)


# --- what models say --------------------------------------------------------------------


def read_mnist(folder):
    with gzip.open(f"{folder}/mnist/t10k-images-idx3-ubyte.gz") as file:
        pixel = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 1, 28, 28)
    with gzip.open(f"{folder}/mnist/t10k-labels-idx1-ubyte.gz") as file:
        return torch.from_numpy(pixel / 255.0), np.frombuffer(file.read()[8:], np.uint8)


def read_header(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        return json.loads(file.read(size))["__metadata__"]


def saved(name):
    """Files of the target and of the bank, which NAME.run.nc lists model by model."""
    steps = netCDF4.Dataset(f"{name}.run.nc")
    stage = [str(s) for s in steps["stage"][:]]
    key = [str(k) for k in steps["step_key"][:]]
    found = {"train": [], "m2d.shadow_lira.bank": []}
    for s, k in zip(stage, key):
        files = glob.glob(f"{name}.run/models/*/{k}.*.safetensors")
        if files:
            found[s] += files
    return found["train"][0], found["m2d.shadow_lira.bank"]


def ask(path, x):
    """The logits of a saved model, in double precision."""
    about = read_header(path)
    spec = {"kind": about["kind"], "width": int(about["width"]), "layers": int(about["depth"]),
            "classes": int(about["classes"])}
    table = {n: t.double() for n, t in parity_torch.read_model(path).items()}
    with torch.no_grad():
        return peer_models.MODELS[spec["kind"]](peer_models.Weights(table), spec, x)


def statistics(logits, label):
    """Minus the loss, logit-scaled confidence and probability of the label, [3 x rows]."""
    label = torch.from_numpy(label.astype(np.int64))[:, None]
    own = logits.gather(1, label)[:, 0]
    others = logits.scatter(1, label, -torch.inf).logsumexp(1)
    log_p = own - logits.logsumexp(1)
    return torch.stack((log_p, own - others, log_p.exp())).numpy()


# --- the comparison ---------------------------------------------------------------------


def scores(name, target, shadow, is_in, population):
    """Of one test; target [3 x rows], shadow [models x 3 x rows]."""
    loss, confidence, p = target
    if name == "threshold":
        return loss
    if name == "calibration":
        return lira_scores.calibrated(shadow[:, 0], is_in, loss)
    if name == "rmia":
        return lira_scores.relative_paper((shadow[:, 2], is_in, p), population, False, 1.0, 0.3)
    return getattr(lira_scores, f"lira_{name}")(shadow[:, 1], is_in, confidence, True, False)


def metrics(name, score, member):
    out = {"auc": recompute_samples.auc(score, member),
           "tpr_at_1pct": recompute_samples.tpr_at(0.01, score, member)}
    guess = score > 0
    if name == "threshold":
        guess = score >= score[member].mean()
        out["accuracy"] = recompute_samples.accuracy(score, member)
    if name != "rmia":
        out["advantage"] = guess[member].mean() - guess[~member].mean()
    return out


def main():
    name, folder, roles = sys.argv[1:]
    torch.set_num_threads(1)
    file = netCDF4.Dataset(f"{name}.nc")
    samples = recompute_samples.Group(file, "samples")
    pixel, digit = read_mnist(folder)
    row, label, member = (np.asarray(v) for v in samples.rows(0, 0, ["row", "label", "member"]))
    member = member == 1
    with open(roles, newline="", encoding="utf-8") as table:
        own = np.array([int(r["row"]) for r in csv.DictReader(table) if r["role"] == "attacker"])
    if (digit[row] != label).any():
        failures.append("labels are not those of the data's rows")
    target_file, bank = saved(name)
    is_in = halves(int(file.seed), int(file["replicate"][0]), len(bank), row)
    target = statistics(ask(target_file, pixel[row]), label)
    shadow = np.array([statistics(ask(path, pixel[row]), label) for path in bank])
    population = (np.array([statistics(ask(path, pixel[own]), digit[own])[2] for path in bank]),
                  statistics(ask(target_file, pixel[own]), digit[own])[2])
    kind = read_header(target_file)["kind"]
    for s, (instance, _, _) in enumerate(samples.sources):
        given = np.asarray(samples.rows(0, s, ["score"])[0])
        score = scores(instance, target, shadow, is_in, population)
        worst = {}
        for key, value in metrics(instance, score, member).items():
            stored = recompute_samples.metric(file, 0, instance, key, 1)
            worst[key] = abs(value - stored)
            if not worst[key] <= CLOSE:  # NaN is not close either
                failures.append(f"{instance} {key}: {value!r} from the models, {stored!r} stored")
        off = np.abs(score - given).max()
        if instance in ("threshold", "calibration") and not off <= CLOSE:
            failures.append(f"{instance}: a loss is off by {off}")
        print(f"model={kind} test={instance} rows={len(row)} score_off={off:.1e} "
              + " ".join(f"{key}_off={value:.1e}" for key, value in worst.items()))
    if sorted(instance for instance, _, _ in samples.sources) != sorted(TESTS):
        failures.append(f"not all of {TESTS} were compared")
    for line in failures:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
