#!/usr/bin/env bash
# Data that is marked, cleaned, poisoned and filtered: recipes remade on other ranks, one of
# them by a model of a bank, and judged on every version.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
t=$THREATLOOP_BIN
cp "$plans/watermark.yaml" .
expect 0 launch -n 1 run watermark.yaml -o one.nc
expect 0 launch -n 2 run watermark.yaml -o two.nc
same one.nc two.nc
expect 0 "$t" table one.nc --csv
for metric in embedded bits_pool_judge1 bits_pool_judge2 bits_pool detection_pool; do
    says "defense_data_watermark_$metric"
done
says "defense_provenance_filter_dropped"
says "d2m_badnets_success"
finish
