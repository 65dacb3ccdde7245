#!/usr/bin/env bash
# A million trials of 20 metrics: every effect and interaction, within 2 GiB. The seconds are
# printed, not judged: the machine may be busy.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
expect 0 "${WRITE_WIDE:?the writer of the file}" wide.nc 100 16 20
# Per metric: contrasts 4 + 4 + 24 + 99, trends 4, interactions of all pairs of these.
wanted=$((20 * (131 + 4 + 16 + 96 + 396 + 96 + 396 + 2376)))
expect 0 /usr/bin/time -f "%e s, %M kB at the most" "$THREATLOOP_BIN" effects wide.nc --csv
tail -1 err.txt
[ "$(wc -l <out.txt)" = $((wanted + 1)) ] || fail "$(wc -l <out.txt) lines for $wanted effects"
grep -q "left out" err.txt && fail "interactions were left out"
# The child that reads the file first has ended when the parent reads it: see both together.
kb=$(sed -n 's/.* s, \([0-9]*\) kB.*/\1/p' err.txt)
[ "$kb" -lt $((2 * 1024 * 1024)) ] || fail "$kb kB"
finish
