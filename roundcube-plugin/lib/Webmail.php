<?php

declare(strict_types=1);

namespace OpenXPort\Roundcube;

use OpenXPort\Login;
use OpenXPort\Unavailable;

// At its own URL this file has nothing to build on, and nothing to say.
if (!interface_exists(\OpenXPort\Webmail::class)) {
    return;
}

/**
 * Roundcube, as the endpoint asks for it.
 */
final class Webmail implements \OpenXPort\Webmail
{
    private const TABLES = [
        'contacts', 'contactgroups', 'contactgroupmembers', 'collected_addresses', 'identities',
        'jmap_carried',
    ];

    /** Roundcube's keys of its own address books; others are plugins' and LDAP's. */
    private const BOOKS = [
        '0' => 'personal', '1' => 'collected_recipients', '2' => 'trusted_senders',
    ];

    /** @param string $requestToken the header X-Roundcube-Request */
    public function __construct(
        private readonly \rcmail $roundcube,
        private readonly BaseUrl $baseUrl,
        #[\SensitiveParameter] private readonly string $requestToken,
    ) {
    }

    public function kind(): string
    {
        return 'roundcube';
    }

    public function instance(): string
    {
        $configured = (string) $this->config('jmap_instance', '');
        if ($configured !== '') {
            return $configured;
        }
        return self::derivedInstance(
            (string) $this->config('db_dsnw'),
            (string) $this->config('db_prefix', ''),
            (string) $this->config('des_key'),
        );
    }

    /**
     * What tells one Roundcube from another: its database, whoever logs in to that, and a key
     * that is secret and so only goes into the digest.
     */
    public static function derivedInstance(
        #[\SensitiveParameter] string $dsn,
        string $prefix,
        #[\SensitiveParameter] string $key,
    ): string {
        $database = preg_replace('#//[^/]*@#', '//', $dsn, 1);
        $names = "openxport instance {$database} {$prefix}";
        return 'roundcube-' . substr(hash_hmac('sha256', $names, $key), 0, 32);
    }

    public function settings(): array
    {
        $db = $this->roundcube->get_dbh();
        $name = (string) $this->roundcube->get_user_name();
        return [
            'instance' => $this->instance(),
            'username' => $name,
            'url' => $this->url(),
            'maxBody' => (int) parse_bytes(ini_get('post_max_size')),
            'limits' => (array) $this->config('jmap_limits', []),
            'database' => $this->database(),
            'host' => [
                'user_id' => $this->roundcube->get_user_id(),
                'user_name' => $name,
                'instance' => $this->instance(),
                'tables' => array_combine(
                    self::TABLES,
                    array_map(static fn (string $table): string => $db->table_name($table, true), self::TABLES),
                ),
                'identities_level' => (int) $this->config('identities_level', 0),
                'user_email' => (string) $this->roundcube->get_user_email(),
                'address_books' => $this->addressBooks(),
            ],
        ];
    }

    public function bridge(): \OpenXPort\Bridge
    {
        return new Bridge($this->roundcube, self::TABLES);
    }

    public function loginRules(): array
    {
        return self::rules(
            (int) $this->config('jmap_login_reuse', 300),
            (int) $this->config('jmap_address_failures', 20),
            (int) $this->config('login_rate_limit', 3),
        );
    }

    /**
     * Failures that reach Roundcube stay below the number at which it locks the user out of
     * the web pages too: fewer than "login_rate_limit" in the sixty seconds that it counts.
     *
     * @param int $limit 0 is none
     * @return array<string, int>
     */
    public static function rules(int $reuseSeconds, int $maxFailuresOfAddress, int $limit): array
    {
        $rules = [
            'reuseSeconds' => $reuseSeconds,
            'maxFailuresOfAddress' => $maxFailuresOfAddress,
        ];
        if ($limit > 0) {
            $rules['maxFailuresOfName'] = max(1, min(10, $limit - 1));
            $rules['windowSeconds'] = 61 * $rules['maxFailuresOfName'];
        }
        return $rules;
    }

    public function clientAddress(): string
    {
        return \rcube_utils::remote_addr();
    }

    public function loginHost(string $name): string
    {
        // autoselect_host() reads the login form's fields.
        $_POST = ['_user' => $name];
        return (string) $this->roundcube->autoselect_host();
    }

    public function loginName(string $name): string
    {
        return (new LoginName($this->roundcube))->of($name, $this->loginHost($name));
    }

