#!/usr/bin/env bash
# No plan keeps `plan` busy: it ends within seconds and a bounded memory, whatever the file asks
# for. Seconds are those of the processor, so that a busy machine changes nothing; what takes a
# fraction of them here may take some on another, so the bound is wide.
. "${ROOT:?the checkout}/tests/guard/lib.sh" || exit 1
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3 to write plans"
t=$THREATLOOP_BIN
/usr/bin/python3 "$ROOT/tests/guard/make_plans.py" .
soon() { # of a build without optimisation, with sanitizers
    local most=10
    [ -n "$is_plain" ] || most=60
    [ "${cpu%.*}" -lt "$most" ] || fail "plan $1.yaml: took $cpu s of the processor"
}
no() {
    refused 1024 "$2" "$t" plan "$1.yaml"
    soon "$1"
}
yes() {
    allowed 1024 "$t" plan "$1.yaml"
    soon "$1"
    says "$2"
}
no many "more than 2097152 trials"
no four "more than 2097152 combinations"
no rounds "allowed is from 1 to 64"
no claims "at most 1024 maps"
no rules "exclude has more than 256 different maps"
no arrangements "more than"
yes replicates "trials        2000000"
says "not looked at whole"
yes grid "trials        2000000"
yes tested "not examined in a sample"
yes equal "trials        1727880"
yes written "trials        1727760"
yes different "trials        "
yes generated "trials        3"
yes splits "trials        810000"
yes wide "90000 distinct"
yes long "trials        490000"
show_worst
finish
