#!/usr/bin/env bash
# What plans say, as another parser of YAML reads it.
: "${SCALARS_BIN:?the program that prints scalars}"
/usr/bin/python3 -c 'import yaml' 2>/dev/null || { echo "skipped: no python3-yaml"; exit 77; }
exec /usr/bin/python3 "$(dirname "$0")/yaml_scalars.py" "$SCALARS_BIN" "$@"
