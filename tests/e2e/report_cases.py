"""Writes result files that a report must not stumble over: usage: report_cases.py FOLDER.

payloads.nc   markup, scripts and gnuplot's commands in every text that a file has
null.nc       noise alone, n = 8
four.nc       a large difference, n = 4: no p can be small enough
unclear.nc    a large difference, n = 5: the interval excludes 0, the test does not
begun.nc      6 of 8 trials done
nothing.nc    none done
thousand.nc   1,000 effects
"""
import json
import sys

try:
    import netCDF4
    import numpy as np
except ImportError:
    sys.exit(77)

PAYLOADS = [
    "<script>alert(1)</script>", "</style><script>alert(2)</script>", "</title><script>x</script>",
    "<img src=x onerror=alert(3)>", "\" onmouseover=\"alert(4)", "' onfocus='alert(5)' autofocus='",
    "javascript:alert(6)", "<svg onload=alert(7)>", "<iframe src=//evil.example></iframe>",
    "<a href='javascript:alert(8)'>x</a>", "<!-- <script>alert(9)</script>", "--><script>a</script>",
    "]]><script>alert(10)</script>", "<![CDATA[<script>alert(11)</script>]]>", "&lt;script&gt;",
    "&#60;script&#62;alert(12)&#60;/script&#62;", "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>", "<link rel=stylesheet href=//e.example>",
    "<style>*{display:none}</style>", "<form action=//evil.example><input name=q></form>",
    "<object data=//evil.example>", "<embed src=//evil.example>", "<math><mi//xlink:href=x>",
    "<details open ontoggle=alert(13)>", "<body onload=alert(14)>", "<?php system('touch made') ?>",
    "<%= 7*7 %>", "{{7*7}}", "${7*7}", "%s%s%n%n", "%1000000d", "`touch made`", "$(touch made)",
    "system('touch made')", "@m", "< touch made", "| touch made", "'\nset output 'made'\n", "\"; !touch made; \"",
    "' . system(\"touch made\") . '", "E\n!touch made\nE", "EOD\nsystem 'touch made'\n", "load 'made'",
    "T0001", "T0002....", "{/=99 huge}^{x}_{y}", "\\\\ \\n \\\"", "\u202etxet desrever\u202c",
    "a\x01b\x1b[31mc", "\u0000".join(["no", "end"]).replace("\u0000", " ") + " \U0001f4a9 \u200f\u061c",
]


def describe(thing, attributes):
    """Texts as characters: of others than ASCII, strings would be made."""
    for name, text in attributes.items():
        thing.setncattr(name, text.encode() if isinstance(text, str) else text)


def text_column(file, name, values, attributes):
    raw = [v if isinstance(v, bytes) else v.encode() for v in values]
    width = max(map(len, raw))
    dim = "text_%d" % width
    if dim not in file.dimensions:
        file.createDimension(dim, width)
    column = file.createVariable(name, "S1", ("trial", dim))
    column.set_auto_chartostring(False)
    describe(column, {"_Encoding": "utf-8", **attributes})
    column[:] = np.array(raw, "S%d" % width).view("S1").reshape(len(raw), width)


def make(path, levels, replicates, metrics, hypotheses, texts=None, done=None):
    """metrics: name -> (attributes, function of level and replicate); only the first `done` trials are"""
    file = netCDF4.Dataset(path, "w")
    trials = [(level, r) for level in range(len(levels)) for r in range(replicates)]
    file.createDimension("trial", len(trials))
    texts = texts or {}
    text_column(file, "what", [levels[level] for level, r in trials],
                {"long_name": "alternatives", "factor": "choice", "reference": levels[0],
                 **texts.get("factor", {})})
    for name, kind, values in (("replicate", "i4", [r for level, r in trials]),
                               ("status", "i1", [2 if done is None or t < done else 0 for t in range(len(trials))])):
        column = file.createVariable(name, kind, ("trial",))
        column.long_name = name
        column[:] = values
    file["status"].flag_meanings = "planned running done failed lost timeout diverged skipped"
    for name, (attributes, value) in metrics.items():
        column = file.createVariable(name, "f8", ("trial",), fill_value=float("nan"))
        describe(column, {"units": "1", "long_name": "made up", "flow": "M2D", "role": "attack",
                          "taxonomy_threat": "membership inference", "access": "labels",
                          "references": "none", "better": "lower", "downstream_of": "what",
                          **attributes})
        column[:] = [value(level, r) if done is None or t < done else float("nan")
                     for t, (level, r) in enumerate(trials)]
    describe(file, {"title": "case", "source": "threatloop 0.1.0", "seed": "1", "plan": "name: case\n",
                    "plan_hash": "0", "plan_hash_without_replicates": "0",
                    "hypotheses": json.dumps(hypotheses), **texts.get("file", {})})
    file.close()


def main(folder):
    rng = np.random.default_rng(7)
    noise = lambda size: (lambda level, r, e=rng.normal(0, size, (64, 64)): 0.5 + e[level, r])
    shifted = lambda by: (lambda level, r, e=rng.normal(0, 0.002, (64, 64)): 0.5 + by * level + e[level, r])
    asked = lambda **more: [{"effect": "what", "on": "m2d_x_auc", "level": "one", "direction": "raises", **more}]
    two = ["none", "one"]
    make(folder + "/null.nc", two, 8, {"m2d_x_auc": ({}, noise(0.02))}, asked())
    make(folder + "/four.nc", two, 4, {"m2d_x_auc": ({}, shifted(0.2))}, asked())
    make(folder + "/unclear.nc", two, 5, {"m2d_x_auc": ({}, shifted(0.2))}, asked())
    make(folder + "/begun.nc", two, 4, {"m2d_x_auc": ({}, shifted(0.2))}, asked(), done=6)
    make(folder + "/nothing.nc", two, 4, {"m2d_x_auc": ({}, shifted(0.2))}, asked(), done=0)
    make(folder + "/thousand.nc", ["level %d" % i for i in range(51)], 4,
         {"m2d_x%d_auc" % i: ({}, noise(0.02)) for i in range(20)}, [])
    levels = ["none"] + PAYLOADS[:-1] + [b"\xff\xfe<script>\xc0\xaf\x80".decode("latin-1").encode("latin-1")]
    keys = ["label", "long_name", "units", "references", "taxonomy_threat", "access"]
    metrics = {"m2d_x_auc": ({}, noise(0.02))}
    for i in range(0, len(PAYLOADS) - 2, 3):
        texts = {key: PAYLOADS[(i + k) % len(PAYLOADS)] for k, key in enumerate(keys)}
        metrics["m2d_x%d_auc" % i] = ({**texts, "taxonomy_threat": "membership inference"}, noise(0.02))
    hypotheses = [{"effect": "what", "on": "m2d_x_auc", "level": level, "direction": "raises", "claim": level}
                  for level in PAYLOADS[:-1]]
    everything = " ".join(PAYLOADS)
    make(folder + "/payloads.nc", levels, 4, metrics, hypotheses,
         {"factor": {"label": PAYLOADS[0], "long_name": PAYLOADS[1]},
          "file": {"title": PAYLOADS[2], "summary": everything, "data_source": everything,
                   "data_note": everything, "plan": "\n".join(PAYLOADS), "split": PAYLOADS[3],
                   "plan_hash": PAYLOADS[4], "keywords": PAYLOADS[5]}})


if __name__ == "__main__":
    main(sys.argv[1])
