<?php

declare(strict_types=1);

namespace OpenXPort\Http;

/**
 * A user's name and password as HTTP Basic carries them (RFC 7617).
 */
final class BasicCredentials
{
    private function __construct(
        public readonly string $name,
        #[\SensitiveParameter]
        public readonly string $password,
    ) {
    }

    /**
     * Null for every header that holds no name and password that a webmail could know.
     *
     * Such are refused like wrong ones, before any webmail, log or mail server sees them: a
     * NUL or a line break could end a protocol's line early, and "name*other" is how some
     * mail servers let an administrator become somebody else.
     */
    public static function parse(#[\SensitiveParameter] string $authorization): ?self
    {
        if (!preg_match('/^basic +([A-Za-z0-9+\/]+={0,2})\s*$/i', $authorization, $found)) {
            return null;
        }
        $credentials = base64_decode($found[1], true);
        if ($credentials === false || !str_contains($credentials, ':')) {
            return null;
        }
        // A password may hold colons, a name may not (RFC 7617, section 2).
        [$name, $password] = explode(':', $credentials, 2);
        $isText = preg_match('//u', $credentials) === 1;
        $isOneLine = preg_match('/[\x00\r\n]/', $password) === 0;
        $isName = preg_match('/^[^\x00-\x1f\x7f*]+$/D', $name) === 1;
        if (!$isText || !$isOneLine || !$isName || $password === '') {
            return null;
        }
        return new self($name, $password);
    }
}
