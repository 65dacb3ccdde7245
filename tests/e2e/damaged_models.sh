#!/usr/bin/env bash
# Models that are damaged, cut, emptied, missing, or another step's: what made them runs
# again, and what rests on them gives the undisturbed result.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
command -v python3 >/dev/null || skip "no python3 to damage files with"
plan=$plans/hurt.yaml
expect 0 launch -n 2 run "$plan" -o whole.nc

# The model files of the steps of train that DIR has done.
trained() {
    grep '"stage":"train"' "$1/journal.ndjson" >steps.txt
    done_keys steps.txt | sort -u | while read -r key; do
        echo "$1/models/${key:0:2}/$key.target.safetensors"
    done
}

# start: a run that has done its trainings and nothing else
start() {
    rm -rf hurt.run hurt.nc hurt.run.nc
    cp -r whole.run hurt.run
    grep -e '"kind":"head"' -e '"stage":"train"' whole.run/journal.ndjson >hurt.run/journal.ndjson
    mapfile -t model < <(trained hurt.run)
    [ "${#model[@]}" -ge 4 ] || fail "only ${#model[@]} models"
}
# again COUNT: so many steps of train were done a second time
again() {
    local twice
    grep '"stage":"train"' hurt.run/journal.ndjson >steps.txt
    twice=$(done_keys steps.txt | sort | uniq -d | wc -l)
    [ "$twice" = "$1" ] || fail "$twice steps of train ran again, wanted $1"
}
resume() {
    expect 0 launch -n "$1" run "$plan" -o hurt.nc --dir "$place/hurt.run" --resume
    same whole.nc hurt.nc
}

start
resume 2
again 0

for kind in flip cut zeros junk; do
    start
    python3 "$plans/damage.py" "${model[1]}" "$kind" 7 >/dev/null
    resume 2
    again 1
    says "rerunning the step of train"
done

start
rm "${model[0]}"
: >"${model[1]}"
cp "${model[3]}" "${model[2]}"
resume 3
again 3
says "2 finished steps will be rerun"
says "holds the model of another step"

# While it runs: whatever has been written so far is damaged, again and again.
rm -rf hurt.run hurt.nc
begin launch -n 2 run "$plan" --inject slow:x10 -o hurt.nc --dir "$place/hurt.run"
wait_for_steps hurt.run/journal.ndjson 3
seed_random
kinds=(flip cut zeros)
seed=0
while kill -0 "$starter" 2>/dev/null && [ "$seed" -lt 40 ]; do
    seed=$((seed + 1))
    mapfile -t written < <(find hurt.run/models -name '*.safetensors' ! -newermt '-1 seconds' | sort)
    [ "${#written[@]}" = 0 ] || {
        file=${written[RANDOM % ${#written[@]}]}
        kind=${kinds[RANDOM % 3]}
        [ -e "$place/hit.${file##*/}" ] || {
            : >"$place/hit.${file##*/}"
            python3 "$plans/damage.py" "$file" "$kind" "$seed" >/dev/null
        }
    }
    sleep 0.2
done
ended "damaged while it ran" 0
same whole.nc hurt.nc
echo "$(find . -name 'hit.*' | wc -l) models damaged while it ran, $(grep -c 'rerunning the step' err.txt) steps rerun"
finish
