<?php

declare(strict_types=1);

namespace OpenXPort;

/**
 * What an endpoint asks of the webmail that it is part of. Each plugin implements it.
 */
interface Webmail
{
    /** The name by which the extension knows this kind of webmail, such as "roundcube". */
    public function kind(): string;

    /**
     * Names this installation, always the same: ids are derived from it, and what is
     * remembered about logins is kept apart by it.
     */
    public function instance(): string;

    /**
     * What the extension is to know about this installation and the user who is logged in.
     *
     * @return array<string, mixed> see OpenXPort\Server in php/stubs/openxport.php
     * @throws Unavailable when an administrator must first configure something; the message
     *     says what, and the user may read it
     */
    public function settings(): array;

    /** The webmail's open database connection. */
    public function bridge(): Bridge;

    /**
     * How long logins are reused and how many failures are let through.
     *
     * @return array<string, int> see OpenXPort\LoginAttempt in php/stubs/openxport.php
     */
    public function loginRules(): array;

    /** The client's IP address, seen through trusted proxies only. */
    public function clientAddress(): string;

    /** The server that would be asked about this name's password. */
    public function loginHost(string $name): string;

    /**
     * The name as the webmail looks it up: the same for every spelling and alias that it takes
     * for one user, as far as it can tell without a login, and for no others.
     */
    public function loginName(string $name): string;

    /**
     * Logs in as a person at the login form does, with the same hooks, limits and logs.
     */
    public function logIn(string $name, #[\SensitiveParameter] string $password): Login;

    /**
     * Sets the user of an earlier login, without a password.
     *
     * @param string $user as Login::accepted() was told
     * @return bool false when there is no such user any more
     * @throws Unavailable when that cannot be told now
     */
    public function resume(string $user): bool;

    /** Whether the request came with a valid session cookie of a user who is logged in. */
    public function hasSession(): bool;

    /** Whether the request carries the token that the session's own pages know. */
    public function hasRequestToken(): bool;

    /**
     * The scheme, host and port of the webmail's own pages, as browsers send it in Origin.
     *
     * @throws Unavailable as settings() does
     */
    public function origin(): string;

    /** Writes a line to the webmail's error log. */
    public function log(string $line): void;
}
