<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

use OpenXPort\Server;
use OpenXPort\Unavailable;

const JSON = ['content-type' => 'application/json'];

/**
 * Sends one request to the extension and gives back status and body.
 *
 * @return array{?int, string}
 */
function handle(?FakeBridge $bridge, string $method = 'GET', string $request = ''): array
{
    $server = new Server('roundcube', settings(), $bridge ?? new FakeBridge());
    $output = new FakeOutput();
    $body = written(function () use ($server, $method, $request, $output): void {
        $server->handle($method, [], JSON, new FakeBody($request), $output);
    });
    return [$output->status, $body];
}

/** The request for all identities, which the bridge is asked for. */
function identities(): string
{
    return json_encode([
        'using' => ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:submission'],
        'methodCalls' => [['Identity/get', ['accountId' => 'aNw', 'ids' => null], 'i']],
    ]);
}

test('the session object comes with its headers', function (): void {
    $output = new FakeOutput();
    $server = new Server('roundcube', settings(), new FakeBridge());
    $body = written(fn () => $server->handle('GET', [], [], new FakeBody(), $output));
    same([200, 'application/json'], [$output->status, $output->headers['Content-Type']]);
    same('https://mail.example.org/?_task=jmap', json_decode($body, true)['apiUrl']);
});

test('octets that are no UTF-8 reach the server and are refused', function (): void {
    [$status, $body] = handle(null, 'POST', "{\"using\": [\"\xff\"]}");
    same([400, 'urn:ietf:params:jmap:error:notJSON'], [$status, json_decode($body, true)['type']]);
});

test('a body is streamed in pieces and not collected', function (): void {
    $value = str_repeat('x', 3_000_000);
    $request = json_encode([
        'using' => ['urn:ietf:params:jmap:core'],
        'methodCalls' => [['Core/echo', ['value' => $value], 'e']],
    ]);
    $pieces = [];
    $collect = static function (string $piece) use (&$pieces): string {
        if ($piece !== '') {
            $pieces[] = strlen($piece);
        }
        return $piece;
    };
    $server = new Server('roundcube', settings(), new FakeBridge());
    ob_start();
    ob_start($collect, 1);
    $server->handle('POST', [], JSON, new FakeBody($request), new FakeOutput());
    ob_end_flush();
    $body = ob_get_clean();
    same($value, json_decode($body, true)['methodResponses'][0][1]['value']);
    same(true, max($pieces) <= 65536);
});

test('rows become records, whatever their strings hold', function (): void {
    $rows = static function (string $sql, array $params): array {
        same(true, array_is_list($params));
        return str_contains($sql, 'identities')
            ? [['3', "M\xfcller", 'a@example.org', null, null, "-- \nA", 0]]
            : [];
    };
    [$status, $body] = handle(new FakeBridge($rows), 'POST', identities());
    $list = json_decode($body, true)['methodResponses'][0][1]['list'] ?? $body;
    same([200, 'i3', "M\u{fffd}ller"], [$status, $list[0]['id'], $list[0]['name']]);
});

test('a fault that will pass is serverUnavailable and any other is serverFail', function (): void {
    $faults = [
        'serverUnavailable' => new Unavailable('[5] database is locked'),
        'serverFail' => new RuntimeException('[1] no such table: identities'),
    ];
    foreach ($faults as $type => $fault) {
        [$status, $body] = handle(new FakeBridge(static fn () => throw $fault), 'POST', identities());
        [$name, $error] = json_decode($body, true)['methodResponses'][0];
        same([200, 'error', $type], [$status, $name, $error['type']]);
        same(false, str_contains($body, $fault->getMessage()));
    }
});

test('rows that are no rows are serverFail', function (): void {
    foreach ([[[1.5]], ['row'], [[['nested']]], [[new stdClass()]], [['key' => 'value']]] as $rows) {
        [, $body] = handle(new FakeBridge(static fn () => $rows), 'POST', identities());
        same('serverFail', json_decode($body, true)['methodResponses'][0][1]['type']);
    }
});

test('a body that cannot be read is the client\'s fault', function (): void {
    $body = new class implements OpenXPort\Body {
        public function read(int $octets): string
        {
            throw new RuntimeException('the body broke off');
        }
    };
    $output = new FakeOutput();
    $server = new Server('roundcube', settings(), new FakeBridge());
    written(fn () => $server->handle('POST', [], JSON, $body, $output));
    same(400, $output->status);
});

test('settings of another shape are a ValueError that names the fault', function (): void {
    $wrong = [
        'maxSizeReqest' => settings(['limits' => ['maxSizeReqest' => 1]]),
        'instance' => ['instance' => 1] + settings(),
        'float' => settings(['limits' => ['maxSizeRequest' => 1.5]]),
    ];
    foreach ($wrong as $settings) {
        $fault = throws(ValueError::class, fn () => new Server('roundcube', $settings, new FakeBridge()));
        contains('wrong settings: ', $fault->getMessage());
    }
    $deep = [];
    for ($depth = 0; $depth < 100_000; $depth++) {
        $deep = [$deep];
    }
    throws(ValueError::class, fn () => new Server('roundcube', $deep, new FakeBridge()));
});

test('a webmail that the extension does not know is a 500', function (): void {
    $output = new FakeOutput();
    $server = new Server('pine', settings(), new FakeBridge());
    written(fn () => $server->handle('GET', [], [], new FakeBody(), $output));
    same(500, $output->status);
});

test('arguments are checked against the interfaces', function (): void {
    throws(TypeError::class, fn () => new Server('roundcube', settings(), new FakeBody()));
});
