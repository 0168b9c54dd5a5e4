<?php

declare(strict_types=1);

namespace OpenXPort\Http;

use OpenXPort\Output;

// At its own URL this file has nothing to build on, and nothing to say.
if (!interface_exists(Output::class)) {
    return;
}

/**
 * The HTTP response that PHP is writing.
 */
final class Response implements Output
{
    /**
     * Sends the status and these headers alone, and drops whatever else has been written:
     * another plugin's stray line would make the JSON unreadable.
     *
     * @param array<string, string> $headers
     */
    public function begin(int $status, array $headers): void
    {
        OutputGuard::end();
        if (headers_sent($file, $line)) {
            throw new \RuntimeException("{$file}:{$line} has written output already");
        }
        Head::set($status, $headers);
    }
}
