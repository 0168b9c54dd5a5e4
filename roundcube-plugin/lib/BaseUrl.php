<?php

declare(strict_types=1);

namespace OpenXPort\Roundcube;

use OpenXPort\Unavailable;

/**
 * Where this Roundcube can be reached, for the URLs in the session object.
 *
 * A client sends its password to these URLs, so they must not say what just any client has
 * written into its Host header. What the administrator has configured is taken as it is; a
 * host name from the request only when the administrator has named it, or when it is the
 * address that the connection came in at.
 */
final class BaseUrl
{
    /** @param array<string, mixed> $server as PHP gives it in $_SERVER */
    public function __construct(private readonly array $server)
    {
    }

    /**
     * Scheme, host and port, such as "https://mail.example.org:8443".
     *
     * @param string $configured "jmap_base_url", or an empty string
     * @param list<string> $trustedHosts Roundcube's "trusted_host_patterns"
     * @param list<string> $trustedProxies addresses, Roundcube's "proxy_whitelist"
     * @param bool $isHttps whether the client's own connection is encrypted
     * @throws Unavailable when neither the configuration nor the request says it reliably
     */
    public function origin(
        string $configured,
        array $trustedHosts,
        array $trustedProxies,
        bool $isHttps,
    ): string {
        if ($configured !== '') {
            return self::originOf($configured);
        }
        $isProxied = in_array($this->text('REMOTE_ADDR'), $trustedProxies, true);
        $scheme = $isHttps ? 'https' : 'http';
        $forwarded = $isProxied ? $this->text('HTTP_X_FORWARDED_HOST') : '';
        $named = $forwarded === '' ? $this->text('HTTP_HOST') : trim(explode(',', $forwarded)[0]);
        if (!preg_match('/^(?<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?<port>\d{1,5}))?$/i', $named, $found)) {
            throw self::unknown();
        }
        $host = strtolower($found['host']);
        if (!self::isTrusted($host, $trustedHosts) && !($this->isOwnAddress($host) && !$isProxied)) {
            throw self::unknown();
        }
        $port = $isProxied
            ? $this->forwardedPort($found['port'] ?? '')
            : $this->text('SERVER_PORT');
        $default = $isHttps ? '443' : '80';
        return "{$scheme}://{$host}" . ($port === '' || $port === $default ? '' : ":{$port}");
    }

    private static function originOf(string $url): string
    {
        if (!preg_match('#^(https?://[^/?\#@\s]+)(/[^?\#\s]*)?$#iD', $url, $found)) {
            throw new Unavailable('the administrator must correct jmap_base_url');
        }
        return strtolower($found[1]);
    }

    private static function unknown(): Unavailable
    {
        return new Unavailable('the administrator must set jmap_base_url: '
            . 'the name in this request is not known to be this server\'s own');
    }

    /**
     * The patterns mean what they mean in Roundcube: a name, or a regular expression.
     *
     * @param list<string> $patterns
     */
    private static function isTrusted(string $host, array $patterns): bool
    {
        foreach ($patterns as $pattern) {
            $isName = preg_match('/^[a-zA-Z0-9.:-]+$/D', $pattern) === 1;
            $isMatch = $isName
                ? strtolower($pattern) === $host
                : preg_match('/' . $pattern . '/', $host) === 1;
            if ($isMatch) {
                return true;
            }
        }
        return false;
    }

    /** Nobody but the server itself can make a connection come in at another address. */
    private function isOwnAddress(string $host): bool
    {
        $address = $this->text('SERVER_ADDR');
        $isLoopback = $host === 'localhost' && in_array($address, ['127.0.0.1', '::1'], true);
        return $address !== '' && (trim($host, '[]') === $address || $isLoopback);
    }

    /** The port of the proxy; an empty string where it is the scheme's own. */
    private function forwardedPort(string $inName): string
    {
        $forwarded = $this->text('HTTP_X_FORWARDED_PORT');
        return preg_match('/^\d{1,5}$/D', $forwarded) ? $forwarded : $inName;
    }

    private function text(string $key): string
    {
        $value = $this->server[$key] ?? '';
        return is_string($value) ? $value : '';
    }
}
