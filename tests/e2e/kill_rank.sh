#!/usr/bin/env bash
# Workers that are killed take only their step with them: the run goes on to the same file.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=("$plans/sweep.yaml" --set replicates=2)
expect 0 launch -n 1 run "${plan[@]}" -o whole.nc
steps=$(done_keys whole.run/journal.ndjson | wc -l)

# All three may die of one long step, which would then be set aside.
launch -n 4 run "${plan[@]}" -o lossy.nc --dir "$place/lossy.run" --max-step-deaths 10 >out.txt 2>err.txt &
starter=$!
for kill in 1 2 3; do
    wait_for_steps lossy.run/journal.ndjson $((steps * kill / 10)) || break
    # Any rank but 0, which holds the journal.
    victim=$(for pid in $(ranks_of "$place/lossy.run"); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -q '^OMPI_COMM_WORLD_RANK=0$' || echo "$pid"
    done | head -n 1)
    [ -n "$victim" ] && kill -KILL "$victim" || fail "no worker is left to kill"
done
wait "$starter"
code=$?
[ "$code" = 0 ] || { fail "exit $code after three lost workers" && tail -n 5 err.txt; }
lost=$(grep -c 'is lost' err.txt)
[ "$lost" = 3 ] || fail "$lost lost ranks were reported, wanted 3"
same whole.nc lossy.nc
done_once lossy.run/journal.ndjson
[ "$(done_keys lossy.run/journal.ndjson | wc -l)" = "$steps" ] || fail "steps are missing"
finish
