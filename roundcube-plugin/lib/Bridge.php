<?php

declare(strict_types=1);

namespace OpenXPort\Roundcube;

use OpenXPort\Unavailable;

// At its own URL this file has nothing to build on, and nothing to say.
if (!interface_exists(\OpenXPort\Bridge::class)) {
    return;
}

/**
 * Roundcube's open database connection, and what only Roundcube's own code can do.
 */
final class Bridge implements \OpenXPort\Bridge
{
    /** By which codes each database says that the same statement may do later. */
    private const PASSING = [
        'sqlite' => ['5', '6'],
        'mysql' => ['1040', '1203', '1205', '1213', '2002', '2006', '2013'],
    ];

    /** PostgreSQL's driver has one code for all; its words tell. */
    private const PASSING_WORDS
        = '/deadlock detected|lock timeout|could not serialize|too many|terminating connection|server closed/';

    private const SQLITE_PAGES = 64;

    /** How long to wait for other writers, in seconds: clients wait not much longer for us. */
    private const PATIENCE = 10;

    private readonly \rcube_db $db;
    private bool $isLimited = false;
    private ?Contacts $contacts = null;
    private ?Identities $identities = null;

    /** @param list<string> $tables those that are read; without prefix */
    public function __construct(private readonly \rcmail $roundcube, array $tables)
    {
        $this->db = $roundcube->get_dbh();
        foreach ($tables as $table) {
            // A replica that lags would make what is new look deleted.
            $this->db->set_table_dsn($table, 'w');
        }
        // Roundcube would log a failed statement with the user's data in it.
        $this->db->set_option('ignore_errors', true);
        if ($this->db->db_provider === 'sqlite') {
            // Most requests read every row once. A cache keeps nothing that is read again, and
            // costs more than the reading: each of its pages is new memory.
            $this->run('PRAGMA cache_size = ' . self::SQLITE_PAGES, []);
        }
    }

    /**
     * @param list<string|int> $params
     * @return list<list<string|int|null>>
     */
    public function rows(string $sql, array $params): array
    {
        return $this->run($sql, $params)->fetchAll(\PDO::FETCH_NUM);
    }

    /** @param list<string|int> $params */
    public function execute(string $sql, array $params): int
    {
        $this->limitPatience();
        return $this->run($sql, $params)->rowCount();
    }

    public function begin(): void
    {
        $this->limitPatience();
        if (!$this->db->startTransaction()) {
            throw new Unavailable('no transaction could be begun');
        }
        if ($this->db->db_provider !== 'sqlite') {
            return;
        }
        try {
            // SQLite gives the lock at the first write, and refuses it at once where others have
            // written since the first read. A write of nothing takes it now, and waits for it.
            $contacts = $this->db->table_name('contacts', true);
            $this->run("UPDATE {$contacts} SET del = del WHERE 1 = 0", []);
        } catch (\Throwable $fault) {
            $this->rollBack();
            throw $fault;
        }
    }

    public function commit(): void
    {
        if (!$this->db->endTransaction()) {
            throw new Unavailable('the transaction could not be committed');
        }
    }

    /** PDO itself rolls back what a request leaves open, whatever ends it. */
    public function rollBack(): void
    {
        try {
            $this->db->rollbackTransaction();
        } catch (\PDOException) {
            // MySQL has done so itself, as it does after a deadlock.
        }
    }

    /** @param list<string|int> $arguments */
    public function call(string $ability, array $arguments): ?string
    {
        return match ($ability) {
            // See src/hosts/roundcube/carried.rs.
            'has_table' => $this->hasTable((string) $arguments[0]) ? '1' : null,
            // As it does for a signature below a plain text.
            'html2text' => $this->roundcube->html2text((string) $arguments[0], ['links' => false]),
            // See src/hosts/roundcube/contact_writer.rs, groups.rs and identity_writer.rs.
            'contact_columns' => $this->contacts()->columns((int) $arguments[0], (string) $arguments[1]),
            'contact_hooks' => $this->contacts()->hooks(),
            'contact_inserted' => $this->contacts()->insertId(),
            'contact_may_be_deleted' => $this->contacts()->mayDelete((int) $arguments[0]) ? '1' : null,
            'group_save' => $this->contacts()->saveGroup((int) $arguments[0], ...array_map('strval', array_slice($arguments, 1))),
            'group_delete' => $this->contacts()->deleteGroup((int) $arguments[0]),
            'identity_columns' => $this->identities()->columns((int) $arguments[0], (string) $arguments[1]),
            'identity_inserted' => $this->identities()->insertId(),
            'identity_created' => $this->identities()->created((int) $arguments[0], (string) $arguments[1]),
            'identity_may_be_deleted' => $this->identities()->mayDelete((int) $arguments[0]) ? '1' : null,
            default => throw new \RuntimeException("Roundcube has no ability {$ability}"),
        };
    }

    /** The databases' own defaults are about a minute. */
    private function limitPatience(): void
    {
        if ($this->isLimited) {
            return;
        }
        $this->isLimited = true;
        match ($this->db->db_provider) {
            'sqlite' => $this->run('PRAGMA busy_timeout = ' . self::PATIENCE * 1000, []),
            'mysql' => $this->run('SET SESSION innodb_lock_wait_timeout = ' . self::PATIENCE, []),
            'postgres' => $this->run("SET lock_timeout = '" . self::PATIENCE . "s'", []),
        };
    }

    private function contacts(): Contacts
    {
        return $this->contacts ??= new Contacts($this->roundcube);
    }

    private function identities(): Identities
    {
        return $this->identities ??= new Identities($this->roundcube);
    }

    private function hasTable(string $table): bool
    {
        return in_array($this->db->table_name($table), (array) $this->db->list_tables(), true);
    }

    /**
     * Whether the same statement may do later.
     *
     * @param string $error as Roundcube words it: the driver's code in brackets, its message
     */
    public static function isPassing(string $database, string $error): bool
    {
        $code = preg_match('/^\[(\w+)\]/', $error, $found) ? $found[1] : '';
        return in_array($code, self::PASSING[$database] ?? [], true)
            || ($database === 'postgres' && preg_match(self::PASSING_WORDS, $error) === 1);
    }

    /** @param list<string|int> $params */
    private function run(string $sql, array $params): \PDOStatement
    {
        $result = $this->db->query($sql, $params);
        if ($result instanceof \PDOStatement) {
            return $result;
        }
        $error = $this->db->is_error() ?: 'no connection';
        $isPassing = !$this->db->is_connected() || self::isPassing($this->db->db_provider, $error);
        throw $isPassing ? new Unavailable($error) : new \RuntimeException($error);
    }
}
