<?php

/**
 * Sends mixed requests, right and wrong ones, to one PHP worker, and looks at what they leave.
 *
 * Usage: run.php FOLDER-OF-THE-ENVIRONMENT USERS.TSV REQUESTS
 */

declare(strict_types=1);

require __DIR__ . '/../../benches/http/Worker.php';
require __DIR__ . '/../../benches/http/Client.php';

const USER = 'erin@example.org';
/** From then on the worker has done everything once, and may not grow by more than this. */
const WARM_UP = 0.1;
const MAX_GROWTH_MIB = 1.0;

[, $tree, $users, $requests] = $argv;
$requests = (int) $requests;
$worker = new Worker($tree);
$client = new Client($tree, $users, USER);
$session = json_decode($client->exchange('/?_task=jmap')[1], true, flags: JSON_THROW_ON_ERROR);
$account = $session['primaryAccounts']['urn:ietf:params:jmap:contacts'];

/** What stands in one cell of the database or of the state. */
$cell = static function (string $file, string $query): int {
    $database = new PDO("sqlite:$file");
    $database->exec('PRAGMA busy_timeout = 5000');
    return (int) $database->query($query)->fetchColumn();
};
$sessions = static fn (): int => $cell("$tree/roundcube.db", 'SELECT count(*) FROM session');
$files = static fn (): array => array_diff(
    array_merge(scandir("$tree/roundcube/temp"), scandir("$tree/state")),
    ['.', '..'],
);

$post = static fn (mixed $calls, string $type = 'application/json'): array => $client->exchange(
    '/?_task=jmap',
    is_string($calls) ? $calls : json_encode([
        'using' => array_keys($session['capabilities']),
        'methodCalls' => $calls,
    ], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES),
    ["Content-Type: $type"],
);
/** One method call; its response, or its error. */
$call = static function (string $method, array $arguments) use ($post, $account): array {
    [$status, $body] = $post([[$method, ['accountId' => $account] + $arguments, 'c']]);
    if ($status !== 200) {
        throw new RuntimeException("$method: $status $body");
    }
    return json_decode($body, true, flags: JSON_THROW_ON_ERROR)['methodResponses'][0];
};
$expect = static function (bool $holds, string $what): void {
    if (!$holds) {
        throw new RuntimeException($what);
    }
};
$card = static fn (int $n): array => [
    '@type' => 'Card', 'version' => '1.0', 'addressBookIds' => ['b0' => true],
    'name' => ['full' => "Soaked $n"], 'emails' => ['e' => ['address' => "soaked$n@example.org"]],
];