    public function logIn(string $name, #[\SensitiveParameter] string $password): Login
    {
        if ($this->hasSecondFactor()) {
            $this->log('Basic is refused: it would go round the second factor of another plugin');
            return Login::refused();
        }
        $hooks = $this->roundcube->plugins;
        $login = $hooks->exec_hook('authenticate', [
            'host' => $this->loginHost($name),
            'user' => trim($name),
            'pass' => $password,
            'cookiecheck' => false,
            'valid' => true,
            'error' => null,
        ]);
        $isAllowed = $login['valid'] && empty($login['abort']);
        if ($isAllowed && $this->roundcube->login($login['user'], $login['pass'], $login['host'], false)) {
            $this->roundcube->log_login();
            $hooks->exec_hook('login_after', ['_task' => 'jmap']);
            return Login::accepted(self::userKey($this->roundcube->user));
        }
        $error = is_numeric($login['error']) ? (int) $login['error'] : $this->roundcube->login_error();
        $code = $isAllowed ? $error : \rcmail::ERROR_INVALID_REQUEST;
        $this->roundcube->log_login($login['user'], true, (int) $code);
        $hooks->exec_hook('login_failed', [
            'code' => $code,
            'host' => $login['host'],
            'user' => $login['user'],
        ]);
        return match (true) {
            $code === \rcmail::ERROR_RATE_LIMIT => Login::limited(60),
            $code === \rcmail::ERROR_STORAGE => Login::undecided(),
            (bool) $this->roundcube->get_dbh()->is_error() => Login::undecided(),
            default => Login::refused(),
        };
    }

    public function resume(string $user): bool
    {
        $found = new \rcube_user((int) $user);
        if (!$found->ID && $this->roundcube->get_dbh()->is_error()) {
            throw new Unavailable('the database is away');
        }
        if (!$found->ID || self::userKey($found) !== $user) {
            return false;
        }
        $this->roundcube->set_user($found);
        return true;
    }

    /**
     * The name is part of it, so that a number which has come to mean somebody else, in a
     * restored or another database, names nobody.
     */
    private static function userKey(\rcube_user $user): string
    {
        return "{$user->ID} {$user->get_username()}";
    }

    public function hasSession(): bool
    {
        return !$this->roundcube->session instanceof \rcube_session_jmap
            && (bool) $this->roundcube->get_user_id()
            && $this->roundcube->session->check_auth();
    }

    public function hasRequestToken(): bool
    {
        return hash_equals($this->roundcube->get_request_token(), $this->requestToken);
    }

    public function origin(): string
    {
        return $this->baseUrl->origin(
            (string) $this->config('jmap_base_url', ''),
            array_values((array) $this->config('trusted_host_patterns', [])),
            array_values((array) $this->config('proxy_whitelist', [])),
            \rcube_utils::https_check(),
        );
    }

    public function log(string $line): void
    {
        \rcube::write_log('errors', 'jmap: ' . addcslashes($line, "\0..\37\177"));
    }

    private function url(): string
    {
        $origin = $this->origin();
        $configured = (string) $this->config('jmap_base_url', '');
        if ($configured !== '') {
            return rtrim($configured, '/') . '/?_task=jmap';
        }
        return $origin . $this->roundcube->url(['_task' => 'jmap'], true);
    }

    private function database(): string
    {
        $kind = $this->roundcube->get_dbh()->db_provider;
        if (!in_array($kind, ['sqlite', 'mysql', 'postgres'], true)) {
            throw new Unavailable("JMAP is not available over the database {$kind}");
        }
        return $kind;
    }

    /**
     * Those of Roundcube's own books that this user has, in Roundcube's order and words.
     *
     * @return list<array{source: string, name: string}>
     */
    private function addressBooks(): array
    {
        $books = [];
        foreach ($this->roundcube->get_address_sources(false, true) as $key => $book) {
            if (isset(self::BOOKS[$key])) {
                $books[] = ['source' => self::BOOKS[$key], 'name' => (string) $book['name']];
            }
        }
        return $books;
    }

    /** Whether another plugin asks for more than a password, which Basic cannot carry. */
    private function hasSecondFactor(): bool
    {
        $plugins = (array) $this->config('jmap_second_factor_plugins', [
            'kolab_2fa', 'twofactor_gauthenticator', 'twofactor_webauthn',
        ]);
        return array_intersect($plugins, $this->roundcube->plugins->active_plugins) !== [];
    }

    private function config(string $name, mixed $default = null): mixed
    {
        return $this->roundcube->config->get($name, $default);
    }
}
