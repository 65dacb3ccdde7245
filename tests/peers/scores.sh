#!/usr/bin/env bash
# Scores of membership tests from shadow models beside numpy's by the references' formulas.
# SCORES_BIN is test_shadow_scores. Exit 77: no numpy.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3
$python -c 'import numpy' 2>/dev/null || { echo "skipped: no numpy for $python" && exit 77; }
exec $python -B "$here/lira_scores.py" "${SCORES_BIN:?the program}"
