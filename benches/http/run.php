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

/**
 * CPU milliseconds of each request: the least of some rounds, after one that does not count.
 *
 * Whatever else the machine does only adds to a figure, and may do so for seconds; requests
 * that take turns all have their chance of a quiet moment.
 *
 * @param array<string, callable> $requests
 * @return array<string, float>
 */
$cpu = function (array $requests, int $rounds) use ($worker): array {
    $least = array_fill_keys(array_keys($requests), INF);
    for ($round = 0; $round <= $rounds; $round++) {
        foreach ($requests as $name => $request) {
            $before = $worker->cpuMillis();
            $request();
            $cost = $worker->cpuMillis() - $before;
            $least[$name] = $round === 0 ? INF : min($least[$name], $cost);
        }
    }

    return $least;
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

$tenTimes = function (callable $request): void {
    for ($i = 0; $i < 10; $i++) {
        $request();
    }
};
$ms = $cpu([
    'export' => fn () => $large->export(),
    // As long as what it is compared with, because the machine's speed changes meanwhile.
    'ten gets' => fn () => $tenTimes($getAll($large)),
    'get of 100,000' => $getAll($huge),
], 5) + $cpu([
    'echo' => $echo,
    'get of 100' => $get100,
    'changes' => $changes,
    'query' => $query,
    'fetch' => fn () => $large->fetch(),
], 50);

$ms['get'] = $ms['ten gets'] / 10;

// Work, its figure's name, that of the yardstick, and the most that the ratio of the two may be.
$rows = [
    ['`ContactCard/get` of 10,000 / Roundcube\'s vCard export', 'get', 'export', 0.1],
    ['`ContactCard/get` of 100,000 / of 10,000', 'get of 100,000', 'get', 11],
    ['`ContactCard/get` of 100 ids / `Core/echo`', 'get of 100', 'echo', 3],
    ['`ContactCard/changes`, none / `Core/echo`', 'changes', 'echo', 3],
    ['`ContactCard/query` by text / PDO fetch of the rows', 'query', 'fetch', 5],
];
$missed = 0;
printf("\n| %s | CPU ms | yardstick ms | ratio | to reach |\n|---|---|---|---|---|\n", $database);
foreach ($rows as [$name, $figure, $yardstick, $most]) {
    $ratio = $ms[$figure] / $ms[$yardstick];
    $missed += $ratio > $most ? 1 : 0;
    printf("| %s | %.1f | %.1f | %.2f | %s%s |\n", $name, $ms[$figure], $ms[$yardstick], $ratio, $most, $ratio > $most ? ' MISSED' : '');
}
foreach ([['10,000', $largeMib, 16], ['100,000', $hugeMib, max(16, $largeMib + 1)]] as [$contacts, $mib, $most]) {
    $missed += $mib > $most ? 1 : 0;
    printf("| resident memory for %s, MiB above idle | | | %.1f | %s%s |\n", $contacts, $mib, $most, $mib > $most ? ' MISSED' : '');
}
exit($missed > 0 ? 1 : 0);
