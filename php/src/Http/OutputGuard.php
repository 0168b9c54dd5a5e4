<?php

declare(strict_types=1);

namespace OpenXPort\Http;

/**
 * Keeps back whatever the webmail and its other plugins write while a request is ours.
 *
 * Response begins by throwing it away. Where the script ends before that, because of a fatal
 * error, an error page or an exit(), the client gets a problem in place of what was written.
 *
 * When memory runs out, PHP itself throws away what was written, and this guard with it. Then
 * only status and headers are still the guard's to say.
 */
final class OutputGuard
{
    private static bool $isOver = false;
    private bool $hasSetHead = false;

    /** @param \Closure(): Problem $ending says what to tell a client that nobody has answered */
    private function __construct(private readonly \Closure $ending)
    {
    }

    /** @param \Closure(): Problem $ending as for the constructor */
    public static function start(\Closure $ending): void
    {
        self::throwAway();
        $guard = new self($ending);
        header_register_callback($guard->setHead(...));
        ob_start($guard->pass(...));
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
        if (!$isEnd || self::isRedirect()) {
            return '';
        }
        $this->setHead();
        return ($this->ending)()->body();
    }

    /** Sets the problem's status and headers; PHP calls it, too, just before it sends them. */
    private function setHead(): void
    {
        if (self::$isOver || $this->hasSetHead || self::isRedirect()) {
            return;
        }
        $this->hasSetHead = true;
        $problem = ($this->ending)();
        Head::set($problem->status, $problem->headers());
    }

    /** A redirect, such as the one to https, says all by its header. */
    private static function isRedirect(): bool
    {
        $status = (int) http_response_code();
        return $status >= 300 && $status < 400;
    }
}
