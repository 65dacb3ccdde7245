#!/usr/bin/env python3
"""The statistics of analysis/effect beside scipy's and statsmodels'.

    known_statistics.py --header    prints tests/support/known_statistics.h, which
                                    tests/unit/test_known_statistics.c holds ours against
    known_statistics.py PROGRAM     runs PROGRAM print (test_known_statistics), compares

Paired t intervals and p: scipy.stats.ttest_rel. Sign flips: scipy.stats.permutation_test
(exact). Of +1 and -1 they are McNemar's exact test: statsmodels' mcnemar. Equivalence:
statsmodels' ttost_paired. Holm, Benjamini and Hochberg: multipletests. Power: TTestPower.
Welch: ttest_ind and statsmodels' CompareMeans. Ratio and odds ratio: ttest_rel of logarithms
and log odds. Variance components and importance: statsmodels' anova_lm.
"""
import subprocess
import sys

import numpy as np
import scipy
from scipy import stats

BEFORE = [[412, 398, 405, 377, 431, 420, 389, 402], [51, 47, 66, 58, 49, 71, 62, 55, 60, 44],
          [700, 705, 690, 712]]
AFTER = [[405, 391, 411, 370, 419, 408, 391, 399], [53, 46, 71, 66, 52, 78, 61, 60, 67, 47],
         [701, 707, 690, 711]]
MARGIN = [0.02, 0.1, 0.004]
SCALE = [450.0, 100.0, 1000.0]
DISCORDANT = [(9, 2), (5, 5), (14, 1), (3, 0)]
P = [0.0078125, 0.04, 0.04, 0.0002, 0.6, 0.03125, 0.011, 1.0, 0.25]
SEEDS = [2, 5, 2]  # of a data draw, in the samples
GRID = [[[31, 35, 44], [29, 41, 52]], [[27, 36, 41], [30, 38, 47]], [[33, 34, 46], [26, 44, 50]],
        [[30, 33, 40], [28, 40, 53]]]  # replicate, level of a, level of b
POWER = [(0.5, 1.0, 12, 0.05, 2), (1.0, 1.0, 8, 0.05, 2), (0.01, 0.013, 16, 0.00625, 1),
         (0.3, 1.0, 90, 0.05, 2)]


def pairs():
    for before, after, scale in zip(BEFORE, AFTER, SCALE):
        yield np.array(after) / scale, np.array(before) / scale


def peers():
    """Name and value of every number, in the order of the C program."""
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.power import TTestPower
    from statsmodels.stats.weightstats import ttost_paired

    out = []
    for (x, y), margin in zip(pairs(), MARGIN):
        test = stats.ttest_rel(x, y)
        for level in (0.95, 0.9):
            out += [("t interval", v) for v in test.confidence_interval(level)]
        out.append(("t p", test.pvalue))
        out.append(("equivalence", ttost_paired(x, y, -margin, margin)[0]))
        for side in ("two-sided", "greater", "less"):
            flips = stats.permutation_test((x - y,), lambda d, axis: np.sum(d, axis=axis),
                                           permutation_type="samples", vectorized=True,
                                           n_resamples=np.inf, alternative=side)
            out.append(("sign flips " + side, flips.pvalue))
    for b, c in DISCORDANT:
        out.append(("mcnemar", mcnemar([[50, b], [c, 50]], exact=True).pvalue))
    out += [("holm", v) for v in multipletests(P, method="holm")[1]]
    out += [("benjamini-hochberg", v) for v in multipletests(P, method="fdr_bh")[1]]
    for effect, sd, n, level, sides in POWER:
        power = TTestPower().power(effect / sd, n, level / sides, alternative="larger")
        out.append(("power", power))
    return out + welch() + ratios() + variances()


def welch():
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    out = []
    for y, x in pairs():
        y = y[:-1]  # of another size
        both = CompareMeans(DescrStatsW(y), DescrStatsW(x))
        out += [("welch interval", v) for v in both.tconfint_diff(usevar="unequal")]
        out.append(("welch freedom", both.dof_satt()))
        out.append(("welch p", stats.ttest_ind(y, x, equal_var=False).pvalue))
    return out


def ratios():
    """Of values that are no rates, and of rates of SCALE cases, half a case added."""
    out = []
    for before, after, scale in zip(BEFORE, AFTER, SCALE):
        for is_rate in (False, True):
            half = 0.5 if is_rate else 0.0
            k, j = np.array(after) + half, np.array(before) + half
            n = scale + 2 * half
            log = np.log(k / (scale + half)), np.log(j / (scale + half))
            odds = np.log(k / (n - k)), np.log(j / (n - j))
            for name, (x, y) in (("ratio", log), ("odds ratio", odds)):
                test = stats.ttest_rel(x, y).confidence_interval(0.95)
                out += [(name, np.exp(v)) for v in (np.mean(x - y), test[0], test[1])]
    return out


