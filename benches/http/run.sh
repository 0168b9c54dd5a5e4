#!/bin/bash
# `make bench`: what whole HTTP requests cost the PHP worker that answers them, in one private
# Roundcube a database, each with one worker and nothing else to do.

source "$(dirname "${BASH_SOURCE[0]}")/../../tests/services/environment.sh"

"$services/install.sh"
"$services/cargo.sh" build --release
failed=0
for database in ${DATABASES:-sqlite mariadb}; do
    name=bench-$database
    "$services/up.sh" "$name" "$database" any 1
    use_tree "$name"
    "$services/seed.sh" "$name" large@example.org 10000
    "$services/seed.sh" "$name" huge@example.org 100000
    install -m 0644 "$repo/benches/http/fetch.php" "$tree/roundcube/public_html/fetch.php"
    # A new worker, which never had anything to do.
    stop_service php-fpm
    "$services/up.sh" "$name" "$database" any 1
    php8.2 -d memory_limit=-1 "$repo/benches/http/run.php" "$database" "$tree" "$services/users.tsv" ||
        failed=1
    php8.2 -d memory_limit=-1 "$repo/benches/http/write.php" "$database" "$tree" "$services/users.tsv" ||
        failed=1
    "$services/down.sh" "$name"
done
exit $failed
