#!/usr/bin/env bash
# A run that is killed whole, three times, and resumed on other numbers of ranks gives the
# undisturbed file, and no finished step runs twice.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=("$plans/sweep.yaml" --set long.epochs=100)
seed_random
slowly=(--inject slow:x4) # so that it is not done before it is killed
expect 0 launch -n 2 run "${plan[@]}" -o whole.nc
steps=$(done_keys whole.run/journal.ndjson | wc -l)
[ "$steps" -ge 200 ] || fail "only $steps steps: too few for this test"

resume=()
for kill in 1 2 3; do
    begin launch -n $((kill + 1)) run "${plan[@]}" "${slowly[@]}" -o killed.nc --dir "$place/killed.run" \
        ${resume[@]+"${resume[@]}"}
    wait_for_steps killed.run/journal.ndjson $((steps * kill / 12 + RANDOM % 8)) || break
    ranks_of "$place/killed.run" | xargs -r kill -KILL
    wait "$starter"
    code=$?
    [ "$code" != 0 ] || fail "a run that was killed ended with 0"
    [ ! -e killed.nc ] || fail "a run that was killed left a result"
    resume=(--resume)
done
expect 2 launch -n 1 run "${plan[@]}" -o killed.nc --dir "$place/killed.run"
says "--resume"
expect 0 launch -n 3 run "${plan[@]}" -o killed.nc --dir "$place/killed.run" --resume
same whole.nc killed.nc
done_once killed.run/journal.ndjson
[ "$(done_keys killed.run/journal.ndjson | wc -l)" = "$steps" ] || fail "steps are missing"

# A finished run prints its results again and computes nothing.
expect 0 launch -n 1 run "${plan[@]}" -o killed.nc --dir "$place/killed.run"
says "0 steps done"

# A torn last line is cut, and its step runs again.
tail -c 40 killed.run/journal.ndjson >/dev/null
truncate -s -25 killed.run/journal.ndjson
rm killed.nc
expect 0 launch -n 2 run "${plan[@]}" -o killed.nc --dir "$place/killed.run" --resume
same whole.nc killed.nc
finish
