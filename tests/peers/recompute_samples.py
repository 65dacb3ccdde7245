#!/usr/bin/env python3
"""Recomputes what a membership test reports from the rows that a result file stores.

    recompute_samples.py FILE.nc [ROLES.csv REPLICATE]

AUC, true positive rate at 1 % false positives, accuracy at the mean member loss, and the ROC
curve of every trial, from /samples by numpy alone, against the file's metrics and /curves to
1e-12. With ROLES.csv (threatloop data roles PLAN --replicate REPLICATE --csv) also each row's
label, where nothing has changed it, and membership. Of /images it prints the shapes, and checks
that pixels are missing outside of them alone. Exit 77: a module is missing.
"""
import csv
import sys

try:
    import netCDF4
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

CLOSE = 1e-12
compared = {}
failures = []


def compare(what, found, wanted):
    """Notes a failure unless both are missing or both are close."""
    compared[what] = compared.get(what, 0) + 1
    if np.isnan(found) and np.isnan(wanted):
        return
    if not abs(found - wanted) <= CLOSE:
        failures.append(f"{what}: {found!r} from the rows, {wanted!r} in the file")


def auc(score, member):
    """Pairs of a member and another that the scores order rightly, ties counted half."""
    rest = np.sort(score[~member])
    below = np.searchsorted(rest, score[member], "left")
    upto = np.searchsorted(rest, score[member], "right")
    return (below.sum() + 0.5 * (upto - below).sum()) / (member.sum() * (~member).sum())


def roc(score, member):
    """(0, 0), then a point for each threshold, from the highest down."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    fpr = np.cumsum(~member[order])[last] / (~member).sum()
    tpr = np.cumsum(member[order])[last] / member.sum()
    return np.append(0.0, fpr), np.append(0.0, tpr)


def tpr_at(limit, score, member):
    """Largest true positive rate at a false positive rate of at most `limit`."""
    fpr, tpr = roc(score, member)
    if (~member).sum() < 10 / limit:
        return np.nan
    return tpr[fpr <= limit].max()


def accuracy(score, member):
    """Share classified rightly if a loss of at most the mean member loss means a member."""
    return np.mean((score >= score[member].mean()) == member)


class Group:
    """A group of the file: its sources, and the records of any trial."""

    def __init__(self, file, name):
        self.group = file[name]
        self.sources = list(zip(self.group["source_instance"][:], self.group["source_name"][:],
                                self.group["source_round"][:]))

    def rows(self, trial, source, names):
        """The named variables of a trial's list of a source, or None."""
        index = int(self.group["list_of"][trial, source])
        if index < 0:
            return None
        begin = int(self.group["list_begin"][index])
        part = slice(begin, begin + int(self.group["list_rows"][index]))
        assert (self.group["list_index"][part] == index).all()
        return [np.ma.getdata(self.group[name][part]) for name in names]


def metric(file, trial, instance, name, round_):
    """A metric of the file, NaN where it has no value."""
    suffix = f"_round{round_}" if round_ > 1 else ""
    return float(np.ma.filled(file[f"{instance}_{name}{suffix}"][trial], np.nan))


def check_trial(file, samples, curves, trial):
    """Compares all lists of one trial."""
    for s, (instance, name, round_) in enumerate(samples.sources):
        rows = samples.rows(trial, s, ["score", "member"])
        if rows is None or name:
            continue
        score, member = rows[0], rows[1] == 1
        wanted = {"auc": auc(score, member), "tpr_at_1pct": tpr_at(0.01, score, member),
                  "accuracy": accuracy(score, member)}
        for key, value in wanted.items():
            compare(key, value, metric(file, trial, instance, key, round_))
        x, y = curves.rows(trial, curves.sources.index((instance, "roc", round_)), ["x", "y"])
        fpr, tpr = roc(score, member)
        if x.shape != fpr.shape:
            failures.append(f"the curve has {x.size} points, the scores {fpr.size}")
            continue
        compare("points of the curve", np.abs(x - fpr).max() + np.abs(y - tpr).max(), 0.0)
        compare("area of the curve", np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2), wanted["auc"])


def check_roles(file, samples, path, replicate):
    """Compares label and membership with the table of roles."""
    with open(path, newline="") as table:
        pool = {int(r["row"]): r for r in csv.DictReader(table) if r["role"] == "pool"}
    trials = np.nonzero(file["replicate"][:] == replicate)[0]
    for trial in trials:
        for s in range(len(samples.sources)):
            rows = samples.rows(trial, s, ["row", "member", "label"])
            for row, member, label in zip(*rows):
                told = pool.get(int(row))
                compared["rows of the pool"] = compared.get("rows of the pool", 0) + 1
                if not told or int(told["member"]) != member or int(told["label"]) != label:
                    failures.append(f"row {row}: {told}, but member {member}, label {label}")


def check_images(file):
    """Each list of images has one shape, and values from 0 to 1 in it and nowhere else."""
    images = Group(file, "images").group
    shapes = set()
    for begin, rows in zip(images["list_begin"][:], images["list_rows"][:]):
        pixel = np.ma.filled(images["pixels"][begin:begin + rows], np.nan)
        inside = np.isfinite(pixel)
        shape = tuple(int(inside.any(axis=tuple({0, 1, 2, 3} - {d})).sum()) for d in (1, 2, 3))
        wanted = np.zeros_like(inside)
        wanted[:, :shape[0], :shape[1], :shape[2]] = True
        shapes.add(shape)
        if (inside != wanted).any() or (pixel[inside] < 0).any() or (pixel[inside] > 1).any():
            failures.append(f"images of shape {shape} have other pixels")
    print("images of shape", *sorted(shapes))


def main():
    file = netCDF4.Dataset(sys.argv[1])
    samples, curves = Group(file, "samples"), Group(file, "curves")
    for trial in range(file.dimensions["trial"].size):
        check_trial(file, samples, curves, trial)
    check_images(file)
    if len(sys.argv) > 2:
        check_roles(file, samples, sys.argv[2], int(sys.argv[3]))
    print(", ".join(f"{count} {what}" for what, count in compared.items()))
    if not compared.get("auc"):
        failures.append("nothing was compared")
    for line in failures[:20]:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
