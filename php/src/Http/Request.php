<?php

declare(strict_types=1);

namespace OpenXPort\Http;

/**
 * What an endpoint needs to know of an HTTP request besides its body.
 */
final class Request
{
    /** Longer ones are no credentials that anybody has. */
    private const MAX_AUTHORIZATION_OCTETS = 8192;

    /**
     * @param array<string, string> $query decoded parameters
     * @param array<string, string> $headers by lower-case name; at least those that
     *     fromServer() keeps
     */
    public function __construct(
        public readonly string $method,
        public readonly array $query,
        public readonly array $headers,
        public readonly ?string $authorization,
    ) {
    }

    /**
     * @param array<string, mixed> $server as PHP gives it in $_SERVER
     * @param array<array-key, mixed> $query as PHP gives it in $_GET
     */
    public static function fromServer(array $server, array $query): self
    {
        $names = [
            'content-type' => 'CONTENT_TYPE',
            'content-length' => 'CONTENT_LENGTH',
            'content-encoding' => 'HTTP_CONTENT_ENCODING',
            'range' => 'HTTP_RANGE',
            'last-event-id' => 'HTTP_LAST_EVENT_ID',
            'origin' => 'HTTP_ORIGIN',
            'sec-fetch-site' => 'HTTP_SEC_FETCH_SITE',
        ];
        $headers = [];
        foreach ($names as $name => $key) {
            if (is_string($server[$key] ?? null) && $server[$key] !== '') {
                $headers[$name] = $server[$key];
            }
        }
        return new self(
            is_string($server['REQUEST_METHOD'] ?? null) ? $server['REQUEST_METHOD'] : '',
            // An array is no value of ours; but it is not as if nothing were there.
            array_map(static fn (mixed $value): string => is_string($value) ? $value : '', $query),
            $headers,
            self::authorization($server),
        );
    }

    public function header(string $name): ?string
    {
        return $this->headers[$name] ?? null;
    }

    /**
     * The Authorization header, wherever this server's configuration leaves it. An empty one
     * is what some configurations make of none. '-' stands for one that is too long to be
     * looked at.
     *
     * @param array<string, mixed> $server
     */
    private static function authorization(array $server): ?string
    {
        // Under CGI, Apache passes it on only after a rewrite, and then by this name.
        foreach (['HTTP_AUTHORIZATION', 'REDIRECT_HTTP_AUTHORIZATION'] as $key) {
            $value = $server[$key] ?? null;
            if (is_string($value) && $value !== '') {
                return strlen($value) > self::MAX_AUTHORIZATION_OCTETS ? '-' : $value;
            }
        }
        // mod_php takes the header apart and keeps it to itself.
        if (is_string($server['PHP_AUTH_USER'] ?? null)) {
            $credentials = $server['PHP_AUTH_USER'] . ':' . ($server['PHP_AUTH_PW'] ?? '');
            return 'Basic ' . base64_encode($credentials);
        }
        return null;
    }
}
