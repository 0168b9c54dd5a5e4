<?php

declare(strict_types=1);

namespace OpenXPort\Http;

use OpenXPort\Output;

/**
 * An answer of the endpoint's own, as a problem details object (RFC 7807).
 */
final class Problem
{
    /**
     * @param array<string, string> $headers besides those that every problem has
     */
    private function __construct(
        public readonly int $status,
        public readonly string $title,
        public readonly string $detail,
        private readonly array $headers = [],
    ) {
    }

    /** The same for a missing, an unknown and a wrong credential. */
    public static function unauthorized(): self
    {
        return new self(401, 'Unauthorized', 'log in with HTTP Basic', [
            'WWW-Authenticate' => 'Basic realm="JMAP", charset="UTF-8"',
        ]);
    }

    public static function forbidden(string $detail): self
    {
        return new self(403, 'Forbidden', $detail);
    }

    public static function methodNotAllowed(): self
    {
        return new self(405, 'Method Not Allowed', 'this address answers GET and POST', [
            'Allow' => 'GET, POST',
        ]);
    }

    public static function tooManyRequests(int $retryAfterSeconds): self
    {
        return new self(429, 'Too Many Requests', 'too many failed logins', [
            'Retry-After' => (string) max(1, $retryAfterSeconds),
        ]);
    }

    public static function failed(): self
    {
        return new self(500, 'Internal Server Error', 'the server failed; its log has more');
    }

    public static function unavailable(string $detail): self
    {
        return new self(503, 'Service Unavailable', $detail, ['Retry-After' => '60']);
    }

    public function send(Output $output): void
    {
        $output->begin($this->status, $this->headers());
        echo $this->body();
    }

    /** @return array<string, string> */
    public function headers(): array
    {
        return [
            'Content-Type' => 'application/problem+json',
            'Cache-Control' => 'no-cache, no-store, must-revalidate',
            'X-Content-Type-Options' => 'nosniff',
        ] + $this->headers;
    }

    public function body(): string
    {
        return json_encode([
            'type' => 'about:blank',
            'status' => $this->status,
            'title' => $this->title,
            'detail' => $this->detail,
        ], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    }
}
