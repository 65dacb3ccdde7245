"""Plans that would keep anybody busy: usage: make_plans.py FOLDER"""
import os
import sys

os.chdir(sys.argv[1])


def data(more="", source="synthetic/lesions", pool="40"):
    return (
        f"data: {{source: {source}, {more}split: {{pool: {pool}, keep: 0.5, validation: 12, "
        "attacker: 30, test: 36}}\n"
    )


def levels(count, of=lambda i: str(i + 1)):
    return "[" + ", ".join(of(i) for i in range(count)) + "]"


def rates(count):
    return levels(count, lambda i: f"{1e-6 * (i + 1):g}")


def plan(name, rest, replicates=1):
    with open(name + ".yaml", "w") as file:
        file.write(f"name: {name}\nseed: 1\nreplicates: {replicates}\n{rest}")


LINEAR = "model: {kind: linear}\n"
CHAIN = "chain: [train, measure.utility, m2d.global_threshold]\n"
GRID = data() + LINEAR + f"recipe: {{epochs: {levels(1000)}, lr: {rates(2000)}}}\n"
CUBE = (
    data()
    + LINEAR
    + f"recipe: {{epochs: {levels(120)}, batch: {levels(120, lambda i: str(i + 4))}, "
    + f"lr: {rates(120)}}}\nchain: [train]\nexclude:\n"
)
FOUR = (
    data()
    + LINEAR
    + f"recipe: {{epochs: {levels(63)}, batch: {levels(63, lambda i: str(i + 4))}, "
    + f"lr: {rates(63)}, weight_decay: {rates(63)}}}\nchain: [train]\nexclude:\n"
)
SAME = "  - {recipe.epochs: 1, recipe.batch: 4}\n"

# Refused: too many
plan("many", data() + LINEAR + CHAIN, 5000000)
plan("four", FOUR + SAME * 80)
plan("rounds", data() + LINEAR + "chain:\n  - train\n  - measure.utility\n  - rounds: 5000\n")
plan("claims", data() + LINEAR + CHAIN + "hypotheses:\n" + "  - {effect: a, on: b}\n" * 9000)
plan("rules", CUBE + "".join(f"  - {{recipe.epochs: {1 + i % 120}, recipe.batch: [4, {4 + i // 120}]}}\n" for i in range(400)))
plan(
    "arrangements",
    data()
    + LINEAR
    + "chain:\n"
    + "".join(
        f"  - one_of: {{as: c{i}, options: [none, d2m.label_flip: {{as: f{i}, rate: 0.1}}]}}\n"
        for i in range(21)
    )
    + "  - train\n",
)

# Allowed, and large
plan("replicates", data() + LINEAR + CHAIN, 2000000)
plan("grid", GRID + CHAIN)
plan("tested", GRID + CHAIN + "hypotheses:\n  - {effect: recipe_epochs, on: measure_utility_accuracy, direction: lowers}\n")
plan("equal", CUBE + SAME * 80)
plan("written", CUBE + "  - {recipe.epochs: [1, 2], recipe.batch: 4}\n  - {recipe.batch: 4, recipe.epochs: [2, 1]}\n" * 150)
plan(
    "different",
    CUBE
    + "".join(
        f"  - {{recipe.epochs: {1 + i % 120}, recipe.batch: {levels(60, lambda k: str(4 + (k + i) % 120))}, recipe.lr: 1e-6}}\n"
        for i in range(240)
    ),
)
plan("generated", data("examples: [300000, 299999, 299998], ") + LINEAR + "chain: [train]\n")
plan("splits", data("examples: 9000, ", pool=levels(900, lambda i: str(40 + i))) + LINEAR + f"recipe: {{lr: {rates(900)}}}\nchain: [train]\n")
plan("wide", data() + LINEAR + f"recipe: {{lr: {rates(90000)}}}\nchain: [train]\n")
plan("long", data() + LINEAR + f"recipe: {{epochs: {levels(700)}, lr: {rates(700)}}}\nchain:\n  - train\n" + "".join(f"  - measure.utility: {{as: u{i}}}\n" for i in range(12)))
