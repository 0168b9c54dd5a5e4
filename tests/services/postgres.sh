#!/bin/bash
# Starts a private PostgreSQL in the environment $1, on a loopback port, with an empty database
# `roundcube` that has Roundcube's own tables.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"
is_running postgres && exit 0

program=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
data=$tree/postgres
if [ ! -f "$data/PG_VERSION" ]; then
    as_service "$program/initdb" -D "$data" -U roundcube --auth=trust -E UTF8 --locale=C.UTF-8 \
        >"$tree/log/initdb.log"
fi
port=$(port_for postgres)
# The data is thrown away after the tests, so a power failure may lose it.
cat >"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$tree/run'
external_pid_file = '$tree/run/postgres.pid'
fsync = off
timezone = 'Europe/Berlin'
CONF
own "$data/postgresql.conf"
start_service postgres setsid --fork "$program/postgres" -D "$data"
client=("$program/psql" -q -h 127.0.0.1 -p "$port" -U roundcube -v ON_ERROR_STOP=1)
wait_until PostgreSQL "${client[@]}" -c 'SELECT 1' postgres
if ! "${client[@]}" -c 'SELECT 1' roundcube >/dev/null 2>&1; then
    "${client[@]}" -c 'CREATE DATABASE roundcube' postgres
    "${client[@]}" -f /usr/share/roundcube/SQL/postgres.initial.sql roundcube
fi
