#!/usr/bin/env bash
# Stages that read models give the same bytes for any number of ranks; and a run that grows a
# bank remakes data from the stored model and trains only what is new.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/attacks.yaml
for n in 1 3; do
    expect 0 launch -n "$n" run "$plan" -o "$n.nc"
    same 1.nc "$n.nc"
done
# The control model of an extraction is that of what uses its copy: no model is made twice.
# The head of a file names the step that made it; what follows is the weights.
weights() { tail -c +$(($(od -An -t u8 -N 8 "$1") + 9)) "$1" | md5sum; }
twice=$(find 1.run/models -type f | while read -r file; do weights "$file"; done | sort | uniq -d | wc -l)
[ "$twice" = 0 ] || fail "$twice models were made twice"

more='--set m2d_shadow_lira.models=8 --set d2d_pgd.eps=[0,0.05]'
expect 0 launch -n 2 run "$plan" $more -o fresh.nc
cp -r 1.run grown.run
before=$(done_keys grown.run/journal.ndjson | wc -l)
expect 0 launch -n 2 run "$plan" $more -o grown.nc --dir grown.run --resume --changed-plan
same fresh.nc grown.nc
# Four shadow models, both tests by eight of them, and images moved by another eps.
added=$(($(done_keys grown.run/journal.ndjson | wc -l) - before))
[ "$added" = 7 ] || fail "$added steps were added, wanted 7"
done_once grown.run/journal.ndjson
finish
