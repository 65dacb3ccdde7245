#!/usr/bin/env python3
"""Which links of the query service change which attacks, and which must not.

  links.py plans FOLDER              writes a plan of each world into FOLDER, world.yaml
  links.py refused FOLDER            writes plans to be refused there; a line each: its path,
                                     and what is to be said
  links.py judge FOLDER STAGES.txt   reads world.csv and world.ndjson of each, and the stages
                                     that may ask; prints a line a cell, and fails on surprises

TABLE says beforehand what a link does to a metric of an attack, over replicates that are
paired (the same data, target and draws):

  falls, rises   the t interval of the difference lies below, above 0
  changes        another value in some replicate, the sign left open
  same           the same value in every replicate, to the last bit
  refused        no such plan: the service withholds what the attack asks for
"""
import csv
import json
import math
import os
import sys

REPLICATES = 12
T_975 = 2.2010  # quantile of Student's t, 11 degrees of freedom
LOGARITHMS = {"parameter_error"}  # metrics compared by their decimal logarithms

LINKS = {
    "off": "",
    "digits": "digits: 1",
    "top": "top_k: 1",
    "label": "label_only: true",
    "soft": "temperature: 4",
    "noise": "noise: 0.1",
}
WITHHOLD_LOGITS = ["digits", "top", "label", "noise"]

HEAD = """name: links
seed: 4
replicates: %d
data: {source: %s}
model: {%s}
recipe: {epochs: %d, batch: 16, optimizer: adamw, lr: %s}
chain:
  - train
"""
IMAGES = ("synthetic/lesions, examples: 700, classes: %d, difficulty: 1, split: "
          "{pool: 120, keep: 0.5, validation: 20, attacker: 160, test: 200}")
# By world: data, model, epochs, learning rate, attacks. A world is a plan.
WORLDS = {
    "images": (IMAGES % 3, "kind: mlp, width: 32", 30, "3.0e-3", [
        ("m2d.global_threshold", "threshold", ""),
        ("m2d.shadow_lira", "lira", "models: 8"),
        ("m2d.calibration", "calibration", "models: 8"),
        ("m2d.rmia", "rmia", "models: 8"),
        ("m2m.model_extraction", "by_scores", "queries: 160"),
        ("m2m.model_extraction", "by_label", "queries: 160, answers: top1")]),
    "two_classes": (IMAGES % 2, "kind: mlp, width: 32", 30, "3.0e-3", [
        ("m2d.global_threshold", "threshold", "")]),
    "linear": (IMAGES % 3, "kind: linear", 3, "3.0e-3", [
        ("m2m.equation_solving", "equations", "")]),
    "tokens": ("synthetic/markov, classes: 24, context: 8, split: "
               "{pool: 100, keep: 0.5, attacker: 40, test: 40}",
               "kind: gpt, width: 8, heads: 2", 3, "3.0e-3", [
        ("m2m.hidden_size", "width", "answers: scores, kind: noise, queries: 60"),
        ("m2m.hidden_size", "width_of_logits", "answers: logits, kind: noise, queries: 60")]),
}

