<?php

declare(strict_types=1);

namespace OpenXPort\Http;

/**
 * Keeps back whatever the webmail and its other plugins write while a request is ours.
 *
 * Response begins by throwing it away. Where the script ends before that, because of a fatal
 * error, an error page or an exit(), the client gets a problem in place of what was written.
 */
final class OutputGuard
{
    private static bool $isOver = false;

    /** @param \Closure(): Problem $ending says what to tell a client that nobody has answered */
    private function __construct(private readonly \Closure $ending)
    {
    }

    /** @param \Closure(): Problem $ending as for the constructor */
    public static function start(\Closure $ending): void
    {
        self::throwAway();
        ob_start((new self($ending))->pass(...));
    }

    /** Throws away what was written so far; what comes now is the answer. */
    public static function end(): void
    {
        self::$isOver = true;
        self::throwAway();
    }

    private static function throwAway(): void
    {
        // PHP lets a plugin make a buffer that nobody can end.
        while (ob_get_level() > 0 && ob_end_clean()) {
        }
    }

    /** What goes to the client of what was written so far; PHP calls it. */
    private function pass(string $written, int $phase): string
    {
        if (self::$isOver) {
            return $written;
        }
        $isEnd = ($phase & PHP_OUTPUT_HANDLER_FINAL) !== 0;
        $status = (int) http_response_code();
        // A redirect, such as the one to https, says all by its header.
        $isRedirect = $status >= 300 && $status < 400;
        if (!$isEnd || $isRedirect) {
            return '';
        }
        $problem = ($this->ending)();
        Head::set($problem->status, $problem->headers());
        return $problem->body();
    }
}
