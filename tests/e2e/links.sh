#!/usr/bin/env bash
# Which links of the query service change which attacks, and which must not: the table of
# tests/science/links.py, which says so beforehand, holds in the program.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
python=$(command -v /usr/bin/python3 || command -v python3) || skip "no python3"
table() { "$python" "$ROOT/tests/science/links.py" "$@"; }

# Every stage whose access is answers.
expect 0 "$THREATLOOP_BIN" list stages --json
for stage in $(grep -o '"name": *"[a-z0-9_.]*"' out.txt | sed 's/.*: *"//; s/"//'); do
    "$THREATLOOP_BIN" describe "$stage" >stage.txt || fail "describe $stage"
    grep -qE '^knows .*(labels|scores|logits)' stage.txt && echo "$stage"
done >may_ask.txt
[ "$(wc -l <may_ask.txt)" -ge 7 ] || fail "only these may ask: $(cat may_ask.txt)"

worlds=$(table plans .) || fail "no plans"
for world in $worlds; do
    expect 0 launch -n 2 run "$world.yaml" -o "$world.nc" --quiet
    "$THREATLOOP_BIN" table "$world.nc" --csv >"$world.csv" || fail "no table of $world"
    cp "$world.run/journal.ndjson" "$world.ndjson"
done
table refused . >refused.txt || fail "no plans to refuse"
while IFS=$'\t' read -r plan said; do
    expect 2 "$THREATLOOP_BIN" plan "$plan"
    says "$said"
done <refused.txt
[ "$(wc -l <refused.txt)" = 4 ] || fail "not four plans were refused"
table judge . may_ask.txt || fail "the table does not hold"
finish
