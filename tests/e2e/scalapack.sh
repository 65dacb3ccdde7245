#!/usr/bin/env bash
# ScaLAPACK gives what LAPACK gives, to 1e-6, for any number of ranks; everything else in the
# file has the same bits. Narrow features are not its business.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/scalapack.yaml
name=defense_spectral_signatures_top_eigenvalue
numbers() { ncdump -p 9,17 -v "$2" "$1" | tr '\n' ' ' | sed "s/.* $2 =//; s/[;},]/ /g"; }
rest() { ncdump -p 9,17 "$1" | grep -v '^netcdf' | sed "/^ ${name}_scalapack =/,/;/d"; }
near() { echo "$1 $2" | awk '{ n = NF / 2; for (i = 1; i <= n; i++) {
    d = $i - $(i + n); if (!(d * d <= 1e-12) || $i == "NaN") exit 1 } exit n < 2 }'; }

for n in 1 2 4; do
    expect 0 launch -n "$n" run "$plan" -o "$n.nc"
    rest "$n.nc" >"$n.txt"
    same 1.txt "$n.txt"
    near "$(numbers "$n.nc" $name)" "$(numbers "$n.nc" ${name}_scalapack)" ||
        fail "-n $n: $(numbers "$n.nc" $name) by LAPACK, $(numbers "$n.nc" ${name}_scalapack) by ScaLAPACK"
done
expect 0 launch -n 2 run "$plan" -o narrow.nc --set model.width=64
[ "$(numbers narrow.nc ${name}_scalapack_reason | tr -d ' ')" = 22 ] ||
    fail "narrow features: reason $(numbers narrow.nc ${name}_scalapack_reason), wanted 2"
finish
