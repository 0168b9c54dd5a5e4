<?php

declare(strict_types=1);

namespace OpenXPort;

use OpenXPort\Http\BasicCredentials;
use OpenXPort\Http\Problem;
use OpenXPort\Http\Request;

/**
 * Authenticates one HTTP request and hands it to the extension. It never reads the body.
 */
final class Endpoint
{
    /** The version of the extension that this code belongs to. */
    public const EXTENSION = '0.1.0';

    /** From then on the extension answers, whatever goes wrong. */
    private bool $isHandedOver = false;

    public function __construct(
        private readonly Webmail $webmail,
        private readonly Request $request,
        private readonly Body $body,
        private readonly Output $output,
    ) {
    }

    public function answer(): void
    {
        try {
            $problem = $this->authenticate();
            if ($problem === null) {
                $this->serve();
            }
        } catch (\Throwable $fault) {
            $problem = $this->report($fault);
        }
        if (!$this->isHandedOver) {
            $problem?->send($this->output);
        }
    }

    /** Null when a user is logged in. */
    private function authenticate(): ?Problem
    {
        if (!in_array($this->request->method, ['GET', 'POST'], true)) {
            return Problem::methodNotAllowed();
        }
        if ($this->request->authorization === null) {
            return $this->session();
        }
        $credentials = BasicCredentials::parse($this->request->authorization);
        return $credentials === null ? Problem::unauthorized() : $this->logIn($credentials);
    }

    /**
     * Any site can make a browser send the session's cookie along. Only the webmail's own
     * pages know the token too, and browsers tell whose page a request comes from.
     */
    private function session(): ?Problem
    {
        if (!$this->webmail->hasSession()) {
            return Problem::unauthorized();
        }
        if (!$this->webmail->hasRequestToken()) {
            return Problem::forbidden('the request token is missing or wrong');
        }
        if (!$this->isSameOrigin()) {
            return Problem::forbidden('the request does not come from the webmail\'s own pages');
        }
        return null;
    }

    private function isSameOrigin(): bool
    {
        $site = $this->request->header('sec-fetch-site');
        $origin = $this->request->header('origin');
        if ($site === null && $origin === null) {
            return false;
        }
        return ($site === null || $site === 'same-origin')
            && ($origin === null || $origin === $this->webmail->origin());
    }

    private function logIn(BasicCredentials $credentials): ?Problem
    {
        $attempt = new LoginAttempt(
            $this->webmail->instance(),
            $this->webmail->loginRules(),
            $this->webmail->loginHost($credentials->name),
            $this->webmail->loginName($credentials->name),
            $credentials->password,
            $this->webmail->clientAddress(),
        );
        $known = $attempt->check();
        return match ($known['outcome']) {
            LoginAttempt::KNOWN => $this->webmail->resume($known['user'])
                ? null
                : Problem::unauthorized(),
            LoginAttempt::REFUSED => Problem::unauthorized(),
            LoginAttempt::THROTTLED => Problem::tooManyRequests($known['retryAfter']),
            LoginAttempt::UNKNOWN => $this->ask($credentials, $attempt),
        };
    }

    /** Others with these credentials wait until the attempt has been told what came of it. */
    private function ask(BasicCredentials $credentials, LoginAttempt $attempt): ?Problem
    {
        $login = Login::undecided();
        try {
            $login = $this->webmail->logIn($credentials->name, $credentials->password);
        } finally {
            match (true) {
                $login->user !== null => $attempt->accepted($login->user),
                $login->isRefused => $attempt->refused(),
                default => $attempt->undecided(),
            };
        }
        return match (true) {
            $login->user !== null => null,
            $login->isRefused => Problem::unauthorized(),
            $login->retryAfterSeconds !== null
                => Problem::tooManyRequests($login->retryAfterSeconds),
            default => Problem::unavailable('passwords cannot be checked now'),
        };
    }

    private function serve(): void
    {
        $server = new Server(
            $this->webmail->kind(),
            $this->webmail->settings(),
            $this->webmail->bridge(),
        );
        $this->isHandedOver = true;
        $server->handle(
            $this->request->method,
            $this->request->query,
            $this->request->headers,
            $this->body,
            $this->output,
        );
    }

    private function report(\Throwable $fault): Problem
    {
        $class = $fault::class;
        $this->webmail->log(
            "{$class} at {$fault->getFile()}:{$fault->getLine()}: {$fault->getMessage()}",
        );
        return match (true) {
            $fault instanceof Unavailable => Problem::unavailable($fault->getMessage()),
            // The extension's state cannot be used; its own lines in the log say why.
            $fault->getCode() === 503 => Problem::unavailable('the service is not ready'),
            default => Problem::failed(),
        };
    }
}