OFF = ("same", "a defence with all settings off answers as the model does")
# (world, attack, metric): {link: (verdict, reason)}
TABLE = {
    ("images", "threshold", "auc"): {
        "off": OFF,
        "digits": ("changes", "one decimal ties losses that differed"),
        "top": ("changes", "rows classified rightly keep their order, the others lose theirs"),
        "label": ("falls", "of the loss only right or wrong is left"),
        "soft": ("changes", "with 3 classes the order of losses depends on the other scores"),
        "noise": ("falls", "noise of 0.1 drowns differences of the loss"),
    },
    ("two_classes", "threshold", "auc"): {
        "off": OFF,
        "digits": ("changes", "one decimal ties losses that differed"),
        "label": ("falls", "of the loss only right or wrong is left"),
        "soft": ("same", "with 2 classes the softer loss is a rising function of the loss, and "
                         "one threshold on it knows ranks alone"),
        "top": ("same", "with 2 classes the top score tells the other one"),
        "noise": ("falls", "noise of 0.1 drowns differences of the loss"),
    },
    ("images", "lira", "auc"): {
        "off": OFF,
        "digits": ("changes", "confidences of one decimal are read against exact shadows"),
        "top": ("falls", "the others' sum is 0: the confidence is right or wrong"),
        "label": ("falls", "the confidence is right or wrong"),
        "soft": ("falls", "shadows asked plainly are not as soft as the target"),
        "noise": ("falls", "noise of 0.1 drowns the confidence"),
    },
    ("images", "calibration", "auc"): {
        "off": OFF,
        "digits": ("changes", "losses of one decimal are read against exact shadows"),
        "top": ("falls", "the loss is 0 or endless, whatever the shadows say"),
        "label": ("falls", "the loss is 0 or endless, whatever the shadows say"),
        "soft": ("falls", "shadows asked plainly are not as soft as the target"),
        "noise": ("falls", "noise of 0.1 drowns the loss"),
    },
    ("images", "rmia", "auc"): {
        "off": OFF,
        "digits": ("changes", "probabilities of one decimal are read against exact shadows"),
        "top": ("falls", "the probability of the label is 0 or 1"),
        "label": ("falls", "the probability of the label is 0 or 1"),
        "soft": ("changes", "ratios to other rows are softer too, by another amount"),
        "noise": ("changes", "noise moves both sides of a ratio"),
    },
    ("images", "by_scores", "agreement"): {
        "off": OFF,
        "digits": ("changes", "another training set"),
        "top": ("changes", "the mass of the other classes goes to the ones answered"),
        "label": ("changes", "hard labels instead of soft ones"),
        "soft": ("changes", "softer targets"),
        "noise": ("changes", "noisy targets"),
    },
    ("images", "by_label", "agreement"): {
        "off": OFF,
        "digits": ("same", "the label is read before scores are rounded"),
        "top": ("same", "the largest score stays the largest"),
        "label": ("same", "the label is all that it asks for"),
        "soft": ("same", "temperature keeps the order of the scores of a row"),
        "noise": ("changes", "another class may be on top"),
    },
    ("linear", "equations", "parameter_error"): {
        "off": OFF,
        "digits": ("rises", "the logarithm of a rounded score is no equation"),
        "top": ("rises", "scores of 0 are no equations"),
        "label": ("rises", "scores of 0 are no equations"),
        "soft": ("rises", "it finds the parameters over 4: an error of 3/4"),
        "noise": ("rises", "noisy equations"),
    },
    ("linear", "equations", "agreement"): {
        "off": OFF,
        "digits": ("falls", "the logarithm of a rounded score is no equation"),
        "top": ("falls", "scores of 0 are no equations"),
        "label": ("falls", "scores of 0 are no equations"),
        "soft": ("same", "the parameters over 4 put every row in the same class"),
        "noise": ("falls", "noisy equations"),
    },
    ("tokens", "width", "excess"): {
        "off": OFF,
        "digits": ("changes", "logarithms of rounded scores span all dimensions"),
        "top": ("changes", "the answers tell no more than which class is on top"),
        "label": ("changes", "the answers tell no more than which class is on top"),
        "soft": ("same", "logits over 4 span the same space"),
        "noise": ("changes", "noise spans all dimensions"),
    },
    ("tokens", "width_of_logits", "excess"): {
        "off": OFF,
        "soft": ("same", "logits over 4 span the same space"),
        **{link: ("refused", "the service gives no logits") for link in WITHHOLD_LOGITS},
    },
}


def head_of(world):
    data, model, epochs, rate, _ = WORLDS[world]
    return HEAD % (REPLICATES, data, model, epochs, rate)


def attack_line(attack):
    stage, name, settings = attack
    return "  - %s: {as: %s%s}\n" % (stage, name, settings and ", " + settings)


def write_plans(folder):
    for world, attacks, links in plans():
        with open(os.path.join(folder, world + ".yaml"), "w") as file:
            file.write(head_of(world.split("-")[0]))
            file.write("  - one_of:\n      as: link\n      options:\n        - none\n")
            for link in links:
                settings = LINKS[link] and ", " + LINKS[link]
                file.write("        - defense.output: {as: %s%s}\n" % (link, settings))
            for attack in attacks:
                file.write(attack_line(attack))
        print(world)


def plans():
    """(plan, attacks, links): attacks that are refused behind some links have a plan of their
    own."""
    for world in WORLDS:
        groups = {}
        for attack in WORLDS[world][4]:
            rows = [TABLE[row] for row in TABLE if row[:2] == (world, attack[1])]
            links = tuple(l for l in LINKS if all(r[l][0] != "refused" for r in rows))
            groups.setdefault(links, []).append(attack)
        for number, (links, attacks) in enumerate(groups.items()):
            yield world + ("-%d" % number if number else ""), attacks, links


def write_refused(folder):
    for (world, name, _), row in TABLE.items():
        for link in [l for l in LINKS if row[l][0] == "refused"]:
            path = os.path.join(folder, "refused-%s-%s.yaml" % (name, link))
            attack = next(a for a in WORLDS[world][4] if a[1] == name)
            text = head_of(world) + "  - defense.output: {%s}\n" % LINKS[link]
            with open(path, "w") as file:
                file.write(text + attack_line(attack))
            line, column = text.count("\n") + 1, attack_line(attack).index(name) + 1
            print("%s\t%s:%d:%d: %s asks for logits, but defense.output before it gives none"
                  % (path, path, line, column, attack[0]))


