#!/bin/bash
# Lays out a private Roundcube in the environment $1 over the database $2 (sqlite, mariadb, postgres):
# Debian's program, our configuration, our plugin.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"
database=$2

program=/usr/share/roundcube
root=$tree/roundcube
case $database in
    sqlite) dsn="sqlite:///$tree/roundcube.db?mode=0640" ;;
    mariadb) dsn="mysql://root@unix($tree/run/mariadb.sock)/roundcube" ;;
    postgres) dsn="pgsql://roundcube@127.0.0.1:$(cat "$tree/run/postgres.port")/roundcube" ;;
    *) die "no such database: $database" ;;
esac

mkdir -p "$root"/{config,plugins,public_html/program,temp}
for folder in program SQL skins; do ln -sfn "$program/$folder" "$root/$folder"; done
ln -sfn "$program/index.php" "$root/index.php"
for plugin in "$program"/plugins/*/; do
    ln -sfn "${plugin%/}" "$root/plugins/$(basename "$plugin")"
done
for folder in plugins skins; do ln -sfn "../$folder" "$root/public_html/$folder"; done
for folder in js resources; do
    ln -sfn "../../program/$folder" "$root/public_html/program/$folder"
done

# Debian's program takes /var/lib/roundcube for its home unless told otherwise before it starts.
cat >"$root/home.php" <<PHP
<?php

define('INSTALL_PATH', '$root/');
PHP
cat >"$root/public_html/index.php" <<'PHP'
<?php

require INSTALL_PATH . 'index.php';
PHP

cp /etc/roundcube/defaults.inc.php /etc/roundcube/mimetypes.php "$root/config/"
key_file=$tree/etc/des_key
[ -s "$key_file" ] || head -c 18 /dev/urandom | base64 >"$key_file"
plugins="'jmap'"
[ -d "$repo/roundcube-plugin" ] || plugins=
cat >"$root/config/config.inc.php" <<PHP
<?php

\$config['db_dsnw'] = '$dsn';
\$config['imap_host'] = '127.0.0.1:$(cat "$tree/run/imap.port")';
\$config['des_key'] = '$(cat "$key_file")';
\$config['plugins'] = [$plugins];
\$config['log_driver'] = 'file';
\$config['log_dir'] = '$tree/log/';
\$config['temp_dir'] = '$root/temp/';
\$config['skin'] = 'elastic';
\$config['language'] = 'en_US';
\$config['collected_recipients'] = true;
\$config['collected_senders'] = true;
\$config['undo_timeout'] = 60;
PHP
case $1 in
    e2e-*) cat >>"$root/config/config.inc.php" <<'PHP'

// A test changes settings for its own requests by a header; nobody else comes here.
$config = json_decode($_SERVER['HTTP_X_TEST_CONFIG'] ?? '{}', true) + $config;
PHP
        cp -R "$services"/plugins/. "$root/plugins/"
        ;;
esac
own "$root/temp" "$root/config/config.inc.php"
chmod 0640 "$root/config/config.inc.php"

# The workers' opcode cache would go on with the old files for a while, so they start anew.
if [ -n "$plugins" ] && ! diff -rq "$repo/roundcube-plugin" "$root/plugins/jmap" >/dev/null 2>&1; then
    stop_service php-fpm
    stop_service php-bare
    stop_service php-second
    rm -rf "$root/plugins/jmap"
    make -s -C "$repo" install-roundcube-plugin PLUGIN_DIR="$root/plugins/jmap"
fi

# The plugin's table, as an administrator makes it and keeps it up to date.
if [ -n "$plugins" ]; then
    as_service php8.2 -d auto_prepend_file="$root/home.php" -d display_errors=0 -d log_errors=1 \
        -d error_log="$tree/log/updatedb.log" "$program/bin/updatedb.sh" \
        --package=jmap --dir="$root/plugins/jmap/SQL" >"$tree/log/updatedb.out" ||
        die "the plugin's table could not be made; see $tree/log/updatedb.out"
fi
