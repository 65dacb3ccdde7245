#!/usr/bin/env bash
# The same plan gives the same bytes for any number of ranks, with and without sharing; and
# another seed gives others.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/sweep.yaml
one=(--set replicates=1)
# One replicate has one long step, which outlasts all else: teams work on it.
widest() { ncdump -v team_width "$1.run.nc" | tr ',;' '\n\n' | grep -c '^ *[248] *$'; }
for n in 1 2 3 5; do
    expect 0 launch -n "$n" run "$plan" "${one[@]}" -o "$n.nc"
    same 1.nc "$n.nc"
    [ "$n" = 1 ] || [ "$n" = 3 ] || [ "$(widest "$n")" -gt 0 ] ||
        fail "no team of two or more at -n $n"
done

expect 0 launch -n 2 run "$plan" "${one[@]}" -o unshared.nc --no-sharing
same 1.nc unshared.nc
shared=$(done_keys 1.run/journal.ndjson | wc -l)
unshared=$(done_keys unshared.run/journal.ndjson | wc -l)
[ $((2 * unshared)) -ge $((3 * shared)) ] || fail "$unshared steps without sharing, $shared with"

expect 0 launch -n 2 run "$plan" "${one[@]}" -o seed.nc --set seed=8
cmp -s 1.nc seed.nc && fail "another seed gave the same file"

# Replicates run apart are pooled into what one run gives.
expect 0 launch -n 2 run "$plan" -o both.nc --set replicates=2
expect 0 launch -n 2 run "$plan" -o second.nc --set replicates=1..1
expect 0 "$THREATLOOP_BIN" effects 1.nc second.nc --csv
cp out.txt pooled.csv
expect 0 "$THREATLOOP_BIN" effects both.nc --csv
same out.txt pooled.csv
finish
