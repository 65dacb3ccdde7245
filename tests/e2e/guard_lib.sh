# Sourced by the tests of files and folders that mean harm, after lib.sh.
t=$THREATLOOP_BIN
preloaded=${PRELOADED:?the folder of the libraries for LD_PRELOAD}

# write_plan NAME [SOURCE]: NAME.yaml, done in a second
write_plan() {
    cat >"$1.yaml" <<YAML
name: $1
seed: 1
replicates: 2
data: {source: ${2:-synthetic/lesions}, split: {pool: 40, keep: 0.5, validation: 12, attacker: 30, test: 36}}
model: {kind: linear}
recipe: {epochs: 2, batch: 8}
chain: [train, measure.utility, m2d.global_threshold]
YAML
}
# within SECONDS CODE COMMAND...: as expect, but a command that hangs is a failure
within() {
    local seconds=$1
    shift
    local wanted=$1
    shift
    expect "$wanted" timeout -k 1 "$seconds" "$@"
}
# nothing_left DIR: no temporary file and no lock is in it, at any depth
nothing_left() {
    local left
    left=$(find "$1" -name '*.tmp' -o -name '*.lock' -o -name lock)
    [ -z "$left" ] || fail "left behind: $left"
}
