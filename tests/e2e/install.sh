#!/usr/bin/env bash
# What is installed runs from anywhere: moved elsewhere and called by a symlink, with the same
# bytes and as the same build as before.
#   install.sh CMAKE BUILD
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
cmake=${1:?cmake} build=${2:?the folder of the build}
plan=$plans/small.yaml
built=$THREATLOOP_BIN
expect 0 "$built" run "$plan" -o whole.nc
unset THREATLOOP_BIN

expect 0 "$cmake" --install "$build" --prefix "$place/prefix"
mkdir -p "it's elsewhere" && mv prefix "it's elsewhere/moved"
moved="$place/it's elsewhere/moved"
for file in bin/threatloop bin/threatloop-launch share/threatloop/run.sbatch \
    share/doc/threatloop/README.md share/doc/threatloop/LICENSE; do
    [ -s "$moved/$file" ] || fail "no $file"
done
same "$built" "$moved/bin/threatloop"
for file in "$ROOT"/experiments/plans/*.yaml; do same "$file" "$moved/share/threatloop/plans/${file##*/}"; done
[ ! -d "$moved/share/man" ] || [ -s "$moved/share/man/man1/threatloop.1" ] || fail "man pages without the first"
grep -rIl "$place/prefix" "$moved" && fail "these name the folder that was installed into"

mkdir links
ln -s "$moved/bin/threatloop-launch" links/tl
ln -s "$moved/bin/threatloop" links/threatloop
# Nothing but what is installed: the checkout and the program under test are not known.
anywhere() { env -u ROOT PATH=/usr/local/bin:/usr/bin:/bin "$@"; }
for starter in links/tl "$moved/bin/threatloop-launch"; do
    rm -rf x.nc x.run x.run.nc
    expect 0 anywhere "$starter" -n 2 run "$plan" -o x.nc
    same whole.nc x.nc
done
rm -rf x.nc x.run x.run.nc
expect 0 anywhere links/threatloop run "$plan" -o x.nc
same whole.nc x.nc
expect 0 anywhere links/threatloop plan demo
expect 0 anywhere links/tl --help
says "usage: links/tl [-n RANKS]"

# A run goes on under the installed program, which is the same build.
expect 0 anywhere links/threatloop run "$plan" -o whole.nc --resume
says "0 steps done"

# A job in the queue finds what is installed on the PATH.
SLURM_JOB_ID=7 expect 0 anywhere env PATH="$moved/bin:/usr/bin:/bin" SLURM_NTASKS=2 SLURM_JOB_END_TIME=0 \
    bash "$moved/share/threatloop/run.sbatch" "$plan" -o job.nc
same whole.nc job.nc
finish
