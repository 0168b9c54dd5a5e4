#!/bin/bash
# Starts a private Dovecot in the environment $1: IMAP on a loopback port for the users of
# users.tsv. It is what Roundcube checks passwords against.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_tree "$1"

# A password may hold a colon, which separates the fields of a passwd-file, hence base64.
while IFS=$'\t' read -r name password; do
    printf '%s:{PLAIN.b64}%s\n' "$name" "$(printf %s "$password" | base64 -w0)"
done <"$services/users.tsv" >"$tree/etc/dovecot-users"
# One that runs reads its users anew when their file has changed.
is_running dovecot && exit 0

port=$(port_for imap)
cat >"$tree/etc/dovecot.conf" <<CONF
base_dir = $tree/run/dovecot
state_dir = $tree/run/dovecot-state
log_path = $tree/log/dovecot.log
auth_verbose = yes
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
# Many wrong passwords from one address are slowed down; in the tests all come from one.
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
  chroot =
}
default_internal_user = $service_user
default_internal_group = $service_group
default_login_user = $service_user
first_valid_uid = 1
mail_location = maildir:$tree/mail/%u
passdb {
  driver = passwd-file
  args = username_format=%u $tree/etc/dovecot-users
}
userdb {
  driver = static
  args = uid=$(id -u "$service_user") gid=$(id -g "$service_user") home=$tree/mail/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $port
  }
  inet_listener imaps {
    port = 0
  }
}
CONF
mkdir -p "$tree/mail"
own "$tree/mail" "$tree/etc/dovecot.conf" "$tree/etc/dovecot-users"
chmod 0600 "$tree/etc/dovecot-users"
start_service dovecot /usr/sbin/dovecot -c "$tree/etc/dovecot.conf"
# Dovecot keeps its pid in its own folder.
ln -sf dovecot/master.pid "$tree/run/dovecot.pid"
wait_until Dovecot bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