def variances():
    import pandas
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    out = []
    for (x, y), seeds in zip(pairs(), SEEDS):
        frame = pandas.DataFrame({"d": x - y, "g": np.arange(len(x)) // seeds})
        mean = anova_lm(ols("d ~ C(g)", frame).fit())["mean_sq"]
        data = max(0.0, (mean["C(g)"] - mean["Residual"]) / seeds)
        out += [("data variance", data), ("training variance", mean["Residual"])]
    cells = [(r, a, b, GRID[r][a][b]) for r in range(4) for a in range(2) for b in range(3)]
    frame = pandas.DataFrame(cells, columns=["r", "a", "b", "y"])
    table = anova_lm(ols("y ~ C(r) + C(a) * C(b)", frame).fit())
    total = table["sum_sq"].sum() - table["sum_sq"]["C(r)"]
    for name in ("C(a)", "C(b)", "C(a):C(b)"):
        out.append(("share", table["sum_sq"][name] / total))
        out.append(("chance", table["df"][name] / (table["df"].sum() - table["df"]["C(r)"])))
    return out


def rows(numbers, form, width=6):
    texts = [form % v for v in numbers]
    return ",\n    ".join(", ".join(texts[i:i + width]) for i in range(0, len(texts), width))


def header():
    import statsmodels

    print("/* Made by tests/peers/known_statistics.py --header, which says whose numbers these are"
          "\n * (scipy %s, statsmodels %s). */" % (scipy.__version__, statsmodels.__version__))
    print("#ifndef TL_TESTS_SUPPORT_KNOWN_STATISTICS_H\n#define TL_TESTS_SUPPORT_KNOWN_STATISTICS_H\n")
    print("/* clang-format off */")
    sizes = [len(a) for a in AFTER]
    print("enum { SAMPLES = %d, TABLES = %d, TESTS = %d, POWERS = %d };" %
          (len(sizes), len(DISCORDANT), len(P), len(POWER)))
    print("static const int sample_size[SAMPLES] = {%s};" % ", ".join(map(str, sizes)))
    print("static const double sample_scale[SAMPLES] = {%s};" % ", ".join(map(str, SCALE)))
    print("static const double sample_margin[SAMPLES] = {%s};" % ", ".join(map(str, MARGIN)))
    for name, data in (("before", BEFORE), ("after", AFTER)):
        print("static const int sample_%s[SAMPLES][%d] = {" % (name, max(sizes)))
        print("    " + ",\n    ".join("{" + ", ".join(map(str, d)) + "}" for d in data) + "};")
    print("static const int sample_seeds[SAMPLES] = {%s};" % ", ".join(map(str, SEEDS)))
    print("static const int grid[4][2][3] = {%s};" % ", ".join(
        "{%s}" % ", ".join("{%s}" % ", ".join(map(str, b)) for b in a) for a in GRID))
    print("static const int discordant[TABLES][2] = {%s};" %
          ", ".join("{%d, %d}" % d for d in DISCORDANT))
    print("static const double test_p[TESTS] = {\n    %s};" % rows(P, "%.17g"))
    print("static const struct {\n    double effect, sd;\n    int n;\n    double level;\n"
          "    int sides;\n} power_of[POWERS] = {%s};" %
          ",\n    ".join("{%g, %g, %d, %g, %d}" % p for p in POWER))
    numbers = [v for _, v in peers()]
    print("enum { KNOWN = %d };" % len(numbers))
    print("static const double known[KNOWN] = {\n    %s};" % rows(numbers, "%.15g", 4))
    print("/* clang-format on */\n\n#endif")


def main():
    if sys.argv[1] == "--header":
        header()
        return
    text = subprocess.run([sys.argv[1], "print"], check=True, capture_output=True, text=True)
    ours = [float(line) for line in text.stdout.split()]
    theirs = peers()
    assert len(ours) == len(theirs), (len(ours), len(theirs))
    worst = max(abs(a - b) for a, (_, b) in zip(ours, theirs))
    for a, (name, b) in zip(ours, theirs):
        assert abs(a - b) <= 1e-9, (name, a, b)
    print("%d numbers, largest difference %.1e" % (len(ours), worst))


main()
