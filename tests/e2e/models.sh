#!/usr/bin/env bash
# A plan with every kind of model and nearly every option of a recipe gives the same bytes for
# any number of ranks, teams among them.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
for n in 1 2 3 5; do
    expect 0 launch -n "$n" run "$plans/models.yaml" -o "$n.nc"
    same 1.nc "$n.nc"
done
ncdump -v team_width 5.run.nc | tr ',;' '\n\n' | grep -q '^ *[248] *$' || fail "no team at -n 5"
expect 0 launch -n 2 run "$plans/models.yaml" -o other.nc --set recipe.dropout=0.2
cmp -s 1.nc other.nc && fail "another dropout gave the same file"
finish
