#!/usr/bin/env python3
"""Scores of membership tests from shadow models, as other programs compute them, on fixed
matrices: the numbers that tests/unit/test_shadow_scores.c holds ours against.

    lira_scores.py --header           prints tests/support/shadow_scores.h
    lira_scores.py PROGRAM            runs PROGRAM print (test_shadow_scores) and compares
                                      what it prints with numbers computed anew

Needs numpy alone. Each function below is written from the reading of
one reference, which it names; values have the shape [models x rows], `is_in` says which
models trained on which row, and every score is turned so that higher means member.

  plot.py, advanced_mia.py   github.com/tensorflow/privacy at 03035d5d
  lira.py, rmia.py           github.com/aidotse/LeakPro at c47752fa
  privacy_meter              github.com/privacytrustlab/ml_privacy_meter at e384af8f
"""
import math
import subprocess
import sys

import numpy as np

TOLERANCE = 1e-12  # of the number, or of 1 where that is larger


# --- normal distribution (scipy.stats.norm's formulas) ----------------------------------


def logpdf(x, mean, sd):
    y = (x - mean) / sd
    return -(y**2) / 2 - math.log(math.sqrt(2 * math.pi)) - np.log(sd)


def logcdf(x, mean, sd):
    y = float((x - mean) / sd)
    if y > 6:
        return -0.5 * math.erfc(y / math.sqrt(2))
    if y > -20:
        return math.log(0.5 * math.erfc(-y / math.sqrt(2)))
    total, term, k = 1.0, 1.0, 1
    while abs(term) > 1e-18 and k < 100:  # asymptotic: 1 - 1/y^2 + 1*3/y^4 - ...
        term *= -(2 * k - 1) / y**2
        total += term
        k += 1
    return -0.5 * y**2 - math.log(-y) - 0.5 * math.log(2 * math.pi) + math.log(total)


# --- likelihood ratio -------------------------------------------------------------------


def sides(value, is_in):
    rows = range(value.shape[1])
    return ([value[is_in[:, r], r] for r in rows], [value[~is_in[:, r], r] for r in rows])


def lira_all(value, is_in, target, online, own):
    """No program's: all values, medians, and what a row lacks from all rows' values."""
    has, lacks = sides(value, is_in)

    def whole(x):
        x = np.concatenate(x)
        return (x.mean(), x.std()) if len(x) else (0.0, 0.0)

    def density(x, at, mean_all, sd_all):
        if len(x) == 0:
            mean, sd = mean_all, sd_all
        else:
            mean = np.median(x)
            sd = x.std() if own and x.std() > 0 else sd_all
        y = (at - mean) / (sd + 1e-30)
        return -np.log(sd + 1e-30) - 0.5 * y**2

    mean_in, sd_in = whole(has)
    mean_out, sd_out = whole(lacks)
    if online and not own:
        sd_out = sd_in
    score = []
    for r, at in enumerate(target):
        one = -density(lacks[r], at, mean_out, sd_out)
        if online:
            one += density(has[r], at, mean_in, sd_in)
        score.append(one)
    return np.array(score)


def lira_carlini(value, is_in, target, online, own):
    """plot.py, generate_ours and generate_ours_offline (fix_variance: not own); the authors'
    deviation of the models without a row is that of the models with it."""
    has, lacks = sides(value, is_in)
    shortest_in, shortest_out = min(map(len, has)), min(map(len, lacks))
    dat_in = np.array([x[:shortest_in] for x in has])
    dat_out = np.array([x[:shortest_out] for x in lacks])
    mean_out = np.median(dat_out, axis=1)
    if not online:
        sd_out = dat_out.std(axis=1) if own else np.std(dat_out)
        return -logpdf(target, mean_out, sd_out + 1e-30)
    mean_in = np.median(dat_in, axis=1)
    sd_in = dat_in.std(axis=1) if own else np.std(dat_in)
    sd_out = dat_out.std(axis=1) if own else np.std(dat_in)
    lower_is_member = -logpdf(target, mean_in, sd_in + 1e-30) + logpdf(
        target, mean_out, sd_out + 1e-30
    )
    return -lower_is_member


def filled(x):
    """advanced_mia.py, replace_nan_with_column_mean."""
    return np.where(np.isnan(x), np.nanmean(x), x)


def or_nan(function, x):
    return np.array([function(one) if len(one) else np.nan for one in x])


