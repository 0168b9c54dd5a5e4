#!/bin/bash
# Runs the tests of the hosts' SQL and of our own state on the MariaDB of the environment $1,
# which runs already.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"

export OPENXPORT_MARIADB_SOCKET=$tree/run/mariadb.sock
test=("$services/cargo.sh" test --no-default-features --features e2e)
"${test[@]}" --test hosts_roundcube_mariadb
"${test[@]}" --lib -- state:: records::changes
