<?php

declare(strict_types=1);

namespace OpenXPort\Roundcube;

/**
 * The name that Roundcube would log in with, without asking the mail server.
 *
 * It follows rcmail::login() step by step, so that one user has one name however it is spelt,
 * and two users have two. What it cannot follow is what plugins make of a name in their hook
 * "authenticate", such as the query "alias" of virtuser_query: that hook is the login itself,
 * in which others count, write and lock. Nor does Roundcube know which names the mail server
 * takes for one. Each such name has failures of its own.
 */
final class LoginName
{
    public function __construct(private readonly \rcube $roundcube)
    {
    }

    /**
     * @param string $name as the client gives it
     * @param string $server the entry of "imap_host" that was chosen for this name
     */
    public function of(string $name, string $server): string
    {
        $server = (string) \rcube_utils::parse_host($server);
        $host = parse_url($server, PHP_URL_HOST) ?: $server;
        $name = $this->lowered($this->withDomain(trim($name), $host));
        if (self::isAddress($name)) {
            $name = \rcube_user::email2user($name) ?: $name;
        }
        if (!self::isAddress($name)) {
            return $name;
        }
        $name = \rcube_utils::idn_to_ascii($name);
        if (!$this->config('user_aliases')) {
            return $name;
        }
        $user = \rcube_user::query($name, \rcube_utils::idn_to_ascii($host));
        return $user === null ? $name : $user->data['username'];
    }

    /** Adds the domain that "username_domain" has for the name, or puts it in the other's place. */
    private function withDomain(string $name, string $host): string
    {
        $domains = $this->config('username_domain');
        $domain = is_array($domains) ? $domains[$host] ?? '' : $domains;
        $domain = (string) \rcube_utils::parse_host((string) $domain, $host);
        $at = strpos($name, '@');
        if ($domain === '' || ($at !== false && !$this->config('username_domain_forced'))) {
            return $name;
        }
        return ($at === false ? $name : substr($name, 0, $at)) . "@{$domain}";
    }

    /** With "login_lc" 1 Roundcube loses what follows a second "@". */
    private function lowered(string $name): string
    {
        $lowered = $this->config('login_lc', 2);
        if (!$lowered) {
            return $name;
        }
        if ($lowered === true || (int) $lowered === 2) {
            return mb_strtolower($name);
        }
        if (!self::isAddress($name)) {
            return $name;
        }
        [$local, $domain] = explode('@', $name);
        return "{$local}@" . mb_strtolower($domain);
    }

    /** As Roundcube sees it: there is something before the "@". */
    private static function isAddress(string $name): bool
    {
        return (int) strpos($name, '@') > 0;
    }

    private function config(string $name, mixed $default = null): mixed
    {
        return $this->roundcube->config->get($name, $default);
    }
}
