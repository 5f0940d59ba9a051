#!/bin/sh
# make_errors.sh: prints docs/errors.md, the table of the list in brood.h.
set -eu
cat <<'END'
# Errors

Made by `docs/make_errors.sh` from the list in `include/brood.h`. A system's error has
the same name everywhere and the value of its `-errno`.

| name | message |
|---|---|
END
sed -n 's/^ *X(\([A-Z0-9]*\), *\([^,]*\), *"\([^"]*\)").*/| `BROOD_\1` | \3 |/p' \
    "$(dirname "$0")/../include/brood.h"
