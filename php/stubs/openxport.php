<?php

/**
 * The classes of the PHP extension openxport, for editors and readers. Never loaded beside the
 * extension; php/tests/StubsTest.php compares it with what the extension really has.
 */

declare(strict_types=1);

namespace OpenXPort;

// A web server that serves this file would log an error for each class.
if (extension_loaded('openxport')) {
    return;
}

/**
 * The webmail's open database connection, which the extension reads through.
 *
 * Each method throws OpenXPort\Unavailable for a fault that will pass, and anything else for
 * one that will not; the client never sees the message.
 */
interface Bridge
{
    /**
     * All rows of a statement that bounds their number itself.
     *
     *     $bridge->rows('SELECT contact_id FROM contacts WHERE user_id = ? LIMIT 500', [7]);
     *     // [['1'], ['2']]
     *
     * @param list<string|int> $params for the ? of the statement, in their order
     * @return list<list<string|int|null>> numbers may be decimal text
     * @throws Unavailable|\RuntimeException
     */
    public function rows(string $sql, array $params): array;

    /**
     * Runs a statement and returns how many rows it changed.
     *
     * @param list<string|int> $params
     * @throws Unavailable|\RuntimeException
     */
    public function execute(string $sql, array $params): int;

    /**
     * Begins a transaction. What a request leaves open is rolled back when it ends.
     *
     * @throws Unavailable|\RuntimeException
     */
    public function begin(): void;

    /**
     * Keeps what has been done in the transaction. After an exception nobody knows whether it
     * is kept.
     *
     * @throws Unavailable|\RuntimeException
     */
    public function commit(): void;

    /**
     * Undoes what has been done in the transaction; nothing where there is none any more,
     * because some databases end it themselves.
     *
     * @throws Unavailable|\RuntimeException
     */
    public function rollBack(): void;

    /**
     * Does what only the webmail's own code can. Which abilities there are, each host's folder
     * in src/hosts says.
     *
     *     $bridge->call('html2text', ['<p>Kind regards</p>']); // 'Kind regards'
     *
     * @param list<string|int> $arguments
     * @throws Unavailable|\RuntimeException also for an ability that it does not have
     */
    public function call(string $ability, array $arguments): ?string;
}

/**
 * The body of an HTTP request.
 */
interface Body
{
    /**
     * At most so many octets of what comes next; an empty string at the end.
     *
     * @throws \RuntimeException when the body cannot be read to its end
     */
    public function read(int $octets): string;
}

/**
 * Where the status and the headers of an HTTP response go.
 */
interface Output
{
    /**
     * Called once for a response, before any of its body. From then on the extension writes
     * the body to PHP's output itself, so no output buffer may be open any more.
     *
     * @param array<string, string> $headers
     * @throws \RuntimeException when the headers cannot be sent; no body is written then
     */
    public function begin(int $status, array $headers): void;
}

/**
 * JMAP for one user whom the webmail has authenticated.
 *
 *     $server = new Server('roundcube', $settings, $bridge);
 *     $server->handle('GET', [], [], $body, $output); // the session object (RFC 8620, section 2)
 */
final class Server
{
    /**
     * @param string $host the kind of webmail
     * @param array{
     *     instance: string,
     *     username: string,
     *     url: string,
     *     maxBody: int,
     *     limits?: array<string, int>,
     *     database: 'sqlite'|'mysql'|'postgres',
     *     host: array<string, mixed>,
     * } $settings instance: this installation's unchanging name; username: as the session object
     *     shows it; url: absolute, answers GET and POST; maxBody: octets that PHP takes of a body,
     *     0 for any; limits: those that differ from the defaults, as RFC 8620, section 2, names
     *     them; host: what src/hosts/<kind>/settings.rs describes
     * @throws \ValueError when the settings are not of this shape
     */
    public function __construct(string $host, array $settings, Bridge $bridge)
    {
    }

    /**
     * Answers one HTTP request. Whatever goes wrong is answered too, with a reference to the
     * log where it is the server's fault.
     *
     * @param array<string, string> $query decoded parameters
     * @param array<string, string> $headers content-type, content-encoding, content-length and
     *     range, by their names in lower case, as far as the request has them
     * @throws \RuntimeException when not even that can be answered
     */
    public function handle(
        string $method,
        array $query,
        array $headers,
        Body $body,
        Output $output,
    ): void {
    }
}

/**
 * One client's credentials and what is known of them. Credentials are kept as a keyed hash.
 *
 *     $attempt = new LoginAttempt($instance, [], $mailHost, $name, $password, $address);
 *     if ($attempt->check()['outcome'] === LoginAttempt::UNKNOWN) {
 *         // ask the webmail, and tell what it said: accepted(), refused() or undecided()
 *     }
 */
final class LoginAttempt
{
    /** They were accepted a short while ago. */
    public const KNOWN = 'known';

    /** They were refused a short while ago, and would be again. */
    public const REFUSED = 'refused';

    /** There were too many failures: nobody is to be asked. */
    public const THROTTLED = 'throttled';

    /** The webmail is to be asked; until it is told, equal credentials wait. */
    public const UNKNOWN = 'unknown';

    /**
     * @param string $instance this installation's unchanging name
     * @param array{
     *     reuseSeconds?: int,
     *     refusalSeconds?: int,
     *     windowSeconds?: int,
     *     maxFailuresOfName?: int,
     *     maxFailuresOfAddress?: int,
     * } $rules those that differ from the defaults; a maximum of 0 is none
     * @param string $host the server that the webmail would log in to
     * @param string $address the client's IP address
     * @throws \ValueError when the rules are not of this shape
     */
    public function __construct(
        string $instance,
        array $rules,
        string $host,
        string $name,
        string $password,
        string $address,
    ) {
    }

    /**
     * @return array{outcome: string, user?: string, retryAfter?: int} outcome: one of the
     *     constants; user: what accepted() was told, for KNOWN; retryAfter: seconds, for
     *     THROTTLED
     * @throws \RuntimeException with code 503 when the state cannot be used
     */
    public function check(): array
    {
    }

    /**
     * The webmail accepted the credentials as those of its user.
     *
     * @param string $user the webmail's key of the user
     * @throws \RuntimeException as check() does
     */
    public function accepted(string $user): void
    {
    }

    /**
     * The webmail refused the credentials.
     *
     * @throws \RuntimeException as check() does
     */
    public function refused(): void
    {
    }

    /**
     * The webmail could not say, because what it asks is away or limits logins itself.
     *
     * @throws \RuntimeException as check() does
     */
    public function undecided(): void
    {
    }
}
