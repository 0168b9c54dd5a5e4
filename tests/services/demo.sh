#!/bin/bash
# `make demo`: a real Roundcube with our extension and a filled account on a loopback port, one
# request with its answer, and what is needed to go on by hand.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
[ "$HOST" = roundcube ] || die "HOST=$HOST is not supported yet; HOST=roundcube is"
[[ $DEMO_PORT =~ ^[0-9]+$ ]] || die "DEMO_PORT=$DEMO_PORT is no port"
[[ $DEMO_CONTACTS =~ ^[0-9]+$ ]] || die "DEMO_CONTACTS=$DEMO_CONTACTS is no number"

# What would end this after minutes of installing and building ends it at once.
use_tree demo
require_web_port "$DEMO_PORT"

"$services/install.sh" demo
[ -f "$build_dir/release/libopenxport.so" ] || say "== building the extension; this first time takes minutes"
"$services/cargo.sh" build --release
say "== starting Dovecot, php-fpm and nginx, and filling the account"
"$services/up.sh" demo sqlite "$DEMO_PORT"
IFS=$'\t' read -r user password <"$services/users.tsv"
"$services/seed.sh" demo "$user" "$DEMO_CONTACTS" "$repo/tests/data/contacts"

web=http://127.0.0.1:$DEMO_PORT/
session="$web?_task=jmap"
curl=(curl -sS -u "$user:$password" -H 'Content-Type: application/json')

# What of the session object the requests below need (RFC 8620 §2).
read -r api account < <("${curl[@]}" "$session" | php -n -r '
    $session = json_decode(stream_get_contents(STDIN), true, flags: JSON_THROW_ON_ERROR);
    echo $session["apiUrl"], " ", $session["primaryAccounts"]["urn:ietf:params:jmap:contacts"], "\n";')
[ -n "$account" ] || die "the session object names no account for contacts; see $build_dir/demo/log"

# Prints a request body: its capabilities follow those of the core, its method calls last.
request() { printf '{"using":["urn:ietf:params:jmap:core","%s"],"methodCalls":[%s]}' "$1" "$2"; }
contacts=urn:ietf:params:jmap:contacts
newest=$(request $contacts '["ContactCard/query",{"accountId":"'"$account"'","filter":{"text":"zoe"},"limit":1},"q"],["ContactCard/get",{"accountId":"'"$account"'","#ids":{"resultOf":"q","name":"ContactCard/query","path":"/ids"},"properties":["name","emails"]},"g"]')
books=$(request $contacts '["AddressBook/get",{"accountId":"'"$account"'"},"a"]')
cards=$(request $contacts '["ContactCard/get",{"accountId":"'"$account"'"},"c"]')
identities=$(request urn:ietf:params:jmap:submission '["Identity/get",{"accountId":"'"$account"'"},"i"]')

printf '\nA request:\n%s\n\nIts answer:\n' "$newest"
"${curl[@]}" "$api" -d "$newest"
printf '\n\nweb: %s\nsession-url: %s\nuser: %s\npassword: %s\n' "$web" "$session" "$user" "$password"
for body in "$books" "$cards" "$identities"; do
    printf "curl -u '%s:%s' -H 'Content-Type: application/json' '%s' -d '%s'\n" \
        "$user" "$password" "$api" "$body"
done
