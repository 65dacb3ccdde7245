#!/usr/bin/env bash
# Models of PyTorch's, exported by the script in README, as targets here: accuracy of a trained
# cnn and mlp to 1e-6; logits of all kinds to 1e-4; `assess` on the cnn, and on its recorded
# answers with equal metrics. Needs python3-torch. Exit 77: no PyTorch.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
python=/usr/bin/python3
here=$ROOT/tests/peers
$python -c 'import torch, numpy' 2>/dev/null || skip "no PyTorch for $python"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 README=$ROOT/README.md

# logits KIND NAME=VALUE...
logits() {
    rm -rf of && mkdir of
    $python "$here/own_model_torch.py" draw of "$@" || fail "PyTorch made no $*"
    "${LOGITS_BIN:?the program}" of "${1%-*}" "${@:2}" || fail "$*: not read"
    $python "$here/own_model_torch.py" compare of "$@" || fail "$*: other logits"
}
logits linear channels=3 side=7 batch=5
logits mlp width=24 layers=3 batch=5
logits cnn width=6 layers=2 channels=3 side=15 batch=5
logits resnet width=8 layers=3 channels=3 side=19 batch=5
logits gpt width=48 layers=2 heads=3 context=21 vocabulary=61 batch=3
logits gpt-turned width=48 layers=2 heads=3 context=21 vocabulary=61 batch=3
logits llama width=64 layers=2 heads=4 kv_heads=2 context=21 vocabulary=61 batch=3

$python "$here/own_model_torch.py" train . || fail "PyTorch trained nothing"
for kind in cnn mlp; do
    expect 0 "$THREATLOOP_BIN" run "$kind.yaml" -o "$kind.nc"
    expect 0 "$THREATLOOP_BIN" table "$kind.nc" --csv -o "$kind.csv"
    $python "$here/own_model_torch.py" accuracy "$kind" || fail "$kind: another accuracy"
done
for what in model answers; do
    expect 0 launch -n 2 run "$what.yaml" -o "$what.nc"
    says "left out: d2m.badnets"
    expect 0 "$THREATLOOP_BIN" table "$what.nc" --csv -o "$what.csv"
done
$python "$here/own_model_torch.py" same model.csv answers.csv || fail "other metrics"
finish
