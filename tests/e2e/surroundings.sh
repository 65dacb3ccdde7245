#!/usr/bin/env bash
# Where a run finds itself: without ssh, in a container that forbids reading other processes,
# with a small /dev/shm, small stacks or a CPU quota, inside another MPI program, through a
# symlink. It gives the same bytes there, and says nothing that it does not say elsewhere.
#   surroundings.sh NO_CMA: the program of tests/support/no_cma.c
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
no_cma=${1:?the program that forbids to read other processes}
t=$THREATLOOP_BIN
plan=$plans/small.yaml
expect 0 "$t" run "$plan" -o whole.nc
grep -v "steps done" err.txt >usual.txt

# equal WORDS COMMAND...: a run to x.nc gives the bytes of whole.nc and no line to stderr that
# is not usual; WORDS: of the case
equal() {
    local words=$1
    shift
    rm -rf x.nc x.run x.run.nc
    expect 0 "$@" run "$plan" -o x.nc
    cmp whole.nc x.nc || fail "$words: other bytes"
    grep -v "steps done" err.txt | diff usual.txt - >&2 || fail "$words: unusual words"
}

# --- no ssh: a folder of programs that has none -----------------------------------------------
mkdir bin
for folder in ${PATH//:/ }; do
    for file in "$folder"/*; do
        case ${file##*/} in ssh | rsh) ;; *) [ -e "bin/${file##*/}" ] || ln -s "$file" bin/ ;; esac
    done
done
equal "no ssh, alone" env PATH="$place/bin" "$t"
equal "no ssh" env PATH="$place/bin" "$ROOT/cluster/launch" -n 2

# --- stacks -----------------------------------------------------------------------------------
small_stack() { (ulimit -s "$1" && shift && "$@"); }
for size in 64 128 256 512; do equal "a stack of $size KiB" small_stack $size "$t"; done
equal "stacks of 256 KiB" small_stack 256 "$ROOT/cluster/launch" -n 2
soft_stack() { (ulimit -S -s 128 && "$@"); }
equal "stacks of 128 KiB that may grow" soft_stack "$ROOT/cluster/launch" -n 2

# --- inside another MPI program ---------------------------------------------------------------
cat >nested.sh <<SH
[ "\$OMPI_COMM_WORLD_RANK" = 1 ] || exit 0
"\$@" >out.nested 2>err.nested
SH
nested() {
    mpirun -n "$1" bash nested.sh "${@:2}"
    local code=$?
    cat out.nested && cat err.nested >&2
    return $code
}
for again in 1 2; do equal "launch in a rank of mpirun, run $again" nested 2 "$ROOT/cluster/launch" -n 2; done
printf '"$@" >out.nested 2>err.nested && rm -r x.nc x.run x.run.nc && "$@" >out.nested 2>err.nested' >nested.sh
equal "twice in one rank of mpirun" nested 1 "$t"

# --- the launcher by other names --------------------------------------------------------------
ln -s "$ROOT/cluster/launch" relative && mkdir -p away && ln -s ../relative away/tl
name=away/tl
unset_bin() { env -u THREATLOOP_BIN PATH="$place/path:$PATH" "$@"; }
mkdir path && ln -s "$t" path/threatloop
equal "launch by a symlink to a symlink" "./$name" -n 2
cp "$ROOT/cluster/launch" away/copy
equal "launch copied, the program on the PATH" unset_bin away/copy -n 2
expect 0 unset_bin away/copy --help
says "usage: away/copy [-n RANKS]"

# --- interfaces -------------------------------------------------------------------------------
expect 2 launch -n 2 --interface none9 run "$plan" -o x.nc
says "--interface none9: expected one of "
equal "an interface by name" "$ROOT/cluster/launch" -n 2 --interface lo
equal "an interface by network" "$ROOT/cluster/launch" -n 2 --interface 127.0.0.0/8

# --- containers -------------------------------------------------------------------------------
together=(run "$plans/together.yaml" --set recipe.epochs=1)
expect 0 launch -n 2 "${together[@]}" -o teams.nc
grep -v "steps done" err.txt >usual.txt
contained() { # WORDS COMMAND...
    local words=$1
    shift
    rm -rf x.nc x.run x.run.nc
    expect 0 "$@" "$ROOT/cluster/launch" -n 2 "${together[@]}" -o x.nc
    cmp teams.nc x.nc || fail "$words: other bytes"
    grep -v "steps done" err.txt | diff usual.txt - >&2 || fail "$words: unusual words"
}
"$no_cma" true
case $? in
0) contained "no process_vm_readv" "$no_cma" ;;
77) echo "not tried: no filter of system calls here" ;;
*) fail "$no_cma does not work" ;;
esac

# inside SHELL COMMAND...: COMMAND where SHELL has mounted something
inside() { "${mounts[@]}" bash -c "$1"' && exec "$@"' bash "${@:2}"; }
mkdir groups
find_mounts || { echo "not tried: no mounts here, so no small /dev/shm and no CPU quota" && finish; }
for size in 1m 6m; do contained "/dev/shm of $size" inside "mount -t tmpfs -o size=$size tmpfs /dev/shm"; done

all=$(OMP_NUM_THREADS=1 launch --cores)
[ "$all" = "$(env -u OMP_NUM_THREADS nproc)" ] || [ "$all" -lt "$(nproc --all)" ] || fail "--cores: $all"
quota() { # CORES QUOTA PERIOD: so many are counted
    local found
    [ "$1" -le "$all" ] || return 0
    grep -q '^0::' /proc/self/cgroup && echo "$2 $3" >groups/cpu.max
    mkdir -p groups/cpu && echo "${2/max/-1}" >groups/cpu/cpu.cfs_quota_us && echo "$3" >groups/cpu/cpu.cfs_period_us
    found=$(inside "mount --bind $place/groups /sys/fs/cgroup" "$ROOT/cluster/launch" --cores)
    [ "$found" = "$1" ] || fail "quota $2 of $3: $found cores, wanted $1"
}
quota 1 30000 100000
quota 1 100000 100000
quota 1 199999 100000
quota 2 250000 100000
quota "$all" max 100000
quota 1 50000 50000
rm -rf x.nc x.run x.run.nc
expect 0 inside "mount --bind $place/groups /sys/fs/cgroup" "$ROOT/cluster/launch" run "$plan" -o x.nc
says "on 1 ranks"

# All of it at once: a container of one core, without ssh, shared memory or a view of others.
expect 0 env PATH="$place/bin" "$no_cma" "${mounts[@]}" bash -c \
    "mount --bind $place/groups /sys/fs/cgroup && mount -t tmpfs -o size=1m tmpfs /dev/shm &&
    ulimit -s 256 && exec $ROOT/cluster/launch -n 2 run $plan -o all.nc"
same whole.nc all.nc
finish
