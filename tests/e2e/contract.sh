#!/usr/bin/env bash
# What the contract of stages promises holds in the program too, for stages that only tests
# have: who may only ask sees no target, links that remember follow query numbers on any ranks,
# and what a step gives outlives a kill, kept or made again.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/contract.yaml

for n in 1 2 5; do
    expect 0 launch -n "$n" run "$plan" -o "$n.nc"
    same 1.nc "$n.nc"
done
expect 0 "$THREATLOOP_BIN" table 1.nc --csv
cp out.txt table.csv

# values COLUMN PATTERN: of the rows that match, which must be some
values() {
    awk -F, -v name="$1" -v rows="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        $0 ~ rows { print $at }' table.csv
}
# each COLUMN PATTERN VALUE: the two replicates of these rows have it
each() {
    [ "$(values "$1" "$2" | tr '\n' ' ')" = "$3 $3 " ] ||
        fail "$1 is $(values "$1" "$2" | tr '\n' ' ') where '$2', not $3 twice"
}
each m2d_test_peek_sees_target '^peek,' 0
each m2d_test_peek_outcome_sees '^peek,' 1
each train_epochs '^recipe,none,none,' 3
each train_epochs '^recipe,none,defense.test_recipe,' 2
each train_epochs '^recipe,none,defense.test_clip,' 3
[ "$(values train_loss '^recipe,none,none,')" != "$(values train_loss '^recipe,none,defense.test_clip,')" ] ||
    fail "clipping and noise changed no training"
plain=$(values m2m_model_extraction_agreement '^drift,none,')
drift=$(values m2m_model_extraction_agreement '^drift,defense.test_drift,')
[ -n "$plain" ] && [ -n "$drift" ] && [ "$plain" != "$drift" ] ||
    fail "answers that change at query 100 changed no surrogate"
given=$(values measure_test_parts_attacker '^giver,')
[ -n "$given" ] && [ "$given" != "$(values again_attacker '^giver,')" ] ||
    fail "d2d.test_remade changed no rows"

# strike RANKS LATER FAULT: a run of chain.yaml on RANKS is struck and goes on on LATER, to the
# undisturbed file
strike() {
    rm -rf x.nc x.run x.run.nc
    expect 75 launch -n "$1" run chain.yaml -o x.nc --checkpoint-every 0.01 --inject "$3"
    says "a fault is injected"
    expect 0 launch -n "$2" run chain.yaml -o x.nc --resume
    same whole.nc x.nc
    done_once x.run/journal.ndjson
}
# use CHAIN: strikes that follow are at this chain
use() {
    { sed '/^chains:/,$d' "$plan" && echo "chain: $1"; } >chain.yaml
    rm -rf whole.nc whole.run whole.run.nc
    expect 0 launch -n 1 run chain.yaml -o whole.nc --set replicates=1
    sed -i 's/^replicates: 2/replicates: 1/' chain.yaml
}

# Steps one after another: the giver is done and the next begins; the giver is done and not
# yet reported; what is not kept is made, and made again elsewhere.
use '[m2m.test_giver, measure.test_parts, d2d.test_remade, {measure.test_parts: {as: again}}]'
for at in start:2 step:1 step:2 step:3 start:4; do strike 1 3 "kill:after=$at"; done
strike 3 1 kill:rank=0,after=send:1
[ "$(find x.run/models -name '*.attacker.*' | wc -l)" = 1 ] ||
    fail "not one version of the attacker's rows is kept: $(find x.run/models)"

# In the middle of the training that follows the answers, and before them.
use '[train, defense.test_drift, m2m.model_extraction: {queries: 240, epochs: 40}]'
for at in start:4 tick:60 step:4; do strike 1 2 "kill:after=$at"; done
strike 2 5 kill:rank=0,after=tick:60
finish
