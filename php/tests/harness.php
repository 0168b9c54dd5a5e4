<?php

/*
 * What every test file needs: test(), the comparisons, and the endpoint's code.
 */

declare(strict_types=1);

require_once __DIR__ . '/fakes.php';

// A warning that no test asked for fails the test that it comes in.
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});

/** Counts this file's tests, and decides how its process ends. */
final class Tally
{
    public static int $run = 0;
    public static int $failed = 0;
}

register_shutdown_function(static function (): void {
    $failed = Tally::$failed > 0 || Tally::$run === 0 || error_get_last() !== null;
    exit($failed ? 1 : 0);
});

function test(string $name, callable $body): void
{
    Tally::$run++;
    try {
        $body();
        echo "ok      {$name}\n";
    } catch (Throwable $fault) {
        Tally::$failed++;
        $class = $fault::class;
        echo "FAILED  {$name}\n  {$class}: {$fault->getMessage()}\n";
        echo '  ' . str_replace("\n", "\n  ", $fault->getTraceAsString()) . "\n";
    }
}

function same(mixed $wanted, mixed $found, string $where = ''): void
{
    if ($wanted !== $found) {
        throw new LogicException("wanted\n" . var_export($wanted, true)
            . "\nfound\n" . var_export($found, true) . "\n{$where}");
    }
}

function contains(string $part, string $whole): void
{
    if (!str_contains($whole, $part)) {
        throw new LogicException("{$part} is not in\n{$whole}");
    }
}

/** @param class-string<Throwable> $class */
function throws(string $class, callable $body): Throwable
{
    try {
        $body();
    } catch (Throwable $fault) {
        if ($fault instanceof $class) {
            return $fault;
        }
        throw $fault;
    }
    throw new LogicException("no {$class} was thrown");
}

/**
 * What PHP writes while something runs.
 */
function written(callable $body): string
{
    ob_start();
    try {
        $body();
        return (string) ob_get_contents();
    } finally {
        ob_end_clean();
    }
}

/**
 * Runs PHP code in a process of its own, with the extension and the harness.
 *
 * @param array<string, string> $settings of php.ini
 * @return array{status: int, output: string, log: string}
 */
function process(string $code, array $settings = []): array
{
    $prelude = 'require ' . var_export(__DIR__ . '/fakes.php', true) . ';';
    $command = [
        PHP_BINARY, '-n',
        '-d', 'extension=' . getenv('OPENXPORT_LIBRARY'),
        '-d', 'openxport.state_dir=' . ini_get('openxport.state_dir'),
        '-d', 'display_errors=0', '-d', 'log_errors=1',
    ];
    foreach ($settings as $name => $value) {
        array_push($command, '-d', "{$name}=\"{$value}\"");
    }
    array_push($command, '-r', $prelude . $code);
    $process = proc_open($command, [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes);
    $output = stream_get_contents($pipes[1]);
    $log = stream_get_contents($pipes[2]);
    return ['status' => proc_close($process), 'output' => $output, 'log' => $log];
}
