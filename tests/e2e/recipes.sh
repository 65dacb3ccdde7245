#!/usr/bin/env bash
# A recipe and a model of a stage's own: the same bytes for any number of ranks and across a
# kill, and for each stage the numbers of a plan that has that recipe for all.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/recipes.yaml

# value FILE NAME: the values of a variable
value() { ncdump -v "$2" "$1" | sed -n '/^data:/,$p' | tr -d ' \n'; }
alike() { # NAME FILE FILE
    [ "$(value "$2" "$1")" = "$(value "$3" "$1")" ] || fail "$1 differs between $2 and $3"
}
unlike() { # NAME FILE FILE
    [ "$(value "$2" "$1")" != "$(value "$3" "$1")" ] || fail "$1 is the same in $2 and $3"
}

expect 0 launch -n 1 run "$plan" -o one.nc
expect 0 launch -n 3 run "$plan" -o three.nc
same one.nc three.nc
ncdump -h one.nc | grep -q 'train_recipe_shift:factor = "axis"' || fail "no column of the axis"
ncdump -h one.nc | grep -q 'm2d_shadow_lira_auc:downstream_of = "train_recipe_shift"' || fail "LiRA does not depend on it"
[ "$(grep -a '"kind":"done"' one.run/journal.ndjson | grep -ac '"measure":\[\]')" = $((2 * (2 * (4 + 1) + 1 + 1))) ] ||
    fail "banks: 4 halves and one control for each target, one control and one evaluator for both"

# The owner's recipe for all is the target's own, to the owner and to its shadows.
moved=(--set train.recipe.shift=2)
expect 0 launch -n 2 run "$plan" "${moved[@]}" -o own.nc
sed 's/- train: {.*/- train/' "$plan" >all.yaml
expect 0 launch -n 2 run all.yaml --set recipe.shift=2 --set model.width=32 -o all.nc
for name in train_loss measure_utility_accuracy m2d_shadow_lira_auc; do alike $name own.nc all.nc; done
expect 0 launch -n 2 run "$plan" --set train.recipe.shift=0 -o still.nc
for name in train_loss m2d_shadow_lira_auc; do unlike $name own.nc still.nc; done
# The copy's own is the copy's and its control's alone.
alike m2m_model_extraction_twin_accuracy own.nc still.nc
expect 0 launch -n 2 run "$plan" "${moved[@]}" --set m2m.model_extraction.recipe.epochs=9 -o longer.nc
for name in train_loss m2d_shadow_lira_auc m2d_inversion_leakage_ssim; do alike $name own.nc longer.nc; done
unlike m2m_model_extraction_twin_agreement own.nc longer.nc

expect 0 "$THREATLOOP_BIN" plan "$plan"
for width in 8 32; do says "mlp of width $width, 1 layers"; done
grep -q "mlp of width 16" out.txt && fail "a model is listed that nothing trains"
expect 2 "$THREATLOOP_BIN" plan "$plan" --set shadow_lira.recipe.shift=2
says "m2d.shadow_lira takes no recipe of its own; stages that do: train, m2m.model_extraction"
expect 0 "$THREATLOOP_BIN" describe train
says "a recipe and a model of its own"
finish
