<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

use OpenXPort\Http\BasicCredentials;

function basic(string $credentials): string
{
    return 'Basic ' . base64_encode($credentials);
}

test('credentials are read with their colons, spaces and letters', function (): void {
    $found = BasicCredentials::parse(basic('zoë@example.org:a:b c:ü'));
    same(['zoë@example.org', 'a:b c:ü'], [$found->name, $found->password]);
});

test('the scheme is read in any case', function (): void {
    foreach (['basic ', 'BASIC ', 'bAsIc  '] as $scheme) {
        same('alice', BasicCredentials::parse($scheme . base64_encode('alice:secret'))?->name);
    }
});

test('what is no name and password is no credentials', function (): void {
    $headers = [
        'an empty header' => '',
        'another scheme' => 'Bearer ' . base64_encode('alice:secret'),
        'no base64' => 'Basic al!ce:secret',
        'base64 with padding that is wrong' => 'Basic YWxpY2U6c2VjcmV0=',
        'base64 in two parts' => basic('alice:secret') . ' ' . base64_encode('bob:secret'),
        'two headers that a server joined' => basic('alice:secret') . ', ' . basic('bob:secret'),
        'no colon' => basic('alice'),
        'no name' => basic(':secret'),
        'no password' => basic('alice:'),
        'NUL in the name' => basic("al\0ice:secret"),
        'NUL in the password' => basic("alice:se\0cret"),
        'a line break in the name' => basic("alice\n:secret"),
        'a line break in the password' => basic("alice:sec\nret"),
        'an escape sequence in the name' => basic("alice\e[2J:secret"),
        'a master user' => basic('alice*admin:secret'),
        'Latin-1' => basic("zo\xeb:secret"),
    ];
    foreach ($headers as $what => $header) {
        same([$what, null], [$what, BasicCredentials::parse($header)]);
    }
});
