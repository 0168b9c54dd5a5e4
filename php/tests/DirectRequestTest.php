<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

/** @return list<string> every PHP file of a folder that is part of the repository */
function files(string $folder): array
{
    $root = dirname(__DIR__, 2);
    $found = iterator_to_array(new RecursiveIteratorIterator(
        new RecursiveDirectoryIterator("{$root}/{$folder}", FilesystemIterator::SKIP_DOTS),
    ));
    return array_values(preg_grep('/\.php$/', array_map('strval', $found)));
}

test('a file of classes that is asked for by its own URL ends without a word', function (): void {
    $extension = ['-d', 'extension=' . getenv('OPENXPORT_LIBRARY')];
    foreach ([...files('php/src'), ...files('php/stubs'), ...files('roundcube-plugin/lib')] as $file) {
        foreach ([$extension, []] as $options) {
            $command = [PHP_BINARY, '-n', ...$options, '-d', 'log_errors=1', $file];
            $process = proc_open($command, [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes);
            $said = stream_get_contents($pipes[1]) . stream_get_contents($pipes[2]);
            same([$file, '', 0], [$file, $said, proc_close($process)], implode(' ', $options));
        }
    }
});
