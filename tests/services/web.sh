#!/bin/bash
# Starts php-fpm, with our extension, and nginx in the environment $1 on the loopback port $2.
# $3 is the number of PHP workers (default 4).

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"
port=$2
workers=${3:-4}
root=$tree/roundcube

# The ini files that php-fpm and php-cli of this environment read after Debian's.
mkdir -p "$tree/etc/php"
cat >"$tree/etc/php/roundcube.ini" <<INI
auto_prepend_file = "$root/home.php"
error_reporting = E_ALL
log_errors = On
error_log = "$tree/log/php.log"
post_max_size = 12M
upload_max_filesize = 12M
upload_tmp_dir = "$root/temp"
INI

# A changed file of the extension under a running php-fpm would crash it: a new file, a new run.
library=$build_dir/release/libopenxport.so
if [ -f "$library" ]; then
    if ! cmp -s "$library" "$tree/openxport.so"; then
        stop_service php-fpm
        install -m 0644 "$library" "$tree/openxport.so"
    fi
    mkdir -p -m 0700 "$tree/state"
    own "$tree/state"
    cat >"$tree/etc/php/openxport.ini" <<INI
extension = "$tree/openxport.so"
openxport.state_dir = "$tree/state"
INI
fi

cat >"$tree/etc/php-fpm.conf" <<CONF
[global]
pid = $tree/run/php-fpm.pid
error_log = $tree/log/php-fpm.log
[roundcube]
listen = $tree/run/php-fpm.sock
pm = static
pm.max_children = $workers
CONF
if is_running php-fpm && [ "$(cat "$tree/run/workers")" != "$workers" ]; then
    stop_service php-fpm
fi
if ! is_running php-fpm; then
    printf %s "$workers" >"$tree/run/workers"
    start_service php-fpm env PHP_INI_SCAN_DIR=":$tree/etc/php" \
        php-fpm8.2 --fpm-config "$tree/etc/php-fpm.conf"
    wait_until php-fpm test -S "$tree/run/php-fpm.sock"
fi

if is_running nginx && [ "$(cat "$tree/run/web.port")" != "$port" ]; then
    stop_service nginx
fi
is_running nginx && exit 0
printf %s "$port" >"$tree/run/web.port"
cat >"$tree/etc/nginx.conf" <<CONF
pid $tree/run/nginx.pid;
error_log $tree/log/nginx.log;
events {}
http {
    include /etc/nginx/mime.types;
    access_log $tree/log/access.log;
    client_body_temp_path $tree/run/nginx-body;
    fastcgi_temp_path $tree/run/nginx-fastcgi;
    proxy_temp_path $tree/run/nginx-proxy;
    scgi_temp_path $tree/run/nginx-scgi;
    uwsgi_temp_path $tree/run/nginx-uwsgi;
    client_max_body_size 12m;
    keepalive_timeout 75s;
    server {
        listen 127.0.0.1:$port;
        root $root/public_html;
        index index.php;
        # The tests come from as many addresses as they like.
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Real-IP;
        # Otherwise a redirect would lead to whatever host the request named.
        absolute_redirect off;
        location = /.well-known/jmap {
            return 307 /index.php?_task=jmap;
        }
        location ~ \.php\$ {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;
            fastcgi_pass unix:$tree/run/php-fpm.sock;
        }
    }
}
CONF
own "$tree/etc/nginx.conf"
start_service nginx nginx -e "$tree/log/nginx.log" -c "$tree/etc/nginx.conf"
wait_until nginx bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
