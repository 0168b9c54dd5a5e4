<?php

/*
 * A webmail, a database and an HTTP exchange that only remember what they were asked.
 */

declare(strict_types=1);

require_once __DIR__ . '/../src/autoload.php';

use OpenXPort\Body;
use OpenXPort\Bridge;
use OpenXPort\Login;
use OpenXPort\Output;
use OpenXPort\Webmail;

final class FakeBody implements Body
{
    public function __construct(private string $rest = '')
    {
    }

    public function read(int $octets): string
    {
        $piece = substr($this->rest, 0, $octets);
        $this->rest = substr($this->rest, $octets);
        return $piece;
    }
}

final class FakeOutput implements Output
{
    public ?int $status = null;

    /** @var array<string, string> */
    public array $headers = [];

    public function begin(int $status, array $headers): void
    {
        $this->status = $status;
        $this->headers = $headers;
    }
}

/** Answers each statement with what a closure returns. */
final class FakeBridge implements Bridge
{
    public function __construct(private readonly ?Closure $rows = null)
    {
    }

    public function rows(string $sql, array $params): array
    {
        return $this->rows === null ? [] : ($this->rows)($sql, $params);
    }

    public function execute(string $sql, array $params): int
    {
        return 0;
    }

    public function begin(): void
    {
    }

    public function commit(): void
    {
    }

    public function rollBack(): void
    {
    }

    public function call(string $ability, array $arguments): ?string
    {
        return null;
    }
}

/** A webmail with one user, alice, whose password is "secret". */
final class FakeWebmail implements Webmail
{
    public int $logins = 0;

    /** @var list<string> */
    public array $log = [];

    public bool $isAway = false;

    /** What settings() throws. */
    public ?Throwable $fault = null;

    /** What logIn() throws. */
    public ?Throwable $loginFault = null;

    public bool $hasSession = false;

    public bool $hasRequestToken = false;

    /** @param array<string, int> $rules */
    public function __construct(
        private readonly string $instance,
        private readonly array $rules = [],
        private readonly ?Bridge $bridge = null,
    ) {
    }

    public function kind(): string
    {
        return 'roundcube';
    }

    public function instance(): string
    {
        return $this->instance;
    }

    public function settings(): array
    {
        return $this->fault === null
            ? settings(['instance' => $this->instance])
            : throw $this->fault;
    }

    public function bridge(): Bridge
    {
        return $this->bridge ?? new FakeBridge();
    }

    public function loginRules(): array
    {
        return $this->rules;
    }

    public function clientAddress(): string
    {
        return '192.0.2.7';
    }

    public function loginName(string $name): string
    {
        return strtolower(trim($name));
    }

    public function loginHost(string $name): string
    {
        return 'mail.example.org';
    }

    public function logIn(string $name, #[\SensitiveParameter] string $password): Login
    {
        $this->logins++;
        return match (true) {
            $this->loginFault !== null => throw $this->loginFault,
            $this->isAway => Login::undecided(),
            $name === 'alice' && $password === 'secret' => Login::accepted('7'),
            $name === 'limited' => Login::limited(60),
            default => Login::refused(),
        };
    }

    public function resume(string $user): bool
    {
        return $user === '7';
    }

    public function hasSession(): bool
    {
        return $this->hasSession;
    }

    public function hasRequestToken(): bool
    {
        return $this->hasRequestToken;
    }

    public function origin(): string
    {
        return 'https://mail.example.org';
    }

    public function log(string $line): void
    {
        $this->log[] = $line;
    }
}

/**
 * Settings that OpenXPort\Server takes.
 *
 * @param array<string, mixed> $more
 * @return array<string, mixed>
 */
function settings(array $more = []): array
{
    $tables = ['contacts', 'contactgroups', 'contactgroupmembers', 'collected_addresses', 'identities'];
    return $more + [
        'instance' => 'test',
        'username' => 'alice',
        'url' => 'https://mail.example.org/?_task=jmap',
        'maxBody' => 0,
        'limits' => [],
        'database' => 'sqlite',
        'host' => [
            'user_id' => '7',
            'user_name' => 'alice',
            'instance' => 'test',
            'tables' => array_combine($tables, $tables),
            'address_books' => [['source' => 'personal', 'name' => 'Personal']],
        ],
    ];
}
