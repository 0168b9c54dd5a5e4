<?php

declare(strict_types=1);

namespace OpenXPort;

/**
 * What a webmail said to a name and a password.
 */
final class Login
{
    private function __construct(
        public readonly ?string $user,
        public readonly bool $isRefused = false,
        public readonly ?int $retryAfterSeconds = null,
    ) {
    }

    /** The user is logged in for this request; the key is what Webmail::resume() takes. */
    public static function accepted(string $user): self
    {
        return new self($user);
    }

    /** No such user, or not this password: which of them is not said. */
    public static function refused(): self
    {
        return new self(null, isRefused: true);
    }

    /** The webmail limits logins itself and did not look at the password. */
    public static function limited(int $retryAfterSeconds): self
    {
        return new self(null, retryAfterSeconds: $retryAfterSeconds);
    }

    /** The server that knows the passwords is away. */
    public static function undecided(): self
    {
        return new self(null);
    }
}
