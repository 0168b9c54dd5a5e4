#!/bin/bash
# Stops the services of the environment $1 by their own pid files. With $2 = clean, its folder
# goes too.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
[ -e "$build_dir/$1" ] || exit 0
use_tree "$1"
for service in nginx php-fpm php-bare php-second mariadb postgres dovecot; do stop_service $service; done
if [ "${2:-}" = clean ]; then
    rm -rf "$tree"
    rm -f "$build_dir/$1"
fi
