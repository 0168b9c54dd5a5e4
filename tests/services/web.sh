#!/bin/bash
# Starts php-fpm, with our extension, and nginx in the environment $1 on the loopback port $2.
# $3 is the number of PHP workers (default 4).

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"
port=$2
workers=${3:-4}
root=$tree/roundcube

# Fills the folder $1 with the ini files of Debian's PHP. Where an admin has installed our extension
# too, that one is left out: it would be loaded first, and not the one to be shown and tested.
use_debian_modules() {
    local file
    mkdir -p "$1"
    find "$1" -type l -delete
    for file in /etc/php/8.2/fpm/conf.d/*.ini; do
        case $file in
            *-openxport.ini) ;;
            *) ln -s "$file" "$1/" ;;
        esac
    done
}

# All ini files that php-fpm and php-cli of this environment read, in the order of their names.
use_debian_modules "$tree/etc/php"
cat >"$tree/etc/php/roundcube.ini" <<INI
auto_prepend_file = "$root/home.php"
error_reporting = E_ALL
log_errors = On
error_log = "$tree/log/php.log"
post_max_size = 12M
upload_max_filesize = 12M
upload_tmp_dir = "$root/temp"
INI

# Where our state is. In the tests over MariaDB it is in the host's own database, as on a cluster.
case $1 in
    e2e-mariadb)
        state="openxport.state_url = \"mysql://openxport:p%40ss%2Fword@localhost/roundcube"
        state+="?socket=$tree/run/mariadb.sock\""
        ;;
    *)
        state="openxport.state_dir = \"$tree/state\""
        mkdir -p -m 0700 "$tree/state"
        own "$tree/state"
        ;;
esac

# A changed file of the extension under a running php-fpm would crash it: a new file, a new run.
library=$build_dir/release/libopenxport.so
if [ -f "$library" ]; then
    if ! cmp -s "$library" "$tree/openxport.so"; then
        stop_service php-fpm
        stop_service php-second
        install -m 0644 "$library" "$tree/openxport.so"
    fi
    cat >"$tree/etc/php/openxport.ini" <<INI
extension = "$tree/openxport.so"
$state
INI
fi

# Starts the php-fpm $1 with $2 workers and the ini files of the folder $3, unless it runs so.
start_php() {
    local name=$1 workers=$2 ini=$3
    cat >"$tree/etc/$name.conf" <<CONF
[global]
pid = $tree/run/$name.pid
error_log = $tree/log/$name.log
[roundcube]
listen = $tree/run/$name.sock
pm = static
pm.max_children = $workers
CONF
    if is_running "$name" && [ "$(cat "$tree/run/$name.workers")" != "$workers" ]; then
        stop_service "$name"
    fi
    is_running "$name" && return
    printf %s "$workers" >"$tree/run/$name.workers"
    start_service "$name" env PHP_INI_SCAN_DIR="$ini" \
        /usr/sbin/php-fpm8.2 --fpm-config "$tree/etc/$name.conf"
    wait_until "$name" test -S "$tree/run/$name.sock"
}

start_php php-fpm "$workers" "$tree/etc/php"
# The tests also ask a PHP that lacks our extension, and a second web node.
php_of_request=php-fpm
case $1 in
    e2e-*)
        use_debian_modules "$tree/etc/php-bare"
        cp "$tree/etc/php/roundcube.ini" "$tree/etc/php-bare/"
        start_php php-bare 1 "$tree/etc/php-bare"
        start_php php-second 1 "$tree/etc/php"
        php_of_request='$php'
        ;;
esac

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
    # Roundcube's own import of thousands of contacts takes minutes.
    fastcgi_read_timeout 600s;
    # Which PHP a test's request is for; in other environments there is one only.
    map \$http_x_test_php \$php {
        default php-fpm;
        bare php-bare;
        second php-second;
    }
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
            fastcgi_pass unix:$tree/run/$php_of_request.sock;
        }
    }
}
CONF
own "$tree/etc/nginx.conf"
start_service nginx /usr/sbin/nginx -e "$tree/log/nginx.log" -c "$tree/etc/nginx.conf"
wait_until nginx bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