def lira_pooled(value, is_in, target, online, own):
    """advanced_mia.py, compute_score_lira, option both or out, medians."""
    lower = []
    for x in sides(value, is_in):
        middle = filled(or_nan(np.median, x))
        if own:
            sd = filled(or_nan(np.std, x))
        else:
            sd = np.std(np.concatenate([a - m for a, m in zip(x, middle)]))
        lower.append(logpdf(target, middle, sd + 1e-30))
    log_in, log_out = lower
    return log_in - log_out if online else -log_out


def lira_leakpro(value, is_in, target, online, own):
    """lira.py, run_attack; var_calculation carlini, or (own) what it calls fixed."""
    fixed_in, fixed_out = np.std(value[is_in]), np.std(value[~is_in])
    takes_own = own or len(value) >= 64
    score = []
    for (has, lacks), at in zip(zip(*sides(value, is_in)), target):
        sd_out = np.std(lacks) if takes_own else fixed_out
        if online:
            sd_in = np.std(has) if takes_own else fixed_in
            one = logpdf(at, np.mean(has), sd_in + 1e-30)
            one -= logpdf(at, np.mean(lacks), sd_out + 1e-30)
        else:
            one = logcdf(at, np.mean(lacks), sd_out + 1e-30)
        score.append(one)
    return np.array(score)


# --- calibration ------------------------------------------------------------------------


def calibrated(value, is_in, target):
    """advanced_mia.py, compute_score_offset, option out, mean."""
    return target - filled(or_nan(np.mean, sides(value, is_in)[1]))


# --- relative membership ----------------------------------------------------------------


def share(ratio_x, ratio_z, counts):
    with np.errstate(all="ignore"):
        return counts(ratio_x[:, np.newaxis] / ratio_z).mean(axis=1)


def relative_paper(x, z, online, gamma, a):
    """The paper: equation 10 offline, halves of both kinds of models online, >= gamma."""
    (p, is_in, target), (p_z, target_z) = x, z
    has, lacks = sides(p, is_in)
    mean_x, mean_z = filled(or_nan(np.mean, lacks)), p_z.mean(axis=0)
    if online:
        mean_x = 0.5 * (filled(or_nan(np.mean, has)) + mean_x)
    else:
        mean_x = (1 + a) / 2 * mean_x + (1 - a) / 2
        mean_z = (1 + a) / 2 * mean_z + (1 - a) / 2
    with np.errstate(all="ignore"):
        return share(target / mean_x, target_z / mean_z, lambda t: t >= gamma)


