#!/usr/bin/env bash
# The command lines that the program suggests hold all that was given: pasted into bash they go
# on with the same experiment. A directory of another plan is not touched unless that is asked
# for, and `run --resume DIR` needs nothing else.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
t=$THREATLOOP_BIN
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3 to write images with"

mkdir -p "my data/mnist"
/usr/bin/python3 "$plans/make_images.py" idx "my data/mnist"
/usr/bin/python3 "$plans/make_images.py" npz scans.npz
# write_plan FILE SOURCE
write_plan() {
    cat >"$1" <<YAML
seed: 1
replicates: 6
data: {source: $2, split: {pool: 60, keep: 0.5, validation: 20, attacker: 20, test: 20}}
model: {kind: mlp, width: 4}
recipe: {epochs: 1, batch: 32}
chain:
  - d2m.label_flip: {rate: [0, 0.1, 0.2]}
  - train
  - measure.utility
YAML
}
write_plan "my plan.yaml" mnist/t10k
write_plan scans.yaml scans.npz
given=(--set seed=5 --set "about=it's \$HOME; \"quoted\"" --data "my data" --memory 3.5)

# suggestion WHAT: the line below the message with WHAT in err.txt
suggestion() { grep -A 1 -F -- "$1" err.txt | tail -n 1; }
# paste CODE LINE: does what somebody does who pastes it
paste() {
    [ -n "$2" ] || fail "no line to paste" || return
    expect "$1" bash -c "$2"
}

expect 0 "$t" run "my plan.yaml" "${given[@]}" -o whole.nc

# The storage fails after some steps, alone and with the launcher.
for start in "$t" "$ROOT/cluster/launch -n 2"; do
    rm -rf "r x".*
    # shellcheck disable=SC2086 # words are meant
    expect 75 $start run "my plan.yaml" "${given[@]}" -o "r x.nc" --inject enospc:after=write:12
    line=$(suggestion "stopped early; resume with:")
    case "$line" in "  $start run"*) ;; *) fail "it does not begin as it was called: $line" ;; esac
    paste 0 "$line"
    same whole.nc "r x.nc"
    done_once "r x.run/journal.ndjson"
done
# Rank 0 dies, and the launcher says what to type.
rm -rf "r x".*
expect 75 "$ROOT/cluster/launch" -n 2 run "my plan.yaml" "${given[@]}" -o "r x.nc" \
    --inject kill:rank=0,after=step:6
line=$(suggestion "finished steps are kept; resume with:")
paste 0 "$line"
same whole.nc "r x.nc"
done_once "r x.run/journal.ndjson"

# What is begun again without --resume is refused, with the line.
rm -rf "r x".*
expect 75 "$t" run "my plan.yaml" "${given[@]}" -o "r x.nc" --inject enospc:after=write:12
expect 2 "$t" run "my plan.yaml" "${given[@]}" -o "r x.nc"
says "holds an unfinished run"
line=$(suggestion "to go on with the unfinished run that is there:")

# Another plan is shown, refused and changes nothing, whether it is asked to resume or not.
cp -r "r x.run" before.run
for resume in "" --resume; do
    # shellcheck disable=SC2086 # no word is meant
    expect 2 "$t" run "my plan.yaml" --data "my data" -o "r x.nc" $resume --set recipe.epochs=2
    for words in "- seed: 5" "+ seed: 1" "recipe:" "-   epochs: 1" "+   epochs: 2" "--changed-plan"; do
        says "$words"
    done
    diff -r "r x.run" before.run || fail "the directory of another plan was changed"
    [ ! -e "r x.nc" ] || fail "a result of another plan was written"
done
there=$(suggestion "to go on with the run that is there:")
paste 0 "$there"
same whole.nc "r x.nc"
expect 0 rm -rf "r x.run"
cp -r before.run "r x.run"
paste 0 "$line"
same whole.nc "r x.nc"
# A finished run of another plan is not called unfinished.
expect 2 "$t" run "my plan.yaml" --data "my data" -o "r x.nc" --set seed=6
says "holds a run of another plan"
grep -q "unfinished" err.txt && fail "a finished run is called unfinished"

