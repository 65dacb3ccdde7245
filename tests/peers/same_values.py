#!/usr/bin/env python3
"""Whether two result files hold the same values, variable by variable: for two builds whose
files differ in names and texts on purpose, where cmp says too little.

    same_values.py OLD.nc NEW.nc [OLDPART=NEWPART]...

OLDPART=NEWPART renames parts of OLD's variables, such as _lap2=_round2. Prints attributes
that differ; exits 1 if a variable or a value does."""
import sys

import netCDF4
import numpy


def renamed(name, parts):
    for old, new in parts:
        name = name.replace(old, new)
    return name


def attributes(item):
    return {name: str(getattr(item, name)) for name in item.ncattrs()}


def show(where, old, new):
    for name in sorted(set(old) | set(new)):
        if old.get(name) != new.get(name):
            print(f"{where}{name}: {old.get(name)} -> {new.get(name)}")


def main():
    parts = [part.split("=", 1) for part in sys.argv[3:]]
    old, new = netCDF4.Dataset(sys.argv[1]), netCDF4.Dataset(sys.argv[2])
    was = {renamed(name, parts): variable for name, variable in old.variables.items()}
    differs = list(was) != list(new.variables)
    if differs:
        print("variables:", *sorted(set(was) ^ set(new.variables)))
    for name, variable in new.variables.items():
        if name not in was:
            continue
        for one in (was[name], variable):
            one.set_auto_mask(False)
        a, b = was[name][:], variable[:]
        if not numpy.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            print("values:", name)
            differs = True
        show(name + ":", attributes(was[name]), attributes(variable))
    show(":", attributes(old), attributes(new))
    print("other values" if differs else "equal by value")
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
