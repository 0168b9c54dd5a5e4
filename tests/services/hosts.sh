#!/bin/bash
# Runs the tests of the hosts' SQL on the MariaDB of the environment $1, which runs already.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"

OPENXPORT_MARIADB_SOCKET=$tree/run/mariadb.sock \
    "$services/cargo.sh" test --no-default-features --features e2e --test hosts_roundcube_mariadb
