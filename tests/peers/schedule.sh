#!/usr/bin/env bash
# How fast empty steps are handed out, beside mpi4py.futures, alternately in one run.
# Needs python3-mpi4py; THREATLOOP_BIN is the program. Exit 77: no mpi4py.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
/usr/bin/python3 -c 'import mpi4py.futures' 2>/dev/null || { echo "skipped: no mpi4py" && exit 77; }
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
for round in 1 2 3; do
    "$root/cluster/launch" -n 2 bench schedule --json >>ours
    mpirun -n 2 /usr/bin/python3 -m mpi4py.futures "$root/tests/peers/futures_map.py" >>theirs
done
cat ours theirs
/usr/bin/python3 - <<'PY'
import json, statistics
ours = [json.loads(line) for line in open("ours")]
theirs = [json.loads(line) for line in open("theirs")]
plain = statistics.median(o["steps_per_second"] for o in ours)
kept = statistics.median(o["steps_per_second_journalled"] for o in ours)
peer = statistics.median(t["tasks_per_second"] for t in theirs)
print(f"name=schedule plain={plain:.0f} journalled={kept:.0f} mpi4py={peer:.0f} "
      f"ratio={plain / peer:.1f} ratio_journalled={kept / peer:.1f}")
PY
