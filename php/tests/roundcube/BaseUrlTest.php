<?php

declare(strict_types=1);

require __DIR__ . '/../harness.php';
require __DIR__ . '/../../../roundcube-plugin/lib/BaseUrl.php';

use OpenXPort\Roundcube\BaseUrl;
use OpenXPort\Unavailable;

/**
 * @param array<string, string> $server
 * @param list<string> $trusted
 */
function origin(
    array $server,
    string $configured = '',
    array $trusted = [],
    bool $isHttps = false,
    bool $isProxied = false,
): string {
    $server += ['REMOTE_ADDR' => $isProxied ? '10.0.0.1' : '198.51.100.7'];
    return (new BaseUrl($server))->origin($configured, $trusted, ['10.0.0.1'], $isHttps);
}

test('what is configured is taken whatever the request says', function (): void {
    $server = ['HTTP_HOST' => 'evil.example', 'HTTP_X_FORWARDED_HOST' => 'worse.example'];
    $configured = 'https://Mail.example.org:8443/roundcube/';
    same('https://mail.example.org:8443', origin($server, $configured, isProxied: true));
});

test('a configured URL must be one', function (): void {
    foreach (['mail.example.org', 'ftp://mail.example.org', 'https:///', 'https://a@b/'] as $configured) {
        throws(Unavailable::class, fn () => origin([], $configured));
    }
});

test('an unknown Host is not believed', function (): void {
    $hosts = ['evil.example', 'mail.example.org.evil.example', 'mail.example.org@evil.example', '', "a\r\nb", 'a/b'];
    foreach ($hosts as $host) {
        $server = ['HTTP_HOST' => $host, 'SERVER_ADDR' => '192.0.2.1', 'SERVER_PORT' => '80'];
        throws(Unavailable::class, fn () => origin($server, trusted: ['mail.example.org']));
    }
});

test('a Host that the administrator trusts is believed, and its port is the server\'s', function (): void {
    $server = ['HTTP_HOST' => 'Mail.example.org:1', 'SERVER_PORT' => '8101'];
    foreach (['mail.example.org', '^mail\.example\.(org|net)$'] as $pattern) {
        same('http://mail.example.org:8101', origin($server, trusted: [$pattern]));
    }
    $default = ['HTTP_HOST' => 'mail.example.org', 'SERVER_PORT' => '443'];
    same('https://mail.example.org', origin($default, trusted: ['mail.example.org'], isHttps: true));
});

test('the address that the connection came in at is believed', function (): void {
    $addresses = [
        '192.0.2.1' => 'http://192.0.2.1:8080',
        '127.0.0.1' => 'http://127.0.0.1:8080',
        '2001:db8::1' => 'http://[2001:db8::1]:8080',
    ];
    foreach ($addresses as $address => $wanted) {
        $host = str_contains($address, ':') ? "[{$address}]" : $address;
        $server = ['HTTP_HOST' => $host, 'SERVER_ADDR' => $address, 'SERVER_PORT' => '8080'];
        same($wanted, origin($server));
        throws(Unavailable::class, fn () => origin(['HTTP_HOST' => '198.51.100.1'] + $server));
    }
    $local = ['HTTP_HOST' => 'localhost', 'SERVER_ADDR' => '127.0.0.1', 'SERVER_PORT' => '8080'];
    same('http://localhost:8080', origin($local));
    throws(Unavailable::class, fn () => origin(['SERVER_ADDR' => '192.0.2.1'] + $local));
});

test('a trusted proxy says which host and port the client sees', function (): void {
    $server = [
        'HTTP_HOST' => '10.0.0.2',
        'HTTP_X_FORWARDED_HOST' => 'mail.example.org, inner.example',
        'SERVER_ADDR' => '10.0.0.2',
        'SERVER_PORT' => '80',
    ];
    $trusted = ['mail.example.org'];
    same('https://mail.example.org', origin($server, '', $trusted, true, true));
    $port = ['HTTP_X_FORWARDED_PORT' => '8443'] + $server;
    same('https://mail.example.org:8443', origin($port, '', $trusted, true, true));
    $inName = ['HTTP_X_FORWARDED_HOST' => 'mail.example.org:444'] + $server;
    same('https://mail.example.org:444', origin($inName, '', $trusted, true, true));
});

test('nobody else says so', function (): void {
    $server = [
        'HTTP_HOST' => '192.0.2.1',
        'HTTP_X_FORWARDED_HOST' => 'mail.example.org',
        'HTTP_X_FORWARDED_PORT' => '8443',
        'SERVER_ADDR' => '192.0.2.1',
        'SERVER_PORT' => '80',
    ];
    same('http://192.0.2.1', origin($server, trusted: ['mail.example.org']));
});

test('a proxy that passes on the client\'s Host vouches for nothing', function (): void {
    $server = ['HTTP_HOST' => '10.0.0.2', 'SERVER_ADDR' => '10.0.0.2', 'SERVER_PORT' => '80'];
    throws(Unavailable::class, fn () => origin($server, isProxied: true));
});
