#!/bin/bash
# `make soak`: SOAK_REQUESTS mixed requests (50,000 unless told otherwise) on one PHP worker of a
# private Roundcube, and what is left of them in it: memory, descriptors, leases, sessions, files.

source "$(dirname "${BASH_SOURCE[0]}")/../services/environment.sh"

"$services/install.sh" demo
"$services/cargo.sh" build --release
name=soak-sqlite
"$services/up.sh" "$name" sqlite any 1
use_tree "$name"
trap '"$services/down.sh" "$name"' EXIT
"$services/seed.sh" "$name" erin@example.org 250
# A new worker, and a new state.
stop_service php-fpm
rm -rf "$tree/state"
"$services/up.sh" "$name" sqlite any 1
if php8.2 "$repo/tests/soak/run.php" "$tree" "$services/users.tsv" "${SOAK_REQUESTS:-50000}"; then
    say "PASSED in $SECONDS seconds"
else
    say "FAILED"
    exit 1
fi
