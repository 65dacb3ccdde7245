#!/usr/bin/env bash
# Split models: the same bytes whatever number of ranks shares the splits out, also where a
# member is lost in a sum, and where a training that was cut off goes on on another team.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/split.yaml
widest() { ncdump -v team_width "$1.run.nc" | sed -n '/team_width =/,$p' | tr -c '0-9' '\n' | sort -n | tail -n 1; }
same_models() { # RUN RUN
    (cd "$1/models" && find . -type f | sort) >models.txt
    [ -s models.txt ] || fail "$1 has no models"
    while read -r file; do same "$1/models/$file" "$2/models/$file"; done <models.txt
}

for kind in gpt llama; do
    for n in 1 2 4; do
        expect 0 launch -n "$n" run "$plan" --set "model.kind=$kind" -o "$kind$n.nc"
        same "${kind}1.nc" "$kind$n.nc"
        same_models "${kind}1.run" "$kind$n.run"
        [ "$(widest "$kind$n")" = "$n" ] || fail "no team of $n at -n $n"
    done
done
# How many there are is a part of the model.
expect 0 launch -n 2 run "$plan" --set model.kind=gpt --set model.splits=2 -o other.nc
cmp -s gpt1.nc other.nc && fail "2 splits gave what 4 did"
expect 0 launch -n 4 run "$plan" --set model.kind=gpt -o lost.nc --inject kill:rank=2,after=sum:100
says "rank 2 is lost"
same gpt1.nc lost.nc

# One member's gradient that is not a number fails the step on all of them.
expect 3 launch -n 2 run "$plan" --set model.kind=gpt -o nan.nc --inject nan:rank=1,after=tick:9
says "not finite at update"

# What cannot be split is refused where the plan says so.
expect 2 "$THREATLOOP_BIN" plan "$plan" --set model.kind=gpt --set model.splits=3
says "a power of two, at most 64, not 3"
expect 2 "$THREATLOOP_BIN" plan "$plan" --set model.kind=llama --set model.kv_heads=2
says "4 heads, 2 of keys and values"

# Cut off without a word, or asked to stop, a training goes on on another number of ranks.
# goes_on KIND FROM TO SIGNAL: starts on FROM ranks, is held up once it has left a checkpoint,
# is ended by SIGNAL there, and ends on TO
goes_on() {
    local kind=$1 dir=$place/$1$2$3.run held=hang:3600
    local run_on=(run "$plan" --set "model.kind=$kind" -o "$kind$2$3.nc" --dir "$dir")
    [ "$4" = KILL ] || held=hold
    begin launch -n "$2" "${run_on[@]}" --checkpoint-every 0.01 --inject "$held,after=tick:50"
    wait_until_held "$dir"
    if [ "$4" = KILL ]; then ranks_of "$dir" | xargs -r kill -KILL; else kill -USR1 $starter; fi
    ended "$kind ended by $4" 75
    expect 0 launch -n "$3" "${run_on[@]}" --resume
    # A rank other than 0 keeps its information to itself.
    grep -q "training resumes after update" err.txt ||
        grep -aq '"kind":"done".*"stage":"train","first":[1-9]' "$dir/journal.ndjson" ||
        fail "the training began anew: $(cat err.txt)"
    same "${kind}1.nc" "$kind$2$3.nc"
    same_models "${kind}1.run" "$dir"
}
goes_on gpt 2 4 KILL
goes_on gpt 4 1 USR1
goes_on llama 1 2 KILL
goes_on llama 4 2 USR1
finish
