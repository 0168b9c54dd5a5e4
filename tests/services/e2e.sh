#!/bin/bash
# Runs the tests of tests/e2e and tests/e2e_faults against a real Roundcube over the database $1
# (sqlite, mariadb, postgres), started and filled before and left running after. What follows $1 goes to
# the test programs.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
name=e2e-$1 database=$1
shift

# Connections to the event source are held, and each holds a worker.
"$services/up.sh" "$name" "$database" any 8
use_tree "$name"
"$services/seed.sh" "$name" demo@example.org 250 "$repo/tests/data/contacts"
for user in alice bob carol dave erin nina olga paul; do
    rm -f "$tree/run/seeded-$user@example.org"
    "$services/seed.sh" "$name" "$user@example.org" 0
done

# PHP's own errors are in its log or, once Roundcube has its configuration, in Roundcube's.
# Those that Roundcube's own code causes are not ours, and a test asks for the noise plugin's.
logs=("$tree/log/php.log" "$tree/log/errors.log")
rm -f "${logs[@]}"
export OPENXPORT_E2E=$tree
test=("$services/cargo.sh" test --no-default-features --features e2e)
"${test[@]}" --test e2e -- "$@"
# These take away what others need.
"${test[@]}" --test e2e_faults -- --test-threads=1 "$@"
complaints=$(cat "${logs[@]}" 2>/dev/null | grep -E 'PHP (Warning|Notice|Deprecated|Fatal|Parse)' |
    grep -v -e ' in /usr/share/roundcube/' -e '/plugins/noise/' || true)
if [ -n "$complaints" ]; then
    say "$complaints"
    die "PHP wrote the above to its logs, and no test asked for it"
fi