/** Each makes one request and is right about its answer. */
$kinds = [
    'session' => fn () => $expect($client->exchange('/?_task=jmap')[0] === 200, 'the session'),
    'echo' => fn (int $n) => $expect($call('Core/echo', ['n' => $n])[1]['n'] === $n, 'echo'),
    'get all' => fn () => $expect(count($call('ContactCard/get', [])[1]['list']) >= 250, 'get'),
    'query' => fn () => $expect($call('ContactCard/query', ['filter' => ['text' => 'a']])[1]['ids'] !== [], 'query'),
    'changes' => function () use ($call, $expect): void {
        static $state = null;
        $state ??= $call('ContactCard/get', ['ids' => []])[1]['state'];
        [$name, $response] = $call('ContactCard/changes', ['sinceState' => $state]);
        $expect($name === 'ContactCard/changes', 'changes');
        $state = $response['newState'];
    },
    'write' => function (int $n) use ($call, $card, $expect): void {
        $id = $call('ContactCard/set', ['create' => ['k' => $card($n)]])[1]['created']['k']['id'];
        $call('ContactCard/set', ['update' => [$id => ['name/full' => "Soaked again $n"]]]);
        $expect($call('ContactCard/set', ['destroy' => [$id]])[1]['destroyed'] === [$id], 'write');
    },
    'refused write' => fn () => $expect(
        isset($call('ContactCard/set', ['create' => ['k' => ['nonsense' => 1]]])[1]['notCreated']['k']),
        'a refused write',
    ),
    'upload' => function (int $n) use ($client, $account, $call, $expect): void {
        $vcard = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:File $n\r\nEND:VCARD\r\n";
        [$status, $body] = $client->exchange(
            "/?_task=jmap&jmap=upload&accountId=$account",
            $vcard,
            ['Content-Type: text/vcard'],
        );
        $expect($status === 201, "an upload: $status $body");
        $blob = json_decode($body, true, flags: JSON_THROW_ON_ERROR)['blobId'];
        $parsed = $call('ContactCard/parse', ['blobIds' => [$blob]])[1]['parsed'];
        $expect($parsed[$blob]['list'][0]['name']['full'] === "File $n", 'parse');
        $url = "/?_task=jmap&jmap=download&accountId=$account&blobId=$blob&name=n&type=text/plain";
        $expect($client->exchange($url) === [200, $vcard], 'a download');
    },
    'no blob' => fn () => $expect(
        $client->exchange("/?_task=jmap&jmap=download&accountId=$account&blobId=Gx&name=n&type=a/b")[0] === 404,
        'no blob',
    ),
    'events' => function () use ($client, $expect): void {
        [$status, $body] = $client->exchange('/?_task=jmap&jmap=events&types=*&closeafter=state&ping=0');
        $expect($status === 200 && str_contains($body, 'event: state'), 'events');
    },
    'no JSON' => fn () => $expect($post('{"using":')[0] === 400, 'no JSON'),
    'no method' => fn () => $expect($call('Foo/get', [])[0] === 'error', 'no method'),
    'a form' => fn () => $expect($post('a=b', 'application/x-www-form-urlencoded')[0] === 415, 'a form'),
    'no user' => fn () => $expect($client->exchange('/?_task=jmap', null, [], 'x:y')[0] === 401
        || $client->exchange('/?_task=jmap', null, [], 'x:y')[0] === 429, 'no user'),
];

$sessionsBefore = $sessions();
$names = array_keys($kinds);
mt_srand(1);
$made = 0;
$warmMib = null;
$report = max(1, intdiv($requests, 10));
while ($made < $requests) {
    $already = $client->exchanges;
    $kinds[$names[mt_rand(0, count($names) - 1)]]($made);
    $done = $made + $client->exchanges - $already;
    if (intdiv($done, $report) !== intdiv($made, $report)) {
        fprintf(STDERR, "%d requests, %.1f MiB resident, %d descriptors\n", $done, $worker->residentMib(), $worker->descriptors());
    }
    $made = $done;
    if ($warmMib === null && $made >= WARM_UP * $requests) {
        $kinds['session']();
        $warmMib = $worker->residentMib();
        $warm = ['descriptors' => $worker->descriptors(), 'files' => $files()];
    }
}

// What is open depends on the last request.
$kinds['session']();
$state = glob("$tree/state/*.sqlite")[0];
$left = [
    'MiB that the worker has grown by' => [$worker->residentMib() - $warmMib, MAX_GROWTH_MIB],
    'descriptors that the worker has opened' => [$worker->descriptors() - $warm['descriptors'], 0],
    'files' => [count(array_diff($files(), $warm['files'])), 0],
    'rows in Roundcube\'s session table' => [$sessions() - $sessionsBefore, 0],
    'contacts' => [$cell("$tree/roundcube.db", 'SELECT count(*) FROM contacts WHERE del = 0 AND name LIKE \'Soaked%\''), 0],
    'leases' => [$cell($state, 'SELECT count(*) FROM openxport_leases'), 0],
];
$failed = 0;
foreach ($left as $what => [$found, $most]) {
    $failed += $found > $most ? 1 : 0;
    printf("%s: %s%s\n", $what, round($found, 1), $found > $most ? " (at most $most) MISSED" : '');
}
exit($failed > 0 ? 1 : 0);
