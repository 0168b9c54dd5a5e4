<?php

declare(strict_types=1);

namespace OpenXPort\Http;

/**
 * Status and headers of the HTTP response that PHP is writing.
 */
final class Head
{
    /**
     * Sets these and no others: no cookie, no redirect and no caching rule of the web pages
     * belongs to our answers.
     *
     * @param array<string, string> $headers
     */
    public static function set(int $status, array $headers): void
    {
        // PHP would add its own charset to the type of a text.
        ini_set('default_charset', '');
        header_remove();
        http_response_code($status);
        foreach ($headers as $name => $value) {
            header("{$name}: {$value}");
        }
    }
}
