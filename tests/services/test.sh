#!/bin/bash
# Everything that `make test` runs, cheapest first; the first failure ends it.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

cd "$repo"
step=start
finish() {
    local status=$?
    for database in sqlite mariadb postgres; do "$services/down.sh" "e2e-$database"; done
    if [ $status = 0 ]; then
        say "PASSED in $SECONDS seconds"
    else
        say "FAILED at: $step"
    fi
}
trap finish EXIT

# Names what follows and runs it.
run() {
    step=$1
    shift
    say "== $step"
    "$@"
}

cargo=$services/cargo.sh
run 'install what is missing' "$services/install.sh"
use_rust
run 'format' "$cargo" fmt --check
run 'lints of the core' "$cargo" clippy --no-default-features --features e2e --all-targets -- -D warnings
run 'unit and contract tests' "$cargo" test --no-default-features
run 'lints with the extension' "$cargo" clippy --all-features --all-targets -- -D warnings
run 'an extension that can be made to panic' "$cargo" build --features fault-injection
run 'tests of the extension and the endpoint' \
    php8.2 "$repo/php/tests/run.php" "$build_dir/debug/libopenxport.so"
run 'release build' "$cargo" build --release
run 'what is installed cannot be made to panic' php8.2 -n \
    -d "extension=$build_dir/release/libopenxport.so" \
    -r 'exit((int) function_exists("OpenXPort\\inject_panic"));'
for database in sqlite mariadb postgres; do
    run "end to end over $database" "$services/e2e.sh" "$database"
done
run 'the hosts and the state over MariaDB' "$services/hosts.sh" e2e-mariadb
run 'fuzzing, a minute a target' "$repo/fuzz/run" 60
