#!/usr/bin/env bash
# A model of one's own as the target: its accuracy is that of numpy; bytes depend on neither
# ranks, nor a kill, nor where the file lies; contents are in the keys; recorded answers give
# the metrics that the model gives; what cannot be is refused, by name; assess runs the rest.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
python=/usr/bin/python3
$python -c 'import numpy' 2>/dev/null || skip "no numpy for $python"
mkdir home && $python "$plans/make_own.py" home && cd home || exit 1
run() { expect "$1" "$THREATLOOP_BIN" run "${@:2}"; }

# plan NAME CHAIN [TARGET]: NAME.yaml; without a target, the model's file
plan() {
    local file=", file: net.safetensors" target=
    [ -z "${3-}" ] || { file= && target="target: {$3}"; }
    cat >"$1.yaml" <<END
name: own
data: {source: data.npz, split: official}
model: {kind: mlp, width: 16, layers: 1$file}
$target
recipe: {epochs: 4, batch: 16}
chain: $2
END
}
tests="measure.utility, m2d.global_threshold, m2d.shadow_lira: {models: 3}, m2d.rmia: {models: 3}"
plan own "[$tests, d2d.pgd: {steps: 3}, m2m.model_extraction: {queries: 40, kind: natural}]"

# The file is found by the plan's folder, and its path changes nothing.
run 0 own.yaml -o one.nc
says "The target, net.safetensors, is right on"
expect 0 "$THREATLOOP_BIN" table one.nc --csv -o one.csv
$python "$plans/make_own.py" . accuracy one.csv || fail "another accuracy"
for ranks in 2 3; do
    expect 0 launch -n "$ranks" run own.yaml -o "on$ranks.nc"
    same one.nc "on$ranks.nc"
done
mkdir -p "$place/else/nets" && cp data.npz "$place/else"
cp net.safetensors "$place/else/nets"
sed 's,net.safetensors,nets/net.safetensors,' own.yaml >"$place/else/own.yaml"
(cd "$place/else" && expect 0 "$THREATLOOP_BIN" run own.yaml -o one.nc && exit "$failures") ||
    fail "elsewhere"
same one.nc "$place/else/one.nc"
run 0 "$place/else/own.yaml" -o far.nc
same one.nc far.nc
sed "s,net.safetensors,$place/else/nets/net.safetensors," own.yaml >absolute.yaml
run 0 absolute.yaml -o absolute.nc
same one.nc absolute.nc
! grep -qaF -e "$place" -e nets/ absolute.nc far.nc || fail "a result tells of folders"

# Killed and resumed on other ranks
launch -n 2 run own.yaml --set recipe.epochs=3000 -o killed.nc --dir "$PWD/killed.run" >out.txt 2>err.txt &
starter=$!
wait_for_steps killed.run/journal.ndjson 2
ranks_of "$PWD/killed.run" | xargs -r kill -KILL
wait "$starter" && fail "a run that was killed ended with 0"
expect 0 launch -n 3 run own.yaml --set recipe.epochs=3000 -o killed.nc --dir "$PWD/killed.run" --resume
done_once killed.run/journal.ndjson
run 0 own.yaml --set recipe.epochs=3000 -o whole.nc
same whole.nc killed.nc

# Contents, not names, are in the keys: another file is another target; what does not read it stays.
cp net.safetensors kept.safetensors && cp other.safetensors net.safetensors
run 0 own.yaml -o one.nc --resume
says "by an earlier run"
! cmp -s one.nc on2.nc || fail "another model gave the same result"
[ "$(done_keys one.run/journal.ndjson | sort -u | wc -l)" -gt "$(done_keys on2.run/journal.ndjson | wc -l)" ] ||
    fail "nothing was computed for another file"
mv kept.safetensors net.safetensors
run 0 own.yaml -o again.nc
same again.nc on2.nc
run 0 own.yaml --set 'model.file=[net.safetensors, other.safetensors]' -o two.nc
expect 0 "$THREATLOOP_BIN" table two.nc --csv
says "other.safetensors"

# Fine-tuned: without an epoch it is the file; ranks change nothing; shadow models begin with it.
plan tuned "[train, measure.utility, m2d.shadow_lira: {models: 2}]"
run 0 tuned.yaml --set recipe.epochs=0 -o still.nc
expect 0 "$THREATLOOP_BIN" table still.nc --csv -o still.csv
$python - <<'END' || fail "without an epoch the target is not the file"
import csv
row = next(csv.DictReader(open("still.csv")))
assert row["measure_utility_accuracy"] == row["measure_own_target_accuracy"], row
assert abs(float(row["measure_utility_loss"]) - float(row["measure_own_target_loss"])) < 1e-12
END
run 0 tuned.yaml -o tuned.nc
expect 0 launch -n 3 run tuned.yaml -o tuned3.nc
same tuned.nc tuned3.nc
run 0 tuned.yaml --set 'data.split={pool: 150, keep: 0.5, attacker: 60, test: 60}' -o drawn.nc

# Answers in place of the model: the same metrics
plan answers "[$tests]" "answers: scores.npz"
plan alone "[$tests]"
run 0 answers.yaml -o answers.nc
expect 0 launch -n 2 run answers.yaml -o answers2.nc
same answers.nc answers2.nc
run 0 alone.yaml -o alone.nc
for name in answers alone; do expect 0 "$THREATLOOP_BIN" table $name.nc --csv -o $name.csv; done
$python "$plans/make_own.py" . equal alone.csv answers.csv || fail "answers give other metrics"

