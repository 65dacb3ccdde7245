#!/usr/bin/env bash
# Time that is up: the run stops before, trainings go on from where they were, and the file
# is the undisturbed one.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/long.yaml
expect 0 launch -n 1 run "$plan" -o whole.nc

# taken LOG: the update that a training went on from; fails if it began anew
taken() {
    local update
    update=$(sed -n 's/.*training resumes after update \([0-9]*\) of.*/\1/p' "$1" | head -n 1)
    [ "${update:-0}" -gt 0 ] || { fail "no training went on from a checkpoint" && cat "$1" >&2; }
}

# in_time COMMAND...: COMMAND, which ends with 75, in as much time as the fault that is injected
# takes to strike on this machine: `seconds`, put in the place of TIME
in_time() {
    for seconds in 6 30 150 750; do
        expect 75 "${@/TIME/$seconds}"
        grep -q "a fault is injected at" err.txt && return
        rm -rf ./*.run
    done
    fail "no time was enough"
}
# A training that is still under way when the time is up, whatever the machine.
in_time "$THREATLOOP_BIN" run "$plan" -o bit.nc --walltime TIME --inject hold:after=tick:50
says "--walltime is in"
says "--walltime is near"
expect 0 launch -n 1 run "$plan" -o bit.nc --resume
taken err.txt
same whole.nc bit.nc
done_once bit.run/journal.ndjson

# Where nothing fits, nothing is begun; on a busy machine the time is up before that is seen.
none=("$plan" --set recipe.epochs=100000 -o none.nc)
expect 75 launch -n 2 run "${none[@]}" --walltime 2
grep -q "the shortest step needs about\|--walltime is near" err.txt || fail "it is not said why nothing is begun"
says "0 steps done"

# Of two ends the earlier one rules, and a time that is none is refused.
export THREATLOOP_DEADLINE=$(($(date +%s) + 20))
expect 75 launch -n 2 run "${none[@]}" --resume --walltime 1:00:00
says "THREATLOOP_DEADLINE is in"
export THREATLOOP_DEADLINE=$(($(date +%s) + 3600))
expect 75 launch -n 2 run "${none[@]}" --resume --walltime 2
says "--walltime is in"
for wrong in 5 soon 1e9 99999999999; do
    export THREATLOOP_DEADLINE=$wrong
    expect 2 "$THREATLOOP_BIN" run "$plan" -o wrong.nc
    says "THREATLOOP_DEADLINE=$wrong"
    [ ! -e wrong.run ] || fail "a directory was made for a run that was refused"
done
unset THREATLOOP_DEADLINE
for wrong in inf 0 -3 1:2:3:4 0x10; do
    expect 2 "$THREATLOOP_BIN" run "$plan" -o wrong.nc --walltime "$wrong"
done

# A rank that is held up does not keep the run beyond its time.
in_time launch -n 2 run "$plan" -o held.nc --dir "$place/held.run" --walltime TIME \
    --inject stop:rank=1,after=tick:2
says "running steps abandoned"
[ -z "$(ranks_of "$place/held.run")" ] || fail "a rank was left"

# Killed without a word, a training goes on from its last checkpoint.
begin launch -n 1 run "$plan" -o shot.nc --dir "$place/shot.run" --checkpoint-every 0.01 \
    --inject hang:3600,after=tick:100
wait_until_held "$place/shot.run"
ranks_of "$place/shot.run" | xargs -r kill -KILL
ended "a run that was shot" 75
says "rank 0 died without an exit status"
expect 0 launch -n 1 run "$plan" -o shot.nc --dir "$place/shot.run" --resume
taken err.txt
same whole.nc shot.nc
finish
