#!/bin/bash
# Brings up the environment $1 over the database $2 (sqlite, mariadb, postgres) on the web port $3
# (`any`: a free one) with $4 PHP workers. What runs already is left alone.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"
name=$1 database=$2 port=$3 workers=${4:-4}

if [ "$port" = any ]; then
    if is_running nginx; then port=$(cat "$tree/run/web.port"); else port=$(port_for web); fi
fi
require_web_port "$port"
"$services/dovecot.sh" "$name"
case $database in mariadb | postgres) "$services/$database.sh" "$name" ;; esac
"$services/roundcube.sh" "$name" "$database"
"$services/web.sh" "$name" "$port" "$workers"