def check_rows(may_ask):
    """Every stage that may ask is in the table, with a link that changes it."""
    faults = []
    tried = {attack[0]: [] for world in WORLDS for attack in WORLDS[world][4]}
    for (world, name, metric), row in TABLE.items():
        stage = next(a[0] for a in WORLDS[world][4] if a[1] == name)
        tried[stage] += [cell[0] for cell in row.values()]
        if list(sorted(row)) != sorted(LINKS):
            faults.append("%s %s: the table lacks a link" % (name, metric))
    for stage in may_ask:
        if stage not in tried:
            faults.append("%s may ask the target, but the table has no row of it" % stage)
        elif not {"falls", "rises", "changes"} & set(tried[stage]):
            faults.append("%s: no link changes it" % stage)
    return faults


def read_values(path, name, metric):
    """{link: [value by replicate]} of a metric; a missing value is its reason."""
    by = {}
    column = name + "_" + metric
    with open(path) as file:
        for row in csv.DictReader(file):
            value = row[column] or row[column + "_reason"]
            if row[column] and metric in LOGARITHMS:
                value = repr(math.log10(float(value)))
            by.setdefault(row["link"], {})[int(row["replicate"])] = value
    return {link: [by[link][r] for r in sorted(by[link])] for link in by}


def interval(before, after):
    """Mean difference and half its t interval; NaN where a value is missing."""
    try:
        d = [float(b) - float(a) for a, b in zip(before, after)]
    except ValueError:
        return math.nan, math.nan
    mean = sum(d) / len(d)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in d) / (len(d) - 1))
    return mean, T_975 * deviation / math.sqrt(len(d))


def holds(verdict, before, after):
    mean, half = interval(before, after)
    return {"same": before == after, "changes": before != after,
            "falls": mean + half < 0.0, "rises": mean - half > 0.0}[verdict]


def mean_of(values):
    numbers = [float(v) for v in values if v[0] in "-0123456789"]
    return sum(numbers) / len(numbers) if numbers else math.nan


def judge_cell(row, link, cell, before, after):
    """Prints the cell. Returns a fault or nothing."""
    verdict, reason = cell
    mean, half = interval(before, after)
    others = sum(a != b for a, b in zip(before, after))
    is_so = len(before) == REPLICATES == len(after) and holds(verdict, before, after)
    print("%-11s %-15s %-15s %-6s %8.4f %8.4f %+8.4f [%+.4f, %+.4f] %d of %d differ: %s %s, %s"
          % (row + (link, mean_of(before), mean_of(after), mean, mean - half, mean + half,
                    others, len(before), "as said," if is_so else "SURPRISE, said", verdict,
                    reason)))
    return None if is_so else "%s of %s behind %s: not %s" % (row[2], row[1], link, verdict)


def keys_of(path):
    """{stage: keys of its steps with metrics}, of a journal."""
    keys = {}
    with open(path, errors="replace") as file:
        for line in file:
            entry = json.loads(line)
            if entry.get("kind") == "done" and entry["measure"]:
                keys.setdefault(entry["stage"], set()).add(entry["key"])
    return keys


def check_keys(folder):
    """An attack has a step of its own behind every link, even one with all settings off."""
    faults = []
    for world, attacks, links in plans():
        keys = keys_of(os.path.join(folder, world + ".ndjson"))
        for stage in {attack[0] for attack in attacks}:
            count = sum(attack[0] == stage for attack in attacks)
            wanted = REPLICATES * (1 + len(links)) * count
            if len(keys.get(stage, ())) != wanted:
                faults.append("%s in %s: %d keys, not %d" %
                              (stage, world, len(keys.get(stage, ())), wanted))
    return faults


def judge(folder, stages):
    with open(stages) as file:
        faults = check_rows(file.read().split())
    for world, attacks, links in plans():
        for row in TABLE:
            if row[0] != world.split("-")[0] or row[1] not in [a[1] for a in attacks]:
                continue
            values = read_values(os.path.join(folder, world + ".csv"), *row[1:])
            for link in links:
                faults.append(judge_cell(row, link, TABLE[row][link], values["none"],
                                         values[link]))
    faults = [fault for fault in faults if fault] + check_keys(folder)
    for fault in faults:
        print("FAULT: " + fault)
    return int(bool(faults))


def main(argv):
    if argv[1:2] == ["plans"] and len(argv) == 3:
        return write_plans(argv[2])
    if argv[1:2] == ["refused"] and len(argv) == 3:
        return write_refused(argv[2])
    if argv[1:2] == ["judge"] and len(argv) == 4:
        return judge(argv[2], argv[3])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv))
