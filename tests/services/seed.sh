#!/bin/bash
# Fills the account $2 in the environment $1 with $3 contacts and, where $4 names a folder, with
# the sample cards in it. An account that has them already keeps what was done to it since.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"
user=$2 people=$3 samples=${4:-}

# The scripts and samples may be closed to the service user, so it gets copies.
work=$tree/seed
mkdir -p "$work/samples"
cp "$services"/seed/*.php "$work/"
[ -z "$samples" ] || find "$samples" -name '*.vcf' -exec cp {} "$work/samples/" \;

mark=$tree/run/seeded-$user
wanted=$(printf '%s\n' "$people" "$samples"; find "$work" -type f | sort | xargs cksum)
if [ "$wanted" != "$(cat "$mark" 2>/dev/null)" ]; then
    as_service env PHP_INI_SCAN_DIR="$tree/etc/php" \
        php8.2 "$work/seed.php" "$user" "$people" ${samples:+"$work/samples"}
    printf '%s\n' "$wanted" >"$mark"
fi
