<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

use OpenXPort\Endpoint;
use OpenXPort\Http\Request;

/**
 * Sends one request to the endpoint and gives back status, headers and decoded body.
 *
 * @param array<string, string> $headers
 * @return array{int, array<string, string>, mixed}
 */
function ask(
    FakeWebmail $webmail,
    ?string $authorization,
    array $headers = [],
    string $method = 'GET',
): array {
    $output = new FakeOutput();
    $request = new Request($method, [], $headers, $authorization);
    $body = written((new Endpoint($webmail, $request, new FakeBody(), $output))->answer(...));
    return [$output->status, $output->headers, json_decode($body, true, 64, JSON_THROW_ON_ERROR)];
}

function basic(string $credentials): string
{
    return 'Basic ' . base64_encode($credentials);
}

/** A webmail whose logins are remembered apart from those of other tests. */
function webmail(array $rules = []): FakeWebmail
{
    return new FakeWebmail(bin2hex(random_bytes(8)), $rules);
}

const BODY = [
    'type' => 'about:blank',
    'status' => 401,
    'title' => 'Unauthorized',
    'detail' => 'log in with HTTP Basic',
];

test('a request without credentials is challenged', function (): void {
    same([401, [
        'Content-Type' => 'application/problem+json',
        'Cache-Control' => 'no-cache, no-store, must-revalidate',
        'X-Content-Type-Options' => 'nosniff',
        'WWW-Authenticate' => 'Basic realm="JMAP", charset="UTF-8"',
    ], BODY], ask(webmail(), null));
});

test('missing, broken, unknown and wrong credentials get the same answer', function (): void {
    $webmail = webmail();
    $answer = ask($webmail, null);
    foreach (['', 'Bearer x', basic('alice:wrong'), basic('nobody:secret')] as $authorization) {
        same($answer, ask($webmail, $authorization));
    }
});

test('the session object is for whom the webmail logs in', function (): void {
    [$status, , $session] = ask(webmail(), basic('alice:secret'));
    same([200, 'alice'], [$status, $session['username']]);
});

test('a hundred requests cost one login', function (): void {
    $webmail = webmail();
    for ($request = 0; $request < 100; $request++) {
        same(200, ask($webmail, basic('alice:secret'))[0]);
    }
    same(1, $webmail->logins);
});

test('a wrong password repeated is not asked about again', function (): void {
    $webmail = webmail();
    for ($request = 0; $request < 100; $request++) {
        same(401, ask($webmail, basic('alice:stale'))[0]);
    }
    same(1, $webmail->logins);
    same(200, ask($webmail, basic('alice:secret'))[0]);
});

test('guesses are stopped before the webmail counts too many', function (): void {
    foreach (['alice', 'nobody'] as $name) {
        $webmail = webmail(['maxFailuresOfName' => 2, 'windowSeconds' => 122]);
        $statuses = [];
        for ($guess = 0; $guess < 5; $guess++) {
            [$statuses[], $headers] = ask($webmail, basic("{$name}:guess {$guess}"));
        }
        same([401, 401, 429, 429, 429], $statuses);
        same(2, $webmail->logins);
        same(true, (int) $headers['Retry-After'] > 0);
    }
});

test('guesses for a name count together however it is spelt', function (): void {
    $webmail = webmail(['maxFailuresOfName' => 2, 'windowSeconds' => 122]);
    $statuses = [];
    foreach (['alice', 'Alice', 'ALICE', ' alice', 'alice '] as $number => $name) {
        [$statuses[]] = ask($webmail, basic("{$name}:guess {$number}"));
    }
    same([401, 401, 429, 429, 429], $statuses);
    same(2, $webmail->logins);
});

test('guesses from one address are stopped whatever the names', function (): void {
    $webmail = webmail(['maxFailuresOfAddress' => 3]);
    $statuses = [];
    for ($guess = 0; $guess < 5; $guess++) {
        [$statuses[]] = ask($webmail, basic("name {$guess}:secret"));
    }
    same([401, 401, 401, 429, 429], $statuses);
    same(3, $webmail->logins);
});

test('a mail server that is away is no wrong password', function (): void {
    $webmail = webmail();
    $webmail->isAway = true;
    [$status, $headers, $problem] = ask($webmail, basic('alice:secret'));
    same([503, '60', 503], [$status, $headers['Retry-After'], $problem['status']]);
    $webmail->isAway = false;
    same(200, ask($webmail, basic('alice:secret'))[0]);
    $webmail->isAway = true;
    same(200, ask($webmail, basic('alice:secret'))[0]);
});

test('the webmail\'s own limit on logins is passed on', function (): void {
    [$status, $headers] = ask(webmail(), basic('limited:secret'));
    same([429, '60'], [$status, $headers['Retry-After']]);
});

