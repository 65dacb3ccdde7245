#!/usr/bin/env bash
# A plan that holds every stage gives the same bytes for any number of ranks, and after a kill.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/every.yaml
expect 0 "$THREATLOOP_BIN" list stages --json
# But for the check of a target that a plan brings, which comes by itself where one is.
for stage in $(grep -o '"name": *"[a-z0-9_]*\(\.[a-z0-9_]*\)*"' out.txt | sed 's/.*: *"//; s/"//' | grep -E '\.|^train$' | sort -u); do
    [ "$stage" != measure.own_target ] || continue
    grep -qE -- "- $stage(:|\$)" "$plan" || fail "every.yaml lacks $stage"
done

for n in 1 2 3 5; do
    expect 0 launch -n "$n" run "$plan" -o "$n.nc"
    same 1.nc "$n.nc"
done
ncdump -h 1.nc | grep -q _round2 || fail "the second round has no metrics"

"$ROOT/cluster/launch" -n 2 run "$plan" -o killed.nc --dir "$place/killed.run" >out.txt 2>err.txt &
starter=$!
wait_for_steps killed.run/journal.ndjson 30 && ranks_of "$place/killed.run" | xargs -r kill -KILL
wait "$starter"
expect 0 launch -n 3 run "$plan" -o killed.nc --dir "$place/killed.run" --resume
same 1.nc killed.nc
done_once killed.run/journal.ndjson
finish
