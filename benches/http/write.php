<?php

/**
 * Measures what writing contacts costs and prints a table; fails when a figure misses what is
 * to be reached.
 *
 * Usage: write.php DATABASE FOLDER-OF-THE-ENVIRONMENT USERS.TSV
 */

declare(strict_types=1);

require __DIR__ . '/Worker.php';
require __DIR__ . '/Client.php';

const CARDS = 5000;
const CARDS_IN_REQUEST = 500;
const ROUNDS = 3;

[, $database, $tree, $users] = $argv;
$worker = new Worker($tree);
$client = new Client($tree, $users, 'judy@example.org');

/** CPU milliseconds of some requests, in PHP and in the database: writing is work for both. */
$cpu = function (callable $requests) use ($worker): float {
    $before = $worker->cpuMillisWithDatabase();
    $requests();

    return $worker->cpuMillisWithDatabase() - $before;
};

/** Calls a method of ContactCard; fails where it does. */
$call = function (string $method, array $arguments) use ($client): array {
    $answer = $client->jmap([["ContactCard/$method", ['accountId' => '#ACCOUNT'] + $arguments, 'c']]);
    [$name, $response] = json_decode($answer, true, flags: JSON_THROW_ON_ERROR)['methodResponses'][0];
    if ($name !== "ContactCard/$method") {
        throw new RuntimeException(substr($answer, 0, 500));
    }

    return $response;
};

$set = function (string $verb, array $records) use ($call): array {
    $response = $call('set', [$verb => $records]);
    $done = $response[['create' => 'created', 'update' => 'updated', 'destroy' => 'destroyed'][$verb]] ?? [];
    if (count($done) !== count($records)) {
        throw new RuntimeException(substr((string) json_encode($response), 0, 500));
    }

    return $done;
};

$rows = $database === 'sqlite'
    ? new PDO("sqlite:$tree/roundcube.db")
    : new PDO("mysql:unix_socket=$tree/run/mariadb.sock;dbname=roundcube", 'root');

$clear = function () use ($call, $set, $rows): void {
    while ($ids = $call('query', ['limit' => CARDS_IN_REQUEST])['ids']) {
        $set('destroy', $ids);
    }
    // Roundcube's search goes over those that are flagged as deleted, too.
    $rows->exec('DELETE FROM contacts WHERE del = 1');
};

$cards = [];
$vcards = '';
for ($n = 0; $n < CARDS; $n++) {
    $cards["k$n"] = [
        '@type' => 'Card', 'version' => '1.0', 'uid' => "urn:example:$n", 'addressBookIds' => ['b0' => true],
        'name' => ['full' => "Jo Walker-$n", 'components' => [
            ['kind' => 'surname', 'value' => "Walker-$n"], ['kind' => 'given', 'value' => 'Jo']]],
        'emails' => ['e1' => ['address' => "jo.$n@example.com", 'contexts' => ['work' => true]]],
        'phones' => ['p1' => ['number' => sprintf('+44 7700 9%05d', $n), 'features' => ['mobile' => true]]],
        'organizations' => ['o1' => ['name' => 'Acme']],
        'notes' => ['n1' => ['note' => "Met at the conference no. $n.\nCalls back."]],
    ];
    $vcards .= "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:example:$n\r\nN:Walker-$n;Jo;;;\r\nFN:Jo Walker-$n\r\n"
        . "EMAIL;TYPE=work:jo.$n@example.com\r\n" . sprintf("TEL;TYPE=cell:+44 7700 9%05d\r\n", $n)
        . "ORG:Acme\r\nNOTE:Met at the conference no. $n.\\nCalls back.\r\nEND:VCARD\r\n";
}
$requests = array_chunk($cards, CARDS_IN_REQUEST, true);

$import = function (bool $replaces) use ($client, $call, $cpu, $clear, $vcards): float {
    $clear();
    $ms = $cpu(fn () => $client->import($vcards, $replaces));
    $imported = $call('query', ['calculateTotal' => true, 'limit' => 0])['total'];
    if ($imported !== CARDS) {
        throw new RuntimeException("Roundcube imported $imported of " . CARDS . ' contacts');
    }
    $clear();

    return $ms;
};

// The least of each counts: whatever else the machine does only adds to a figure.
$least = [];
for ($round = 0; $round < ROUNDS; $round++) {
    $clear();
    $created = [];
    $costs = [];
    foreach ($requests as $request) {
        $costs[] = $cpu(function () use ($set, $request, &$created): void {
            $created = array_column($set('create', $request), 'id');
        });
    }
    fprintf(STDERR, "created, ms a request: %s\n", implode(' ', array_map(intval(...), $costs)));
    $patches = array_fill_keys($created, ['notes/n1/note' => 'Another note.']);
    $ms = [
        'create' => array_sum($costs),
        'create last' => end($costs),
        'patch' => $cpu(fn () => $set('update', $patches)),
        'replacing import' => $import(true),
    ];
    foreach ($ms as $name => $cost) {
        $least[$name] = min($cost, $least[$name] ?? INF);
    }
}
// It looks at all that is there for each, so this takes a minute; once must do.
$least['import'] = $import(false);

// Work, its figure, that of the yardstick, and the most that the ratio of the two may be.
$table = [
    ['`ContactCard/set` creating 5,000 / Roundcube\'s own vCard import of them', 'create', 'import', 0.2],
    ['the same / the import that replaces all and looks for no equals', 'create', 'replacing import', null],
    ['`ContactCard/set` patching 500 / creating them', 'patch', 'create last', 2],
];
$missed = 0;
printf("\n| %s | CPU ms | yardstick ms | ratio | to reach |\n|---|---|---|---|---|\n", $database);
foreach ($table as [$name, $figure, $yardstick, $most]) {
    $ratio = $least[$figure] / $least[$yardstick];
    $isMissed = $most !== null && $ratio > $most;
    $missed += $isMissed ? 1 : 0;
    printf("| %s | %.0f | %.0f | %.2f | %s%s |\n", $name, $least[$figure], $least[$yardstick], $ratio, $most ?? 'none set', $isMissed ? ' MISSED' : '');
}
exit($missed > 0 ? 1 : 0);
