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

[, $database, $tree, $users] = $argv;
$worker = new Worker($tree);
$client = new Client($tree, $users, 'judy@example.org');

/** CPU milliseconds of some requests. */
$cpu = function (callable $requests) use ($worker): float {
    $before = $worker->cpuMillis();
    $requests();

    return $worker->cpuMillis() - $before;
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

$clear = function () use ($call, $set): void {
    while ($ids = $call('query', ['limit' => CARDS_IN_REQUEST])['ids']) {
        $set('destroy', $ids);
    }
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
$patchMs = $cpu(fn () => $set('update', $patches));
$clear();
$importMs = $cpu(fn () => $client->import($vcards));
$imported = $call('query', ['calculateTotal' => true, 'limit' => 0])['total'];
if ($imported !== CARDS) {
    throw new RuntimeException("Roundcube imported $imported of " . CARDS . ' contacts');
}
$clear();

// Work, its figure, that of the yardstick, and the most that the ratio of the two may be.
$rows = [
    ['`ContactCard/set` creating 5,000 / Roundcube\'s vCard import', array_sum($costs), $importMs, 0.2],
    ['`ContactCard/set` patching 500 / creating them', $patchMs, end($costs), 2],
];
$missed = 0;
printf("\n| %s | CPU ms | yardstick ms | ratio | to reach |\n|---|---|---|---|---|\n", $database);
foreach ($rows as [$name, $figure, $yardstick, $most]) {
    $ratio = $figure / $yardstick;
    $missed += $ratio > $most ? 1 : 0;
    printf("| %s | %.0f | %.0f | %.2f | %s%s |\n", $name, $figure, $yardstick, $ratio, $most, $ratio > $most ? ' MISSED' : '');
}
exit($missed > 0 ? 1 : 0);
