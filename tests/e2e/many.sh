#!/usr/bin/env bash
# Tens of thousands of steps that do nothing: killed twice and resumed they give the undisturbed
# file, every command reads it, and a plan too large for this machine's memory is refused.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
steps=20000
many=(idle --set replicates=$steps --set idle.seconds=0.0003)
expect 0 launch -n 2 run "${many[@]}" -o whole.nc
says "$steps of $steps trials done"
says "$steps steps done"

resume=()
for kill in 1 2; do
    # Slowly, so that it is not done before it is killed.
    begin launch -n 2 run "${many[@]}" -o killed.nc --dir "$place/killed.run" --inject slow:x30 \
        ${resume[@]+"${resume[@]}"}
    wait_for_steps killed.run/journal.ndjson $((steps * kill / 20)) || break
    ranks_of "$place/killed.run" | xargs -r kill -KILL
    wait "$starter"
    [ ! -e killed.nc ] || fail "a run that was killed left a result"
    resume=(--resume)
done
expect 0 launch -n 3 run "${many[@]}" -o killed.nc --dir "$place/killed.run" --resume
same whole.nc killed.nc
done_once killed.run/journal.ndjson
[ "$(done_keys killed.run/journal.ndjson | wc -l)" = $steps ] || fail "steps are missing"
expect 0 "$THREATLOOP_BIN" status killed.run
says "$steps of $steps steps done (100 %)"
expect 0 "$THREATLOOP_BIN" effects killed.nc
expect 0 "$THREATLOOP_BIN" table killed.nc --csv
[ "$(wc -l <out.txt)" = $((steps + 1)) ] || fail "the table has $(wc -l <out.txt) lines"

# Within 1 GiB; an address sanitizer takes more than that for itself.
if (ulimit -v 1048576 && "$THREATLOOP_BIN" version) >/dev/null 2>&1; then
    huge() { (ulimit -v 1048576 && "$THREATLOOP_BIN" plan idle --no-sharing --set replicates=690000); }
    expect 2 huge
    says "2070000 trials of 2070000 steps in all: rank 0 needs at least"
    says "may have 1.0 GiB"
fi
finish
