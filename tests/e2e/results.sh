#!/usr/bin/env bash
# The result file describes itself: every metric has its attributes, and xarray sees
# coordinates, text, flags and missing values as what they are.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
expect 0 launch -n 2 run "$plans/sweep.yaml" --set long.epochs=20 -o s.nc
expect 0 "$THREATLOOP_BIN" list metrics
ncdump -h s.nc >header.txt || fail "ncdump cannot read the file"
metrics=$(sed -n 's/^\t\t\([a-z0-9_]*\):better = .*/\1/p' header.txt)
[ "$(echo "$metrics" | wc -w)" -ge 25 ] || fail "only these are metrics: $metrics"
for metric in $metrics; do
    for attribute in _FillValue units long_name label flow role taxonomy_threat access references \
        better downstream_of coordinates; do
        # The control of an extraction with one number of queries depends on no factor, and so
        # does what a constant answer gets.
        case "$metric $attribute" in
        "long_twin_accuracy downstream_of" | "measure_utility_majority_rate downstream_of") continue ;;
        esac
        grep -q "	$metric:$attribute = " header.txt || fail "$metric has no $attribute"
    done
    grep -q "double $metric(trial)" header.txt || fail "$metric is no double on trial"
done
grep -q "long_twin_accuracy:downstream_of" header.txt &&
    fail "a control model depends on the poison that it never meets"
for name in poison m2m_model_extraction_queries replicate status trial_key split_hash \
    d2m_badnets_success_n d2m_badnets_success_reason d2m_badnets_success_surrogate \
    m2m_model_extraction_agreement_gain m2d_global_threshold_tpr_at_1pct_reason; do
    grep -q " $name(trial" header.txt || fail "the file has no $name"
done
grep -q 'valid_range = 0., 1.' header.txt || fail "no valid_range as numbers"
for name in Conventions title source plan plan_hash seed hypotheses; do
    grep -q "	:$name = " header.txt || fail "the file has no global attribute $name"
done
for word in history date_created hostname "$place"; do
    grep -q "$word" header.txt && fail "the file holds '$word', which differs between equal runs"
done

expect 0 "$THREATLOOP_BIN" effects s.nc -o e.nc
for file in s.nc s.run.nc "e.nc effects"; do
    code=0
    # shellcheck disable=SC2086 # a file, or a file and its group
    /usr/bin/python3 "$ROOT/tests/e2e/xarray_opens.py" $file || code=$?
    case $code in
    0) ;;
    77 | 127) [ "$failures" = 0 ] && skip "no xarray here; the header was checked" ;;
    *) fail "xarray_opens.py $file: exit $code" ;;
    esac
done
finish
