#!/usr/bin/env bash
# The page of a report says what `effects` says and no more; no text of a plan or a file is
# markup in it or a command to gnuplot; figures come as files, text and numbers.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
command -v gnuplot >/dev/null || skip "no gnuplot here"
export PYTHONPATH=$ROOT/tests/e2e PYTHONDONTWRITEBYTECODE=1
page() { /usr/bin/python3 "$ROOT/tests/e2e/report_page.py" "$@" || fail "$*"; } # WHAT PAGE [FILE]
mkdir cases work
/usr/bin/python3 "$ROOT/tests/e2e/report_cases.py" cases || skip "no netCDF4 for Python here"

# A run writes its page at the end, the same that the command writes.
LC_ALL=C expect 0 launch -n 2 run "$plans/report.yaml" -o r.nc --report
says "page=r.html"
cp r.html run.html
cp out.txt run.txt
expect 0 "$THREATLOOP_BIN" report r.nc
same run.html r.html
"$THREATLOOP_BIN" effects r.nc --json >r.json
for what in safe contrast; do page "$what" r.html; done
page numbers r.html r.json
for section in answer matrix figures stored claims chain effects methods limits cost provenance; do
    grep -q "<section id=\"$section\"" r.html || fail "the page has no section $section"
done
grep -q "what is poisoned: a backdoor against none" r.html || fail "no display names of the plan"
LC_ALL=C expect 0 "$THREATLOOP_BIN" summary r.nc
says "what is poisoned"
same run.txt out.txt
grep -q "how good the &lt;copy&gt; is" r.html || fail "no display name of a metric"
expect 2 "$THREATLOOP_BIN" plan "$plans/report.yaml" --set "labels={poisn: x}"
says "unknown factor, level or metric in labels: 'poisn': did you mean 'poison'?"
[ "$(grep -o '<svg' r.html | wc -l)" -ge 10 ] || fail "less than ten figures"
[ "$(stat -c %a r.html)" = 644 ] || fail "the page is not for others to read"

# Noise, too few replicates, test against interval: no word of effect.
for name in null four unclear; do
    expect 0 "$THREATLOOP_BIN" report "cases/$name.nc"
    "$THREATLOOP_BIN" effects "cases/$name.nc" --json >e.json
    page safe "cases/$name.html"
    page numbers "cases/$name.html" e.json
    page calm "cases/$name.html"
done
grep -q "4 replicates cannot reach p = 0.05" cases/four.html || fail "four.html hides that 4 are too few"
grep -q "Test and interval disagree" cases/unclear.html || fail "unclear.html hides a disagreement"

# A run that has not ended is marked; before it has data nothing is judged.
for name in begun nothing; do
    expect 0 "$THREATLOOP_BIN" report "cases/$name.nc"
    page safe "cases/$name.html"
    page calm "cases/$name.html"
    grep -q "PARTIAL: trials are still to be run" "cases/$name.html" || fail "$name.html is not marked"
done
grep -q "Nothing can be said yet: 0 of 8 trials done" cases/nothing.html || fail "nothing.html judges"
grep -qE "<article|class=\"badge" cases/nothing.html && fail "nothing.html has verdicts"

# Markup, scripts and commands in every text of a file.
cp cases/payloads.nc work
(cd work && expect 0 "$THREATLOOP_BIN" report payloads.nc)
(cd work && expect 0 "$THREATLOOP_BIN" plot payloads.nc --figure paired-33 && says "x auc") >/dev/null
page payloads work/payloads.html
for format in svg pdf png; do
    [ "$format" = svg ] || command -v rsvg-convert >/dev/null || continue
    (cd work && expect 0 "$THREATLOOP_BIN" plot payloads.nc -f forest-m2d_x_auc -o "f.$format")
    [ -s "work/f.$format" ] || fail "no f.$format"
done
left=$(cd work && find . -type f ! -name 'payloads.*' ! -name 'f.*' ! -name out.txt ! -name err.txt)
[ -z "$left" ] || fail "files were made: $left"

# A thousand effects.
expect 0 "$THREATLOOP_BIN" report cases/thousand.nc
page safe cases/thousand.html
bytes=$(stat -c %s cases/thousand.html)
[ "$bytes" -lt 5000000 ] || fail "a page of 1,000 effects has $bytes bytes"

# Figures: what there is, as numbers and as text.
expect 0 "$THREATLOOP_BIN" plot r.nc --figure list
for kind in forest chain dose tradeoff paired cost roc scores; do
    name=$(grep -o "^$kind[^ ]*" out.txt | head -n 1)
    [ -n "$name" ] || { fail "no figure $kind" && continue; }
    "$THREATLOOP_BIN" plot r.nc -f "$name" >figure.txt || fail "$name is not drawn as text"
    awk 'length($0) > 80 { exit 1 }' figure.txt || fail "$name is wider than 80 columns"
    grep -q "T000" figure.txt && fail "$name shows a placeholder"
    "$THREATLOOP_BIN" plot r.nc -f "$name" --csv >figure.csv || fail "$name has no numbers"
    [ "$(wc -l <figure.csv)" -ge 2 ] || fail "$name has no numbers"
done
expect 2 "$THREATLOOP_BIN" plot r.nc -f forrest
says "no figure 'forrest'"
expect 2 "$THREATLOOP_BIN" plot r.nc -f cost -o c.gif
says ".svg, .pdf or .png"
expect 2 "$THREATLOOP_BIN" plot r.nc
says "--figure list"
expect 2 "$THREATLOOP_BIN" report r.nc r.nc
cp r.nc kept.nc
expect 2 "$THREATLOOP_BIN" report r.nc -o r.nc --force
expect 2 "$THREATLOOP_BIN" report r.nc -o run.html
says "replace it with --force"
expect 0 "$THREATLOOP_BIN" report r.nc -o run.html --force
same kept.nc r.nc

# Without gnuplot: tables, and a line that says so.
mkdir empty
expect 0 env PATH="$place/empty" "$THREATLOOP_BIN" report r.nc -o bare.html
grep -q "gnuplot is not installed" bare.html || fail "a page without figures does not say why"
grep -q "<svg" bare.html && fail "figures without gnuplot"
page safe bare.html
page numbers bare.html r.json
expect 1 env PATH="$place/empty" "$THREATLOOP_BIN" plot r.nc -f cost
says "gnuplot is not installed (Debian package gnuplot-nox)"
finish
