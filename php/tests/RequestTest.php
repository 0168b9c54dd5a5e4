<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

use OpenXPort\Http\Request;
use OpenXPort\Http\RequestBody;

test('a request keeps the headers that count and drops the others', function (): void {
    $request = Request::fromServer([
        'REQUEST_METHOD' => 'POST',
        'CONTENT_TYPE' => 'application/json',
        'CONTENT_LENGTH' => '12',
        'HTTP_RANGE' => 'bytes=0-9',
        'HTTP_LAST_EVENT_ID' => 'AAAA',
        'HTTP_COOKIE' => 'a=b',
        // Servers pass on an empty one where there is none.
        'HTTP_CONTENT_ENCODING' => '',
    ], ['jmap' => 'download']);
    same('POST', $request->method);
    same(['jmap' => 'download'], $request->query);
    same(
        ['content-type' => 'application/json', 'content-length' => '12', 'range' => 'bytes=0-9', 'last-event-id' => 'AAAA'],
        $request->headers,
    );
});

test('a parameter that is an array is there, and names nothing', function (): void {
    $request = Request::fromServer([], ['jmap' => ['x'], 'name' => 'a.bin']);
    same(['jmap' => '', 'name' => 'a.bin'], $request->query);
});

test('the authorization is found wherever a server leaves it', function (): void {
    $basic = 'Basic ' . base64_encode('alice:se:cret');
    $servers = [
        ['HTTP_AUTHORIZATION' => $basic],
        ['REDIRECT_HTTP_AUTHORIZATION' => $basic],
        ['PHP_AUTH_USER' => 'alice', 'PHP_AUTH_PW' => 'se:cret'],
    ];
    foreach ($servers as $server) {
        same($basic, Request::fromServer($server, [])->authorization);
    }
    same(null, Request::fromServer([], [])->authorization);
});

test('an empty authorization is none, as servers that always pass one on mean it', function (): void {
    // As nginx does on "fastcgi_param HTTP_AUTHORIZATION $http_authorization".
    $basic = 'Basic ' . base64_encode('alice:secret');
    same(null, Request::fromServer(['HTTP_AUTHORIZATION' => ''], [])->authorization);
    $server = ['HTTP_AUTHORIZATION' => '', 'REDIRECT_HTTP_AUTHORIZATION' => $basic];
    same($basic, Request::fromServer($server, [])->authorization);
});

test('an authorization of 64 KB is not looked at', function (): void {
    $server = ['HTTP_AUTHORIZATION' => 'Basic ' . str_repeat('A', 65536)];
    same('-', Request::fromServer($server, [])->authorization);
});

function body(string $octets, ?int $length): RequestBody
{
    $stream = fopen('php://memory', 'w+b');
    fwrite($stream, $octets);
    rewind($stream);
    return new RequestBody($stream, $length);
}

test('a body is read in pieces of the size asked for', function (): void {
    $body = body(str_repeat('x', 20000), 20000);
    same([16000, 4000, 0], [
        strlen($body->read(16000)), strlen($body->read(16000)), strlen($body->read(16000)),
    ]);
});

test('a body that ends before its promised length is an error', function (): void {
    $body = body('short', 6);
    same('short', $body->read(100));
    throws(RuntimeException::class, fn () => $body->read(100));
});

test('a body without a promised length ends where it ends', function (): void {
    $body = body('short', null);
    same(['short', ''], [$body->read(100), $body->read(100)]);
});
