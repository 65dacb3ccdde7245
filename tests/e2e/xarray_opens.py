"""A result file as xarray sees it: usage: xarray_opens.py FILE.nc [GROUP]

Coordinates, text, flags and missing values must come out as what they are. Exit 77 (skipped)
where xarray is not installed.
"""
import sys

try:
    import netCDF4  # noqa: F401
    import xarray
except ImportError:
    print("xarray or netCDF4 is not installed")
    sys.exit(77)

failures = []


def check(fact, text):
    if not fact:
        failures.append(text)


group = sys.argv[2] if len(sys.argv) > 2 else None
with xarray.open_dataset(sys.argv[1], engine="netcdf4") as root:
    check("threatloop" in root.attrs.get("source", ""), "no source attribute")
with xarray.open_dataset(sys.argv[1], engine="netcdf4", group=group) as data:
    rows = next(iter(data.sizes)) if data.sizes else ""
    check(set(data.sizes) == {rows}, f"dimensions {dict(data.sizes)}: want one, for rows")
    check(data.coords, "no variable is a coordinate")
    for name in set(data.variables) & set(data.sizes):
        check(data.indexes[name].is_unique, f"{name} is no index: it does not tell rows apart")
    for name, variable in data.variables.items():
        check(variable.dims == (rows,), f"{name} has dimensions {variable.dims}")
        check(variable.attrs.get("long_name"), f"{name} has no long_name")
        if "flag_meanings" in variable.attrs:
            words = variable.attrs["flag_meanings"].split()
            values = [int(v) for v in variable.attrs["flag_values"].ravel()]
            check(values == list(range(len(words))), f"{name}: {values} for {words}")
            check(variable.dtype == "int8", f"{name} is {variable.dtype}, not int8")
            check(set(variable.values.tolist()) <= set(values), f"{name} has other values")
        elif variable.dtype.kind in "OSU":
            for text in variable.values.tolist():
                check(isinstance(text, str), f"{name} holds {type(text)}, not text")
                check("\0" not in str(text), f"{name} holds padding")
        else:
            check(variable.dtype in ("float64", "int32"), f"{name} is {variable.dtype}")
            check("units" in variable.attrs, f"{name} has no units")

for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
