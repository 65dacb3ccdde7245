#!/usr/bin/env bash
# Loss and gradients of the same weights and batch, beside PyTorch in double precision.
#   parity.sh [MODEL...]    (all)
# Needs python3-torch; PARITY_BIN is tests/peers/parity.c. Exit 77: no PyTorch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || { echo "skipped: no PyTorch for $python" && exit 77; }
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
code=0

# compare MODEL [NAME=VALUE]...: of three draws of weights and batch, two must agree. Where an
# input of a ReLU, or of a maximum, is within a rounding of its kink, one program's gradient
# is of the one side and the other's of the other; PyTorch's own single precision shows it.
# So few rows are compared, and one draw may be such.
compare() {
    local agreed=0
    for seed in 1 2 3; do
        rm -rf "$place/of" && mkdir "$place/of"
        "${PARITY_BIN:?the program}" "$place/of" "$seed" "$@"
        $python "$here/parity_torch.py" "$place/of" && agreed=$((agreed + 1))
    done
    [ "$agreed" -ge 2 ] || { echo "FAILED: $*" && code=1; }
}

[ $# -gt 0 ] || set -- mlp cnn resnet gpt llama linear
for model in "$@"; do
    case $model in
    mlp) compare mlp width=512 batch=32 ;;
    cnn) compare cnn width=16 batch=16 && compare cnn width=12 channels=3 side=31 batch=13 ;;
    resnet) compare resnet width=16 batch=4 && compare resnet width=6 layers=3 channels=3 side=19 batch=5 ;;
    gpt) compare gpt layers=2 heads=6 width=192 context=128 batch=2 && compare gpt layers=2 heads=3 width=48 context=37 vocabulary=61 batch=3 ;;
    llama) compare llama layers=2 heads=6 width=192 context=128 batch=2 && compare llama layers=2 heads=4 kv_heads=2 width=64 context=37 vocabulary=61 batch=3 ;;
    linear) compare linear batch=32 && compare linear channels=3 side=7 batch=5 ;;
    *) echo "there is no $model: mlp, cnn, resnet, gpt, llama, linear" && exit 2 ;;
    esac
done
exit $code
