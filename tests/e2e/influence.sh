#!/usr/bin/env bash
# Metrics that ScaLAPACK's solution ends in are the same to 1e-6 for any number of ranks, those
# of a team among them; everything else in the table has the same bits.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
near() { paste -d, "$1" "$2" | awk -F, '{ n = NF / 2; for (i = 1; i <= n; i++) {
    if (NR == 1 && $i ~ /^measure_influence/) ours[i] = 1
    if (NR == 1 || !ours[i] || $i !~ /[0-9]/) { if ($i != $(i + n)) exit 1; continue }
    d = $i - $(i + n); if (!(d * d <= 1e-12 * $i * $i)) exit 1 } } END { if (NR < 2) exit 1 }'; }

for n in 1 2 4; do
    expect 0 launch -n "$n" run "$plans/influence.yaml" -o "$n.nc"
    expect 0 "$THREATLOOP_BIN" table "$n.nc" --csv
    cp out.txt "$n.csv"
    near 1.csv "$n.csv" || fail "-n $n: $(diff 1.csv "$n.csv")"
done
head -1 1.csv | grep -q measure_influence_poison_auc || fail "no influence was measured"
ncdump -v team_width 4.run.nc | tr ',;' '\n\n' | grep -q '= *[24] *$\|^ *[24] *$' || fail "no team at -n 4"
finish