test('a remembered login of a user who is gone is refused', function (): void {
    $webmail = webmail();
    $attempt = new OpenXPort\LoginAttempt(
        $webmail->instance(), [], $webmail->loginHost('bob'), 'bob', 'secret', '192.0.2.7',
    );
    $attempt->check();
    $attempt->accepted('99');
    same(401, ask($webmail, basic('bob:secret'))[0]);
    same(0, $webmail->logins);
});

test('only GET and POST are answered, and others cost no login', function (): void {
    $webmail = webmail();
    foreach (['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'HEAD', 'post', ''] as $method) {
        [$status, $headers] = ask($webmail, basic('alice:secret'), [], $method);
        same([$method, 405, 'GET, POST'], [$method, $status, $headers['Allow']]);
        same([], array_filter(array_keys($headers), fn ($name) => str_starts_with($name, 'Access-Control')));
    }
    same(0, $webmail->logins);
});

test('a session cookie counts only with its token and from the webmail\'s own pages', function (): void {
    $own = ['sec-fetch-site' => 'same-origin', 'origin' => 'https://mail.example.org'];
    $cases = [
        'token and both headers' => [true, $own, 200],
        'token and origin' => [true, ['origin' => 'https://mail.example.org'], 200],
        'token and fetch metadata' => [true, ['sec-fetch-site' => 'same-origin'], 200],
        'no token' => [false, $own, 403],
        'neither header' => [true, [], 403],
        'another site' => [true, ['sec-fetch-site' => 'cross-site'] + $own, 403],
        'a sibling' => [true, ['sec-fetch-site' => 'same-site'] + $own, 403],
        'another origin' => [true, ['origin' => 'https://mail.example.org.evil.example'] + $own, 403],
        'another port' => [true, ['origin' => 'https://mail.example.org:8443'], 403],
        'no origin' => [true, ['origin' => 'null'] + $own, 403],
    ];
    foreach ($cases as $what => [$hasToken, $headers, $wanted]) {
        $webmail = webmail();
        $webmail->hasSession = true;
        $webmail->hasRequestToken = $hasToken;
        same([$what, $wanted], [$what, ask($webmail, null, $headers)[0]]);
    }
});

test('a session cookie is not looked at beside credentials', function (): void {
    $webmail = webmail();
    $webmail->hasSession = true;
    $webmail->hasRequestToken = true;
    same(401, ask($webmail, basic('alice:wrong'), ['sec-fetch-site' => 'same-origin'])[0]);
});

test('a fault of the webmail is logged and not told', function (): void {
    $webmail = webmail();
    $webmail->fault = new RuntimeException('the password of the database');
    [$status, , $problem] = ask($webmail, basic('alice:secret'));
    same([500, 'the server failed; its log has more'], [$status, $problem['detail']]);
    contains('the password of the database', implode($webmail->log));
});

test('a login that fails by a fault is no wrong password', function (): void {
    $webmail = webmail();
    $webmail->loginFault = new RuntimeException('a plugin failed');
    same(500, ask($webmail, basic('alice:secret'))[0]);
    $webmail->loginFault = null;
    same(200, ask($webmail, basic('alice:secret'))[0]);
});

test('a fault after the answer has begun begins no other', function (): void {
    $output = new class implements OpenXPort\Output {
        /** @var list<int> */
        public array $statuses = [];

        public function begin(int $status, array $headers): void
        {
            $this->statuses[] = $status;
        }
    };
    $webmail = webmail();
    $request = new Request('GET', [], [], basic('alice:secret'));
    $isFirst = true;
    $fail = static function () use (&$isFirst): string {
        $mustFail = $isFirst;
        $isFirst = false;
        return $mustFail ? throw new RuntimeException('the filter failed') : '';
    };
    written(static function () use ($fail, $webmail, $request, $output): void {
        ob_start($fail, 1);
        (new Endpoint($webmail, $request, new FakeBody(), $output))->answer();
        ob_end_clean();
    });
    same([200], $output->statuses);
    contains('the filter failed', implode($webmail->log));
});

test('a state that cannot be used is told as 503', function (): void {
    chmod(ini_get('openxport.state_dir'), 0755);
    $answer = process(<<<'PHP'
        $output = new FakeOutput();
        $basic = 'Basic ' . base64_encode('alice:secret');
        $request = new OpenXPort\Http\Request('GET', [], [], $basic);
        $webmail = new FakeWebmail('i');
        (new OpenXPort\Endpoint($webmail, $request, new FakeBody(), $output))->answer();
        echo "\n", $output->status;
        PHP);
    chmod(ini_get('openxport.state_dir'), 0700);
    contains("the service is not ready\"}\n503", $answer['output']);
});

test('what the administrator must configure is told', function (): void {
    $webmail = webmail();
    $webmail->fault = new OpenXPort\Unavailable('the administrator must set jmap_base_url');
    [$status, , $problem] = ask($webmail, basic('alice:secret'));
    same([503, 'the administrator must set jmap_base_url'], [$status, $problem['detail']]);
});
