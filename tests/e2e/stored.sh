#!/usr/bin/env bash
# Scores, curves and images in the result file: the same bytes for any number of ranks and
# over kills; stored anew where the files were damaged, or the plan asked for less before; and
# without `store` a file as ever.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/stored.yaml
expect 0 "$THREATLOOP_BIN" plan "$plan"
says "stores        scores, curves, images, in groups"
for n in 1 2 3; do
    expect 0 launch -n "$n" run "$plan" -o "$n.nc"
    same 1.nc "$n.nc"
done
expect 0 ncdump -h 1.nc
for word in "group: samples" "group: curves" "group: images" "list_of(trial, source)"; do says "$word"; done
files=$(find 1.run/samples -name '*.bin' | wc -l)
[ "$files" -ge 12 ] || fail "only $files side files"
[ "$(find 1.run/samples -type f | wc -l)" = "$files" ] || fail "temporary files are left"
(cd 1.run/samples && find . -type f -exec md5sum {} + | sort) >1.sums
(cd 3.run/samples && find . -type f -exec md5sum {} + | sort) >3.sums
same 1.sums 3.sums

# Killed before a side file is in place, before its step is journalled, and anywhere: on one
# rank, for how much of the work another takes from it differs from run to run.
for fault in kill:after=rename:9 torn:3,after=write:24 kill:after=journal:6; do
    rm -rf killed.nc killed.run
    launch -n 1 run "$plan" -o killed.nc --inject "$fault" >out.txt 2>err.txt && fail "$fault: ended with 0"
    expect 0 launch -n 3 run "$plan" -o killed.nc --resume
    same 1.nc killed.nc
    done_once killed.run/journal.ndjson
    find killed.run/samples -name '*.tmp' | grep -q . && fail "$fault: temporary files are left"
done

# A full disk stops the run; resumed, it ends as if nothing had been.
rm -rf killed.nc killed.run
expect 75 launch -n 2 run "$plan" -o killed.nc --inject enospc:after=write:30
expect 0 launch -n 1 run "$plan" -o killed.nc --resume
same 1.nc killed.nc

# Damage: one file missing, one cut, one with a flipped byte, one of another step.
mapfile -t file < <(find 2.run/samples -name '*.bin' | sort)
rm "${file[0]}"
truncate -s -1 "${file[1]}"
/usr/bin/env printf '\377' | dd of="${file[2]}" bs=1 seek=120 conv=notrunc status=none
cp "${file[3]}" "${file[4]}"
expect 0 launch -n 2 run "$plan" -o 2.nc --resume
says "2.run/samples: files are missing or damaged; 4 finished steps will be rerun"
same 1.nc 2.nc

# What an earlier plan did not store is stored when it is asked for; nothing else is rerun.
expect 0 launch -n 2 run "$plan" --set 'store=[]' -o more.nc
ncdump -h more.nc | grep -q "^group" && fail "a group that the plan does not ask for"
[ ! -e more.run/samples ] || fail "side files of a plan that stores nothing"
expect 0 launch -n 2 run "$plan" --set 'store=[scores]' -o more.nc --resume --changed-plan
ncdump -h more.nc >more.txt
[ "$(grep -c "^group" more.txt)" = 1 ] || fail "not one group: $(grep "^group" more.txt)"
expect 0 launch -n 2 run "$plan" -o more.nc --resume --changed-plan
same 1.nc more.nc
for stage in train m2m.model_extraction; do
    twice=$(grep -a '"kind":"done"' more.run/journal.ndjson | grep -a "\"stage\":\"$stage\"" |
        grep -ao '"key":"[^"]*"' | sort | uniq -d | wc -l)
    [ "$twice" = 0 ] || fail "$twice steps of $stage were rerun to store others"
done

# Metrics do not depend on what is stored, and files that differ in it can be pooled.
expect 0 "$THREATLOOP_BIN" table 1.nc --csv
cp out.txt 1.csv
expect 0 launch -n 1 run "$plan" --set 'store=[]' -o none.nc
expect 0 "$THREATLOOP_BIN" table none.nc --csv
same 1.csv out.txt
expect 0 launch -n 1 run "$plan" --set 'store=[]' --set replicates=2..2 -o third.nc
expect 0 "$THREATLOOP_BIN" effects 1.nc third.nc --csv
finish