# With --changed-plan every step whose key stands is kept.
more=("${given[@]}" --set 'label_flip.rate=[0,0.1,0.2,0.3]')
expect 0 "$t" run "my plan.yaml" "${more[@]}" -o more.nc
expect 2 "$t" run "my plan.yaml" "${more[@]}" -o "r x.nc"
paste 0 "$(suggestion "to go on with this plan there, keeping every step that the change does not affect:")"
says "18 steps done" # of three stages, at one more rate, for six replicates
same more.nc "r x.nc"
done_once "r x.run/journal.ndjson"
expect 2 "$t" run "my plan.yaml" "${given[@]}" -o fresh.nc --changed-plan
says "--changed-plan goes with --resume"

# The directory alone is enough: from anywhere, moved together with its result, and copied.
stop_scans() {
    rm -rf scans.nc scans.run scans.run.nc
    expect 75 "$t" run scans.yaml -o scans.nc --inject enospc:after=write:12
}
expect 0 "$t" run scans.yaml -o scans-whole.nc
stop_scans
mkdir -p elsewhere
(cd elsewhere && expect 0 "$t" run --resume ../scans.run && exit "$failures") || fail "not from another folder"
same scans-whole.nc scans.nc
stop_scans
cp -r scans.run copy.run
echo mine >scans.nc
expect 0 launch -n 2 run copy.run --resume
same scans-whole.nc copy.nc
[ "$(cat scans.nc)" = mine ] || fail "a copied directory wrote the result of the first"
rm scans.nc
mkdir -p moved && mv scans.run moved
expect 0 "$t" run --resume moved/scans.run
same scans-whole.nc moved/scans.nc
[ ! -e scans.nc ] || fail "the result was written where it was before it was moved"
stop_scans
expect 2 "$t" run --resume scans.run --set seed=9
says "--changed-plan"
expect 2 "$t" run --resume scans.run --dir other.run
expect 2 "$t" run --resume elsewhere
says "elsewhere is not a threatloop run directory"
expect 2 "$t" run scans.run
says "scans.run is a run directory, not a plan"
paste 0 "$(suggestion "to go on with the run that is there:")"
same scans-whole.nc scans.nc

# A run that computes every step anew is resumed so, and not otherwise.
expect 75 "$t" run scans.yaml --no-sharing -o alone.nc --inject enospc:after=write:12
line=$(suggestion "stopped early; resume with:")
expect 2 "$t" run scans.yaml -o alone.nc --resume
says "alone.run holds a run with --no-sharing"
paste 0 "$line"
same scans-whole.nc alone.nc

# A dry run says what would be done and leaves no trace.
ls -laR >before.txt
expect 0 "$t" run scans.yaml -o dry.nc --dry-run
says "54 steps: 0 done, 54 to do"
mv out.txt dry.txt
rm -f err.txt before.txt dry.txt
[ -z "$(find . -name 'dry*')" ] || fail "a dry run wrote: $(find . -name 'dry*')"
stop_scans
cp -r scans.run kept.run
done=$(done_keys scans.run/journal.ndjson | wc -l)
expect 0 "$t" run --resume scans.run --dry-run
says "54 steps: $done done, $((54 - done)) to do"
expect 0 launch -n 2 run --resume scans.run --set replicates=7 --changed-plan --dry-run
says "63 steps: $done done, $((63 - done)) to do"
diff -r scans.run kept.run || fail "a dry run changed the directory"
expect 2 "$t" run scans.yaml -o scans.nc --dry-run
expect 2 "$t" run scans.yaml -o "$(printf 'n%.0s' $(seq 252)).nc" --dry-run
says "bytes; 255 are allowed there"
finish
