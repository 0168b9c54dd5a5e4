<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

use OpenXPort\LoginAttempt;
use OpenXPort\Server;

use function OpenXPort\inject_panic;

const ASK = <<<'PHP'
    $request = json_encode([
        'using' => ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:submission'],
        'methodCalls' => [['Identity/get', ['accountId' => 'aNw', 'ids' => null], 'i']],
    ]);
    $ask = static function (?Closure $rows = null) use ($request): void {
        $output = new FakeOutput();
        $server = new OpenXPort\Server('roundcube', settings(), new FakeBridge($rows));
        $server->handle('POST', [], ['content-type' => 'application/json'], new FakeBody($request), $output);
        echo "\n{$output->status}\n";
    };
    PHP;

/** @return array{?int, string} */
function session(): array
{
    $output = new FakeOutput();
    $server = new Server('roundcube', settings(), new FakeBridge());
    $body = written(fn () => $server->handle('GET', [], [], new FakeBody(), $output));
    return [$output->status, $body];
}

test('a panic while a request is answered is a 500 with a reference, and the next is answered', function (): void {
    inject_panic('Server::answer');
    [$status, $body] = session();
    same(500, $status);
    same(1, preg_match('/its log has more under [0-9a-f]{12}/', $body));
    same(false, str_contains($body, 'injected'));
    same(200, session()[0]);
});

test('a panic at any other entry is an exception, and the next call does its work', function (): void {
    $entries = [
        'Server::__construct' => fn () => new Server('roundcube', settings(), new FakeBridge()),
        'Server::handle' => session(...),
        'LoginAttempt::__construct' => attempt(...),
        'LoginAttempt::check' => fn () => attempt()->check(),
        'LoginAttempt::accepted' => fn () => attempt()->accepted('7'),
        'LoginAttempt::refused' => fn () => attempt()->refused(),
        'LoginAttempt::undecided' => fn () => attempt()->undecided(),
    ];
    foreach ($entries as $place => $call) {
        inject_panic($place);
        $fault = throws(RuntimeException::class, $call);
        contains('the server failed; its log has more under ', $fault->getMessage());
        $call();
    }
});

function attempt(): LoginAttempt
{
    return new LoginAttempt('test', [], 'mail.example.org', 'alice', 'secret', '192.0.2.1');
}

test('the log says where a panic was, and nothing of its message', function (): void {
    $ran = process(ASK . 'OpenXPort\inject_panic("rows"); $ask(); $ask();');
    same(0, $ran['status']);
    contains("\n500\n", $ran['output']);
    contains("\n200\n", $ran['output']);
    contains('openxport: error: panicked at src/php/fault.rs:', $ran['log']);
    same(1, preg_match('/\[[0-9a-f]{12}\] Server::answer was ended by a panic/', $ran['log']));
    same(false, str_contains($ran['log'], 'injected'));
});

test('a fatal error in the webmail ends the script and not the worker', function (): void {
    $ran = process(ASK . <<<'PHP'
        register_shutdown_function(static function () use ($ask): void {
            echo "still alive\n";
            $ask();
        });
        $ask(static function (): array {
            trigger_error('the end', E_USER_ERROR);
        });
        echo 'not reached';
        PHP);
    same(255, $ran['status']);
    contains('the end', $ran['log']);
    contains("still alive\n", $ran['output']);
    contains("\n200\n", $ran['output']);
    same(false, str_contains($ran['output'], 'not reached'));
});

test('running out of PHP\'s memory in the webmail ends the script and not the worker', function (): void {
    $ran = process(ASK . <<<'PHP'
        ini_set('memory_limit', '16M');
        register_shutdown_function(static fn () => print("still alive\n"));
        $ask(static fn (): array => [[str_repeat('x', 64_000_000)]]);
        echo 'not reached';
        PHP);
    same(255, $ran['status']);
    contains("still alive\n", $ran['output']);
    same(false, str_contains($ran['output'], 'not reached'));
});

test('exit() in the webmail is obeyed', function (): void {
    $ran = process(ASK . <<<'PHP'
        register_shutdown_function(static fn () => print("still alive\n"));
        $ask(static fn (): array => exit(7));
        echo 'not reached';
        PHP);
    same(7, $ran['status']);
    contains("still alive\n", $ran['output']);
    same(false, str_contains($ran['output'], 'not reached'));
});

test('fifty thousand requests leave the worker no larger', function (): void {
    $ran = process(<<<'PHP'
        $resident = static function (): int {
            preg_match('/VmRSS:\s+(\d+) kB/', file_get_contents('/proc/self/status'), $found);
            return (int) $found[1];
        };
        ob_start(static fn (): string => '', 1);
        $request = json_encode([
            'using' => ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:submission'],
            'methodCalls' => [['Identity/get', ['accountId' => 'aNw', 'ids' => ['i3']], 'i']],
        ]);
        $rows = static fn (): array => [['3', 'Alice', 'a@example.org', null, null, 'A', 0]];
        $serve = static function (int $requests) use ($request, $rows): void {
            for ($number = 0; $number < $requests; $number++) {
                if ($number % 1000 === 0) {
                    OpenXPort\inject_panic('rows');
                }
                $server = new OpenXPort\Server('roundcube', settings(), new FakeBridge($rows));
                if ($number % 10 !== 0) {
                    $server->handle('GET', [], [], new FakeBody(), new FakeOutput());
                    continue;
                }
                $body = new FakeBody($request);
                $server->handle('POST', [], ['content-type' => 'application/json'], $body, new FakeOutput());
                $attempt = new OpenXPort\LoginAttempt('i', [], 'h', 'alice', 'secret', '192.0.2.1');
                $attempt->check()['outcome'] === 'known' || $attempt->accepted('7');
            }
        };
        $serve(5_000);
        $before = $resident();
        $serve(45_000);
        $grown = $resident() - $before;
        ob_end_clean();
        echo "grown by {$grown} kB";
        PHP);
    same(1, preg_match('/grown by (-?\d+) kB/', $ran['output'], $found), $ran['output'] . $ran['log']);
    same(true, (int) $found[1] < 1024, $found[0]);
});
