<?php

/*
 * Runs every test of this folder, each file in a PHP process of its own:
 *
 *     cargo build --features fault-injection
 *     php php/tests/run.php target/debug/libopenxport.so [part of a file's name]
 */

declare(strict_types=1);

$library = realpath($argv[1] ?? '');
if ($library === false) {
    fwrite(STDERR, "usage: php run.php path/to/libopenxport.so [part of a file's name]\n");
    exit(2);
}
putenv("OPENXPORT_LIBRARY={$library}");
$files = glob(__DIR__ . '/{,*/}*' . ($argv[2] ?? '') . '*Test.php', GLOB_BRACE);
$failed = [];
foreach ($files as $file) {
    $state = sys_get_temp_dir() . '/openxport-' . bin2hex(random_bytes(6));
    mkdir($state, 0700);
    $command = [
        PHP_BINARY, '-n',
        '-d', "extension={$library}",
        '-d', "openxport.state_dir={$state}",
        '-d', "error_log={$state}/log",
    ];
    $process = proc_open([...$command, $file], [], $pipes);
    if (proc_close($process) !== 0) {
        $failed[] = basename($file);
    }
    array_map('unlink', glob("{$state}/*"));
    rmdir($state);
}
if ($files === [] || $failed !== []) {
    echo $files === [] ? "no such test\n" : 'FAILED: ' . implode(', ', $failed) . "\n";
    exit(1);
}
echo count($files) . " files passed\n";