def relative_privacy_meter(x, z, online, gamma, a):
    """modules/mia/attacks/rmia.py, run_rmia and get_out_ref_signals; there gamma is 1."""
    (p, is_in, target), (p_z, target_z) = x, z
    most = max(len(p) // 2, 1)

    def mean(value, member):
        out = value * ~member
        if most > 1:
            out = np.sort(out, axis=0)[::-1][:most]
        elif a != 0:
            out = out + (value + a - 1) / a * member
        else:
            out = out + (value - 0.7) / 0.3 * member
        return (1 + a) / 2 * np.mean(out, axis=0) + (1 - a) / 2

    nobody = np.zeros(p_z.shape, bool)
    with np.errstate(all="ignore"):
        ratio_x, ratio_z = target / mean(p, is_in), target_z / mean(p_z, nobody)
    return share(ratio_x, ratio_z, lambda t: t > gamma)


def relative_leakpro(x, z, online, gamma, a):
    """rmia.py, prepare_attack and _run_attack, from probabilities on."""
    (p, is_in, target), (p_z, target_z) = x, z
    mean_z = np.mean(p_z, axis=0)
    if online:
        mean_x = np.mean(p, axis=0)
    else:
        mean_x = or_nan(np.mean, sides(p, is_in)[1])
        mean_x = 0.5 * ((a + 1) * mean_x + (1 - a))
        mean_z = 0.5 * ((a + 1) * mean_z + (1 - a))
    return share(target / (mean_x + 1e-6), target_z / (mean_z + 1e-6), lambda t: t > gamma)


# --- the matrices -----------------------------------------------------------------------
# Whole numbers, so that both programs have the same: confidences in 1/64, probabilities in
# 1/1024. Coarse, so that there are ties.


class Draw:
    """Lehmer's generator."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = self.state * 48271 % 2147483647
        return self.state % n


def confidences(seed, models, rows, keep):
    """`keep` of 8 models have a row; rows 1 and 2 few and many, and row 3 all its values
    without it, and those with it, the same: a deviation of 0."""
    draw = Draw(seed)
    is_in = np.zeros((models, rows), bool)
    value = np.zeros((models, rows), int)
    for r in range(rows):
        hard = draw.below(400) - 200
        for m in range(models):
            is_in[m, r] = draw.below(8) < keep
            if r in (1, 2):
                is_in[m, r] = (m % 5 == 1) == (r == 1)
            value[m, r] = hard + draw.below(60) + draw.below(60) + 70 * is_in[m, r]
            if r == 3:
                value[m, r] = 192 if is_in[m, r] else 64
    target = np.array([value[r % models, r] + draw.below(31) - 15 for r in range(rows)])
    target[4 % rows] -= 64 * 200  # far in the tail
    target[5 % rows] += 64 * 20
    return value, is_in, target


def probabilities(seed, is_in, rows):
    """Of the rows of is_in, then of a population whose first is as row 0, at a ratio of 1,
    whose second the target and whose third all are certain of."""
    draw = Draw(seed)
    models = len(is_in)
    p = np.zeros((models, rows), int)
    for r in range(rows):
        hard = draw.below(500)
        for m in range(models):
            member = r < is_in.shape[1] and is_in[m, r]
            p[m, r] = 1 + hard + draw.below(300) + 200 * bool(member)
    target = np.array([p[r % models, r] + draw.below(24) for r in range(rows)])
    n = is_in.shape[1]
    for r in (0, n):
        p[:, r], target[r] = 512, 768
    target[n + 1] = p[:, n + 2] = target[n + 2] = 1024
    p[:, 6 % n] = target[6 % n] = 1024
    target[7 % n] = 0
    return p[:, :n], target[:n], p[:, n:], target[n:]


class Matrix:
    def __init__(self, name, seed, models, rows, keep, population):
        self.name, self.models, self.rows = name, models, rows
        self.value, self.is_in, self.target = confidences(seed, models, rows, keep)
        if name == "sparse":  # row 0 in no model, row 1 in all
            self.is_in[:, 0], self.is_in[:, 1] = False, True
        self.p, self.p_target, self.z, self.z_target = probabilities(
            seed + 1, self.is_in, rows + population
        )
        self.population = population

    def lira(self, function, online, own):
        return function(self.value / 64, self.is_in, self.target / 64, online, own)

    def relative(self, function, online, gamma, a):
        x = (self.p / 1024, self.is_in, self.p_target / 1024)
        return function(x, (self.z / 1024, self.z_target / 1024), online, gamma, a)


EVEN = Matrix("even", 11, 12, 20, 4, 15)
SPARSE = Matrix("sparse", 12, 5, 12, 4, 9)
MANY = Matrix("many", 13, 64, 8, 4, 5)
PAIR = Matrix("pair", 14, 3, 12, 4, 9)
MATRICES = [EVEN, SPARSE, MANY, PAIR]
LIRA = [
    (lira_all, "TL_LIRA_ALL", [EVEN, SPARSE]),
    (lira_carlini, "TL_LIRA_CARLINI", [EVEN, MANY]),
    (lira_pooled, "TL_LIRA_POOLED", [EVEN, SPARSE]),
    (lira_leakpro, "TL_LIRA_LEAKPRO", [EVEN, MANY]),
]
RELATIVE = [
    (relative_paper, "TL_RELATIVE_PAPER", False, 1.0, 0.3, [EVEN, SPARSE]),
    (relative_paper, "TL_RELATIVE_PAPER", True, 1.0, 0.3, [EVEN, SPARSE]),
    (relative_paper, "TL_RELATIVE_PAPER", False, 1.25, 0.0, [EVEN]),
    (relative_privacy_meter, "TL_RELATIVE_PRIVACY_METER", False, 1.0, 0.3, [EVEN, SPARSE, PAIR]),
    (relative_privacy_meter, "TL_RELATIVE_PRIVACY_METER", False, 1.0, 0.0, [PAIR]),
    (relative_leakpro, "TL_RELATIVE_LEAKPRO", False, 2.0, 0.33, [EVEN]),
    (relative_leakpro, "TL_RELATIVE_LEAKPRO", False, 1.0, 0.33, [EVEN]),
    (relative_leakpro, "TL_RELATIVE_LEAKPRO", True, 1.0, 0.33, [EVEN, SPARSE]),
]


def cases():
    """Yields kind, matrix, C arguments, scores."""
    for function, name, matrices in LIRA:
        for matrix in matrices:
            for online in (True, False):
                for own in (False, True):
                    yield "lira", matrix, (name, online, own), matrix.lira(
                        function, online, own
                    )
    for matrix in (EVEN, SPARSE):
        score = calibrated(matrix.value / 64, matrix.is_in, matrix.target / 64)
        yield "calibration", matrix, (), score
    for function, name, online, gamma, a, matrices in RELATIVE:
        for matrix in matrices:
            score = matrix.relative(function, online, gamma, a)
            yield "relative", matrix, (name, online, gamma, a), score


# --- the header -------------------------------------------------------------------------


def words(x):
    if isinstance(x, bool) or isinstance(x, np.bool_):
        return "true" if x else "false"
    if isinstance(x, float):
        return "%.17g" % x
    return str(x)


def wrapped(items, indent):
    lines, line = [], " " * indent
    for item in items:
        if len(line) + len(item) + 2 > 100:
            lines.append(line.rstrip())
            line = " " * indent
        line += item + ", "
    return "\n".join(lines + [line.rstrip(", ")])


def print_header():
    most = max(m.rows for m in MATRICES)
    print("/* Made by tests/peers/lira_scores.py --header, which says whose numbers these are. */")
    print("#ifndef TESTS_SUPPORT_SHADOW_SCORES_H")
    print("#define TESTS_SUPPORT_SHADOW_SCORES_H\n")
    print('#include "experiments/score/likelihood_ratio.h"')
    print('#include "experiments/score/relative_membership.h"\n')
    print("/* clang-format off */")
    for m in MATRICES:
        for name, x in (
            ("value", m.value),
            ("in", m.is_in.astype(int)),
            ("target", m.target),
            ("p", m.p),
            ("p_target", m.p_target),
            ("z", m.z),
            ("z_target", m.z_target),
        ):
            print(f"static const int {m.name}_{name}[{x.size}] = {{")
            print(wrapped([str(v) for v in x.ravel()], 4) + "};")
    print("""
/* Confidences in 1/64, probabilities in 1/1024. */
typedef struct matrix {
    const char *name;
    int models, rows, population;
    const int *value, *in, *target, *p, *p_target, *z, *z_target;
} matrix;

static const matrix matrices[] = {""")
    for m in MATRICES:
        fields = ("value", "in", "target", "p", "p_target", "z", "z_target")
        parts = ", ".join(f"{m.name}_{f}" for f in fields)
        print(f'    {{"{m.name}", {m.models}, {m.rows}, {m.population}, {parts}}},')
    print("};\nenum { " + ", ".join(m.name.upper() for m in MATRICES) + ", MATRICES };\n")
    kinds = (
        ("lira", "tl_lira"),
        ("calibration", None),
        ("relative", "tl_relative"),
    )
    for kind, type_name in kinds:
        test = f"{type_name} test; " if type_name else ""
        print(f"static const struct {{ int matrix; {test}double score[{most}]; }} {kind}_cases[] = {{")
        for each, m, arguments, score in cases():
            if each == kind:
                head = "{" + ", ".join(map(words, arguments)) + "}, " if arguments else ""
                print(f"    {{{m.name.upper()}, {head}{{")
                print(wrapped([words(float(s)) for s in score], 8) + "}},")
        print("};")
    print("/* clang-format on */\n\n#endif")


# --- the comparison ---------------------------------------------------------------------


def compare(program):
    """Lines of the program: kind, matrix, arguments as in the header, scores."""
    text = subprocess.run([program, "print"], stdout=subprocess.PIPE, check=True).stdout
    lines = [line.split() for line in text.decode().splitlines()]
    wanted = list(cases())
    code = int(len(lines) != len(wanted))
    if code:
        print(f"{len(lines)} cases printed, {len(wanted)} wanted")
    worst = 0.0
    for line, (kind, matrix, arguments, score) in zip(lines, wanted):
        name = [kind, matrix.name] + [words(x) for x in arguments]
        got = np.array([float(x) for x in line[len(name) :]])
        if len(got) != len(score) or line[:2] != name[:2]:
            print("other case:", line[: len(name)], "for", name)
            return 1
        off = np.max(np.abs(got - score) / np.maximum(1, np.abs(score)))
        worst = max(worst, off)
        if not off <= TOLERANCE:
            print(*name, "differs by", off)
            code = 1
    print(f"{len(wanted)} cases, largest difference {worst:.2g}")
    return code


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    if sys.argv[1] == "--header":
        print_header()
        return 0
    return compare(sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
