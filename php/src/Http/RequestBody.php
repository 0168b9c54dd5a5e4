<?php

declare(strict_types=1);

namespace OpenXPort\Http;

use OpenXPort\Body;

// At its own URL this file has nothing to build on, and nothing to say.
if (!interface_exists(Body::class)) {
    return;
}

/**
 * The body of the HTTP request that PHP is answering.
 */
final class RequestBody implements Body
{
    private int $octets = 0;

    /**
     * @param resource $stream such as php://input
     * @param ?int $length what Content-Length promised
     */
    public function __construct(private $stream, private readonly ?int $length)
    {
    }

    /**
     * At most so many octets of what comes next; an empty string at the end.
     *
     * @throws \RuntimeException when the body ends before its promised length
     */
    public function read(int $octets): string
    {
        $piece = stream_get_contents($this->stream, $octets);
        if ($piece === false) {
            throw new \RuntimeException('the body cannot be read');
        }
        $this->octets += strlen($piece);
        if ($piece === '' && $this->length !== null && $this->octets < $this->length) {
            throw new \RuntimeException('the body broke off');
        }
        return $piece;
    }
}
