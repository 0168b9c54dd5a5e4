#!/bin/bash
# Starts a private MariaDB in the environment $1, on a Unix socket and, for the tests of TLS, on a
# loopback port, with an empty database `roundcube` that has Roundcube's own tables.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"
is_running mariadb && exit 0

socket=$tree/run/mariadb.sock
certificate=$tree/etc/mariadb.pem
if [ ! -f "$certificate" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -subj /CN=mariadb -addext subjectAltName=IP:127.0.0.1 \
        -addext basicConstraints=critical,CA:FALSE \
        -keyout "$tree/etc/mariadb.key" -out "$certificate" 2>/dev/null
    own "$tree/etc/mariadb.key" "$certificate"
fi
cat >"$tree/etc/mariadb.cnf" <<CONF
[mariadb]
datadir = $tree/mariadb
socket = $socket
pid-file = $tree/run/mariadb.pid
log-error = $tree/log/mariadb.log
bind-address = 127.0.0.1
port = $(port_for mariadb)
ssl-cert = $certificate
ssl-key = $tree/etc/mariadb.key
ssl-ca = $certificate
character-set-server = utf8mb4
innodb-buffer-pool-size = 128M
# The data is thrown away after the tests, so a power failure may lose it.
innodb-flush-log-at-trx-commit = 0
CONF
own "$tree/etc/mariadb.cnf"

if [ ! -d "$tree/mariadb/mysql" ]; then
    as_service mariadb-install-db --defaults-file="$tree/etc/mariadb.cnf" \
        --auth-root-authentication-method=normal --skip-test-db >"$tree/log/mariadb-install.log"
fi
start_service mariadb setsid --fork /usr/sbin/mariadbd --defaults-file="$tree/etc/mariadb.cnf"
wait_until MariaDB mariadb-admin --no-defaults -uroot -S "$socket" ping

sql() { mariadb --no-defaults -uroot -S "$socket" "$@"; }
sql -e 'CREATE DATABASE IF NOT EXISTS roundcube CHARACTER SET utf8mb4'
# Our own state is beside Roundcube's tables there.
sql -e "CREATE USER IF NOT EXISTS openxport IDENTIFIED BY 'p@ss/word';
    GRANT ALL ON roundcube.* TO openxport"
if [ -z "$(sql -N roundcube -e "SHOW TABLES LIKE 'contacts'")" ]; then
    sql roundcube </usr/share/roundcube/SQL/mysql.initial.sql
fi
