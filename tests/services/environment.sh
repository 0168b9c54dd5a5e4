# Sourced by every script of this folder: where a private environment lives, as whom its
# services run, and how they start and stop. Everything that a service writes is in $tree.

set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=$repo/tests/services
build_dir=${CARGO_TARGET_DIR:-$repo/target}

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# One unprivileged user runs every service: whoever calls, or, when root calls, the owner of
# the checkout, or www-data where root owns that too.
service_user=$(id -un)
if [ "$service_user" = root ]; then
    service_user=$(stat -c %U "$repo")
    case $service_user in root | UNKNOWN) service_user=www-data ;; esac
fi
service_group=$(id -gn "$service_user")

# Runs a command as the service user, in a folder that this user may enter.
as_service() {
    if [ "$(id -un)" = "$service_user" ]; then
        (cd / && "$@")
    else
        (cd / && setpriv --reuid="$service_user" --regid="$service_group" --init-groups \
            env HOME="$tree" USER="$service_user" "$@")
    fi
}

# Puts the toolchain that rust.sh may have put below target/ before the system's.
use_rust() {
    if [ -x "$build_dir/toolchain/cargo/bin/cargo" ]; then
        export CARGO_HOME=$build_dir/toolchain/cargo RUSTUP_HOME=$build_dir/toolchain/rustup
        export PATH="$CARGO_HOME/bin:$PATH"
    fi
}

# Starts a daemon named $1 as the service user. It keeps none of our own output open, or whoever
# reads that would wait for as long as the daemon runs. Those in /usr/sbin are called by their
# whole path: only root has that folder in PATH, and a PATH changed for all makes cargo rebuild.
start_service() {
    local name=$1
    shift
    as_service "$@" </dev/null >>"$tree/log/$name.out" 2>&1 && return
    tail -n 5 "$tree/log/$name.out" >&2
    die "$name did not start; see $tree/log"
}

# Names the environment's folder in $tree and makes it.
#
# It is target/NAME. Below a folder that the service user may not enter (/root, say), it is a
# folder under /tmp instead, and target/NAME is a link to it.
use_tree() {
    local link=$build_dir/$1
    mkdir -p "$build_dir"
    tree=$build_dir
    if as_service test -x "$build_dir"; then
        tree=$link
    else
        tree=/tmp/openxport-$(printf %s "$link" | cksum | cut -d' ' -f1)
        [ -d "$tree" ] ||
            say "$build_dir is closed to the user $service_user, so the services live in $tree"
        [ ! -e "$tree" ] || [ "$(stat -c %U "$tree")" = "$service_user" ] ||
            die "$tree belongs to somebody else; remove it"
        mkdir -p -m 0700 "$tree"
        ln -sfn "$tree" "$link"
    fi
    # A Unix socket's path has at most 107 octets (unix(7)); the longest here adds 40.
    [ ${#tree} -le 67 ] || die "the path $tree is too long for Unix sockets: use a shorter one"
    mkdir -p "$tree"/{run,log,etc}
    own "$tree" "$tree"/{run,log,etc}
}

# Gives files and folders to the service user.
own() {
    [ "$(id -un)" != root ] || chown -h "$service_user:$service_group" "$@"
}

port_is_free() {
    php -n -r 'exit(@stream_socket_server("tcp://127.0.0.1:$argv[1]") ? 0 : 1);' "$1"
}

# Ends with a word when the web port $1 belongs to something else than this environment's nginx.
# Before PHP is installed, only what answers on the port is seen.
require_web_port() {
    if is_running nginx && [ "$(cat "$tree/run/web.port")" = "$1" ]; then return; fi
    if command -v php >/dev/null; then
        port_is_free "$1" 2>/dev/null
    else
        ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
    fi || die "port $1 is in use by something else; choose another (DEMO_PORT=…)"
}

# Prints a port for the service $1: the one that it had before, if that is free, or a new one.
port_for() {
    local file=$tree/run/$1.port port
    port=$(cat "$file" 2>/dev/null || true)
    if [ -z "$port" ] || ! port_is_free "$port"; then
        port=$(php -n -r '
            $socket = stream_socket_server("tcp://127.0.0.1:0");
            echo substr(strrchr(stream_socket_get_name($socket, false), ":"), 1);')
    fi
    printf %s "$port" | tee "$file"
}

# Whether the process of a pid file lives and is ours: its command line names our folder.
is_running() {
    local pid
    pid=$(cat "$tree/run/$1.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$tree"
}

# Waits up to 30 seconds until a command succeeds.
wait_until() {
    local what=$1 tries=300
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || die "$what did not come up; see $tree/log"
        sleep 0.1
    done
}

# Ends one service by its pid file; what does not run is no error.
stop_service() {
    local pid tries=100
    is_running "$1" || return 0
    pid=$(cat "$tree/run/$1.pid")
    kill "$pid"
    # In a container whose first process waits for nobody, what has ended stays as a zombie, which
    # takes signals but has no command line.
    while [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$pid/cmdline")" ]; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { kill -9 "$pid"; break; }
        sleep 0.1
    done
    rm -f "$tree/run/$1.pid"
}
