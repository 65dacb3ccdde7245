#!/usr/bin/env bash
# A bank of shadow models through a real plan on RANKS ranks, beside a loop over the same work
# in PyTorch on as many processes, one after the other: wall times, start-up in both.
#   shadow.sh [MODELS [RANKS [ROUNDS]]]    (64 models, 2 ranks, once)
# Needs python3-torch; THREATLOOP_BIN is the program, THREATLOOP_TEST_DATA the folder with
# mnist/. Exit 77: one of them is missing.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
models=${1:-64} ranks=${2:-2} rounds=${3:-1}
data=${THREATLOOP_TEST_DATA:-}
python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || { echo "skipped: no PyTorch for $python" && exit 77; }
[ -d "$data/mnist" ] || { echo "skipped: no real data: set THREATLOOP_TEST_DATA" && exit 77; }
export THREATLOOP_BIN=${THREATLOOP_BIN:?the program}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for round in $(seq "$rounds"); do
    begin=$(date +%s.%N)
    "$root/cluster/launch" -n "$ranks" run "$root/tests/peers/shadow.yaml" --data "$data" \
        --set shadow_lira.models="$models" -o "$round.nc" >run.out 2>&1 || { cat run.out && exit 1; }
    echo "$begin $(date +%s.%N)" >>ours
    $python "$root/tests/peers/shadow_torch.py" "$data" "$models" "$ranks" >>theirs
done
$python - "$models" "$ranks" <<'PY'
import json, statistics, sys
ours = [float(b) - float(a) for a, b in (line.split() for line in open("ours"))]
theirs = [json.loads(line) for line in open("theirs")]
print(f"name=shadow models={sys.argv[1]} ranks={sys.argv[2]} ours={statistics.median(ours):.1f} "
      f"torch={statistics.median(t['seconds'] for t in theirs):.1f} "
      f"ratio={statistics.median(t['seconds'] / o for o, t in zip(ours, theirs)):.2f} "
      f"torch_accuracy={statistics.median(t['accuracy'] for t in theirs):.4f}")
PY
