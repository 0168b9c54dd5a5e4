<?php

/**
 * Measures one environment and prints a table; fails when a figure misses what is to be reached.
 *
 * Usage: run.php DATABASE FOLDER-OF-THE-ENVIRONMENT USERS.TSV
 */

declare(strict_types=1);

require __DIR__ . '/Worker.php';
require __DIR__ . '/Client.php';

[, $database, $tree, $users] = $argv;
$worker = new Worker($tree);
$large = new Client($tree, $users, 'large@example.org');
$huge = new Client($tree, $users, 'huge@example.org');

/** CPU milliseconds of one request: the median of some, after one that does not count. */
$cpu = function (callable $request, int $times) use ($worker): float {
    $request();
    $costs = [];
    for ($i = 0; $i < $times; $i++) {
        $before = $worker->cpuMillis();
        $request();
        $costs[] = $worker->cpuMillis() - $before;
    }
    sort($costs);

    return $costs[intdiv($times, 2)];
};

$echo = fn () => $large->jmap([['Core/echo', new stdClass(), 'e']]);
$getAll = fn (Client $client) => fn () => $client->jmap([['ContactCard/get', ['accountId' => '#ACCOUNT'], 'g']]);
$decode = fn (string $answer) => json_decode($answer, true, flags: JSON_THROW_ON_ERROR)['methodResponses'][0];

// Memory first: what a worker once took from the system it may keep, and seem to be idle with.
$echo();
$idle = $worker->residentMib();
$peak = function (callable $request) use ($worker, $idle): float {
    $worker->resetPeak();
    $request();

    return max(0.0, $worker->peakMib() - $idle);
};
$largeMib = $peak($getAll($large));
$hugeMib = $peak($getAll($huge));

// What is measured has to be what it says: all the cards, and what the query should find.
[$method, $all] = $decode($getAll($large)());
$people = array_filter($all['list'], fn (array $card) => ($card['kind'] ?? 'individual') !== 'group');
if ($method !== 'ContactCard/get' || count($people) < 10000) {
    throw new RuntimeException("$method answered " . count($people) . ' contacts of 10000');
}
$ids = array_column(array_slice($people, 0, 100), 'id');
$get100 = fn () => $large->jmap([['ContactCard/get', ['accountId' => '#ACCOUNT', 'ids' => $ids], 'g']]);
$changes = fn () => $large->jmap([['ContactCard/changes', ['accountId' => '#ACCOUNT', 'sinceState' => $all['state']], 'c']]);
$query = fn () => $large->jmap([['ContactCard/query', ['accountId' => '#ACCOUNT', 'filter' => ['text' => 'conference 4995']], 'q']]);
foreach ([[$get100, 'list', 100], [$query, 'ids', 1]] as [$request, $key, $count]) {
    [$method, $answer] = $decode($request());
    if (count($answer[$key]) !== $count) {
        throw new RuntimeException("$method answered " . count($answer[$key]) . " records, not $count");
    }
}
if (($decode($changes())[1]['newState'] ?? null) !== $all['state']) {
    throw new RuntimeException('ContactCard/changes saw changes where there were none');
}
unset($all, $people);

$exportMs = $cpu(fn () => $large->export(), 3);
$largeMs = $cpu($getAll($large), 9);
$hugeMs = $cpu($getAll($huge), 3);
$echoMs = $cpu($echo, 51);
$get100Ms = $cpu($get100, 51);
$changesMs = $cpu($changes, 51);
$queryMs = $cpu($query, 9);
$fetchMs = $cpu(fn () => $large->fetch(), 9);

// Work, its figure, the yardstick's figure, the ratio of the two, and the most that it may be.
$rows = [
    ['`ContactCard/get` of 10,000 / Roundcube\'s vCard export', $largeMs, $exportMs, $largeMs / $exportMs, 0.1],
    ['`ContactCard/get` of 100,000 / of 10,000', $hugeMs, $largeMs, $hugeMs / $largeMs, 11],
    ['`ContactCard/get` of 100 ids / `Core/echo`', $get100Ms, $echoMs, $get100Ms / $echoMs, 3],
    ['`ContactCard/changes`, none / `Core/echo`', $changesMs, $echoMs, $changesMs / $echoMs, 3],
    ['`ContactCard/query` by text / PDO fetch of the rows', $queryMs, $fetchMs, $queryMs / $fetchMs, 5],
];
$missed = 0;
printf("\n| %s | CPU ms | yardstick ms | ratio | to reach |\n|---|---|---|---|---|\n", $database);
foreach ($rows as [$name, $figure, $yardstick, $ratio, $most]) {
    $missed += $ratio > $most ? 1 : 0;
    printf("| %s | %.1f | %.1f | %.2f | %s%s |\n", $name, $figure, $yardstick, $ratio, $most, $ratio > $most ? ' MISSED' : '');
}
foreach ([['10,000', $largeMib, 16], ['100,000', $hugeMib, max(16, $largeMib + 1)]] as [$contacts, $mib, $most]) {
    $missed += $mib > $most ? 1 : 0;
    printf("| resident memory for %s, MiB above idle | | | %.1f | %s%s |\n", $contacts, $mib, $most, $mib > $most ? ' MISSED' : '');
}
exit($missed > 0 ? 1 : 0);
