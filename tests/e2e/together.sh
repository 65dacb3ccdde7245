#!/usr/bin/env bash
# One model trained by all ranks together: the same results on 1, 2, 4 and 8 ranks, with the
# optimiser's state whole or in slices, with gradients that travel beside the backward pass or
# after it, and across kills and other numbers of ranks. What differs is said: sums that are
# fast, and in the text of the plan.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/together.yaml

# results FILE: all that is in it but for the plan and its hash
results() { ncdump "$1" | grep -v '^netcdf\|:plan'; }
same_results() { diff <(results "$1") <(results "$2") >&2 || fail "$1 and $2 differ"; }
width_of() { ncdump -v team_width "${1%.nc}.run.nc" | grep -q "= .*$2" || fail "$1: no team of $2"; }

expect 0 launch -n 1 run "$plan" -o whole.nc
for n in 2 4 8; do
    expect 0 launch -n $n run "$plan" -o $n.nc
    same whole.nc $n.nc
    width_of $n.nc $n
    expect 0 launch -n $n run "$plan" -o slices.$n.nc --set recipe.zero=true
    same_results whole.nc slices.$n.nc
    width_of slices.$n.nc $n
done
expect 0 launch -n 4 run "$plan" -o after.nc --set recipe.overlap=false
same_results whole.nc after.nc
ncdump -h whole.nc | grep -q 'gradient_sums = "in a fixed tree' || fail "sums are not named"

expect 0 launch -n 2 run "$plan" -o fast.nc --set recipe.reduction=fast
ncdump -h fast.nc | grep -q 'gradient_sums = "fast' || fail "fast sums are not named"
[ "$(ncdump -v trial_key fast.nc | tail -n 3)" != "$(ncdump -v trial_key whole.nc | tail -n 3)" ] ||
    fail "fast sums have the key of others"

# shot NAME RANKS [OPTION...]: all ranks are killed once there is a checkpoint
shot() {
    local name=$1 ranks=$2
    shift 2
    begin launch -n "$ranks" run "$plan" -o "$name.nc" --dir "$place/$name.run" --checkpoint-every 0.01 \
        --inject hang:3600,after=tick:10 "$@"
    wait_until_held "$place/$name.run"
    ranks_of "$place/$name.run" | xargs -r kill -KILL
    ended "a run that was shot" 75
}

# goes_on NAME RANKS: from the checkpoint, to the same results
goes_on() {
    expect 0 launch -n "$2" run "$plan" -o "$1.nc" --dir "$place/$1.run" --resume
    grep -q "training resumes after update [1-9]" err.txt || fail "$1: no training went on"
    same whole.nc "$1.nc"
    done_once "$1.run/journal.ndjson"
}

shot wide 4
goes_on wide 2
shot narrow 1
goes_on narrow 8
shot sliced 4 --set recipe.zero=true
goes_on sliced 1 # and whole: the plan is the one without slices again

# Four trainings, which one rank each could do if it had the memory: two ranks each do.
expect 0 launch -n 4 run "$plan" -o four.nc --set replicates=4
width_of four.nc 1
expect 0 launch -n 4 run "$plan" -o tight.nc --set replicates=4 --memory 0.24
same four.nc tight.nc
ncdump -v team_width tight.run.nc | tail -n 2 | grep -q '1, 1, 1, 1' && fail "--memory was not kept to"
ncdump -v team_width tight.run.nc | tail -n 2 | grep -q '2' || fail "no team of 2 for want of memory"
expect 2 launch -n 4 run "$plan" -o less.nc --memory 0.05
says "each of the 4 ranks here has a share of"
says "start fewer ranks on this machine, or raise --memory"

# One member dies: the step is done again by those who are left.
expect 0 launch -n 4 run "$plan" -o lost.nc --set recipe.zero=true --inject kill:rank=2,after=gather:20
same_results whole.nc lost.nc
expect 0 launch -n 4 run "$plan" -o lost2.nc --inject kill:rank=3,after=sum:20
same whole.nc lost2.nc
finish
