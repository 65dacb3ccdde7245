#!/usr/bin/env bash
# How fast models are trained, beside PyTorch, alternately in one run, one thread each.
#   train.sh [ROUNDS [MODEL...]]    (5 rounds of all models)
# Needs python3-torch; THREATLOOP_BIN is the program. Exit 77: no PyTorch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
t=${THREATLOOP_BIN:?the program}
python=/usr/bin/python3
rounds=${1:-5}
[ $# -gt 0 ] && shift
$python -c 'import torch' 2>/dev/null || { echo "skipped: no PyTorch for $python" && exit 77; }
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# settings NAME: the model, and what it is set to
settings() {
    case $1 in
    mlp) echo mlp width=512 layers=2 batch=128 shards=4 ;;
    cnn) echo cnn width=16 batch=128 shards=8 ;;
    cnn32) echo cnn width=32 batch=128 shards=8 ;;
    resnet) echo resnet batch=64 shards=8 ;;
    gpt) echo gpt layers=6 heads=6 width=384 vocabulary=256 context=256 batch=4 shards=4 ;;
    llama) echo llama layers=6 heads=6 kv_heads=2 width=384 vocabulary=256 context=256 batch=4 shards=4 ;;
    *) echo "there is no $1: mlp, cnn, cnn32, resnet, gpt, llama" >&2 && return 2 ;;
    esac
}

[ $# -gt 0 ] || set -- mlp cnn cnn32 resnet gpt llama
for name in "$@"; do
    read -r model sets <<<"$(settings "$name")"
    for round in $(seq "$rounds"); do
        # shellcheck disable=SC2046,SC2086
        "$t" bench train --model "$model" $(printf -- '--set %s ' $sets) --json >>"$place/$name.ours"
        # shellcheck disable=SC2086
        $python "$here/train_torch.py" "$model" $sets >>"$place/$name.torch"
    done
    $python - "$name" "$place" <<'PY'
import json, statistics, sys
name, place = sys.argv[1:]
ours, theirs = ([json.loads(line) for line in open(f"{place}/{name}.{who}")] for who in ("ours", "torch"))
median = lambda key: (statistics.median(key(o, t) for o, t in zip(ours, theirs)))
core = lambda r: r["rows_per_second"] / r["running"]
print(f"model={name} ours={median(lambda o, t: o['rows_per_second']):.5g} "
      f"torch={median(lambda o, t: t['rows_per_second']):.5g} "
      f"ratio={median(lambda o, t: o['rows_per_second'] / t['rows_per_second']):.3f} "
      f"ratio_on_core={median(lambda o, t: core(o) / core(t)):.3f} "
      f"fraction_on_core={median(lambda o, t: o['fraction_on_core']):.3f} "
      f"running={median(lambda o, t: o['running']):.2f},{median(lambda o, t: t['running']):.2f}", flush=True)
PY
done
