#!/usr/bin/env bash
# Stages that want the same models share them: six membership tests train one bank and one
# control a replicate, and a larger bank trains only what the smaller one lacks.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/banks.yaml
replicates=2 tests=6
sized() { # MODELS: options for banks of so many
    local name
    for name in all carlini pooled leakpro rmia calibration; do echo "--set $name.models=$1"; done
}
number() { sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p" out.txt; }
# Models of banks alone measure nothing.
banked() { grep -a '"kind":"done"' "$1/journal.ndjson" | grep -ac '"measure":\[\]'; }
trained() { grep -a '"kind":"done"' "$1/journal.ndjson" | grep -ac '"stage":"train"'; }

# What the plan foretells: a target, its bank and the tests, for each replicate.
for models in 16 32; do
    # shellcheck disable=SC2046 # words are meant
    expect 0 "$THREATLOOP_BIN" plan "$plan" $(sized $models) --json
    [ "$(number steps)" = $((replicates * (1 + tests * (models + 2)))) ] || fail "$models: $(number steps) steps"
    [ "$(number distinct_steps)" = $((replicates * (1 + models + 1 + tests))) ] ||
        fail "$models: $(number distinct_steps) distinct steps"
done

# What is done: 16 models and a control, then 16 more on the same directory; the same as 32 at once.
expect 0 launch -n 2 run "$plan" -o grown.nc
[ "$(banked grown.run)" = $((replicates * 17)) ] || fail "16: $(banked grown.run) models of banks"
done_keys grown.run/journal.ndjson >before
# shellcheck disable=SC2046
expect 0 launch -n 2 run "$plan" $(sized 32) -o grown.nc --resume --changed-plan
[ "$(banked grown.run)" = $((replicates * 33)) ] || fail "grown to 32: $(banked grown.run) models of banks"
[ "$(trained grown.run)" = $replicates ] || fail "grown to 32: $(trained grown.run) targets"
done_once grown.run/journal.ndjson
added=$(($(done_keys grown.run/journal.ndjson | wc -l) - $(wc -l <before)))
[ "$added" = $((replicates * (16 + tests))) ] || fail "grown to 32: $added steps were added"
# shellcheck disable=SC2046
expect 0 launch -n 1 run "$plan" $(sized 32) -o whole.nc
[ "$(banked whole.run)" = $((replicates * 33)) ] || fail "32: $(banked whole.run) models of banks"
[ "$(trained whole.run)" = $replicates ] || fail "32: $(trained whole.run) targets"
same whole.nc grown.nc
echo "trained for $tests tests and $replicates replicates: $(trained whole.run) targets, $(banked whole.run) models of banks;" \
    "growing from 16 added $((replicates * 16))"
finish
