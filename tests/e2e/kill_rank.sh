#!/usr/bin/env bash
# Workers that are killed take only their step with them: the run goes on to the same file.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=("$plans/sweep.yaml" --set replicates=2 --set long.epochs=100)
expect 0 launch -n 1 run "${plan[@]}" -o whole.nc
steps=$(done_keys whole.run/journal.ndjson | wc -l)

# All three may die of one long step, which would then be set aside.
# Slowly, so that it is not done before they are killed.
begin launch -n 4 run "${plan[@]}" -o lossy.nc --dir "$place/lossy.run" --max-step-deaths 10 --inject slow:x4
for kill in 1 2 3; do
    wait_for_steps lossy.run/journal.ndjson $((steps * kill / 15)) || break
    # Any rank but 0, which holds the journal.
    victim=$(for pid in $(ranks_of "$place/lossy.run"); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -q '^OMPI_COMM_WORLD_RANK=0$' || echo "$pid"
    done | head -n 1)
    [ -n "$victim" ] && kill -KILL "$victim" || fail "no worker is left to kill"
done
ended "three lost workers" 0
lost=$(grep -c 'is lost' err.txt)
[ "$lost" = 3 ] || fail "$lost lost ranks were reported, wanted 3"
same whole.nc lossy.nc
done_once lossy.run/journal.ndjson
[ "$(done_keys lossy.run/journal.ndjson | wc -l)" = "$steps" ] || fail "steps are missing"
finish