# The accuracy that was said
run 0 own.yaml --set "model.accuracy=$(sed 's/.*: //; s/}//' found.json)" -o right.nc
run 3 alone.yaml --set model.accuracy=0.2 -o wrong.nc
says "but accuracy says 0.2"
run 3 answers.yaml --set target.accuracy=0.2 -o wrong2.nc
says "but accuracy says 0.2"

# refused TEXT CHAIN TARGET [SET]...: by `plan`, with 2
refused() {
    local sets=()
    plan refused "$2" "$3"
    for one in "${@:4}"; do sets+=(--set "$one"); done
    expect 2 "$THREATLOOP_BIN" plan refused.yaml ${sets[@]+"${sets[@]}"}
    says "$1"
}
answers="answers: scores.npz"
refused "tensor 0.weight is 16x64, but dense0.weight of the plan's model is 8x64" "[measure.utility]" "" model.width=8
refused "missing: dense1.weight (16x16), dense1.bias (16)" "[measure.utility]" "" model.layers=2
refused "changes what a target is trained on" "[d2m.label_flip, measure.utility]" ""
refused "changes what a target is trained by" "[defense.adversarial_training, m2d.shadow_lira]" ""
refused "nothing tells which" "[m2d.global_threshold]" "" 'data.split={pool: 100, test: 100}'
refused "must be 0" "[m2d.global_threshold]" "" 'data.split={official: true, keep: 0.5}'
refused "comes first of itself" "[measure.own_target]" ""
refused "of the plan's own" "[train: {model: {file: net.safetensors}}, measure.utility]" ""
refused "needs more of the target (gradients weights)" "[d2d.pgd]" "$answers"
refused "asks about more than the rows" "[m2m.model_extraction: {kind: noise, queries: 20}]" "$answers"
refused "asks about more than the rows" "[m2m.model_extraction: {queries: 500}]" "$answers"
refused "asks for logits" "[m2m.hidden_size]" "$answers"
refused "makes another target" "[train, measure.utility]" "$answers"
refused "two targets" "[measure.utility]" "$answers" model.file=net.safetensors
refused "end in .safetensors" "[measure.utility]" "" model.file=data.npz
refused "needs answers" "[measure.utility]" "accuracy: 0.5"
expect 1 "$THREATLOOP_BIN" plan own.yaml --set model.file=none.safetensors
says "none.safetensors is not in the plan's folder"
expect 1 "$THREATLOOP_BIN" plan answers.yaml --set target.answers=data.npz
says "has no answers"
$python - <<'END'
import numpy as np
scores = dict(np.load("scores.npz"))
np.savez("part.npz", test_scores=scores["test_scores"])
np.savez("rows.npz", scores=scores["train_scores"][[5, 3]], rows=[5, 3])
np.savez("wide.npz", test_scores=scores["test_scores"][:, :2])
np.savez("short.npz", test_scores=scores["test_scores"][1:])
np.savez("logits.npz", test_scores=np.log(scores["test_scores"]))
np.savez("nan.npz", test_scores=scores["test_scores"] * np.nan)
END
refused "asks about train rows, but part.npz has answers to 0 of those 150" "[m2d.global_threshold]" "answers: part.npz"
refused "asks about test rows, but rows.npz has answers to 0 of those 130" "[measure.service]" "answers: rows.npz"
for what in "wide:one for each of the 3 classes" "short:129 test rows, but data.npz has 130" \
    "logits:scores are probabilities" "nan:is not finite"; do
    expect 1 "$THREATLOOP_BIN" plan answers.yaml --set "target.answers=${what%%:*}.npz"
    says "${what#*:}"
done

# Every attack that applies, on the model and on its answers
shadows="m2d.shadow_lira: {models: 2}, m2d.calibration: {models: 2}, m2d.rmia: {models: 2}"
plan assess "[$shadows, m2d.inversion: {images: 2, steps: 3}, assess]"
run 0 assess.yaml -o assess.nc
says "left out: d2m.badnets: it changes what a target is trained on"
expect 0 launch -n 3 run assess.yaml -o assess3.nc
same assess.nc assess3.nc
expect 0 "$THREATLOOP_BIN" table assess.nc --csv
for column in d2d_pgd_success d2d_transfer_pgd_success m2d_calibration_auc m2d_global_threshold_auc \
    m2d_rmia_auc m2d_shadow_lira_auc m2d_inversion_leakage_ssim m2d_surrogate_inversion_leakage_ssim \
    m2m_model_extraction_agreement measure_utility_accuracy; do
    says "$column"
done
plan assess_answers "[$shadows, m2m.model_extraction: {queries: 40}, assess]" "$answers"
run 0 assess_answers.yaml -o assess_answers.nc
says "left out: d2d.pgd: needs more of the target"
expect 0 "$THREATLOOP_BIN" plan assess_answers.yaml --json
says '"d2d.pgd": "needs more of the target'
expect 2 "$THREATLOOP_BIN" plan assess.yaml --set assess.models=2
plan misplaced "[assess, measure.utility]"
expect 2 "$THREATLOOP_BIN" plan misplaced.yaml
says "the last entry"
expect 0 "$THREATLOOP_BIN" plan assess
says "left out"
finish
