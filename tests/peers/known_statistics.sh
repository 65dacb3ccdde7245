#!/usr/bin/env bash
# Intervals, p and power beside scipy and statsmodels. STATISTICS_BIN is
# test_known_statistics; PEER_PYTHON may name another python. Exit 77: they are absent.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PEER_PYTHON:-/usr/bin/python3}
$python -c 'import scipy, statsmodels' 2>/dev/null ||
    { echo "skipped: no scipy and statsmodels for $python" && exit 77; }
exec $python -W ignore -B "$here/known_statistics.py" "${STATISTICS_BIN:?the program}"
