<?php

declare(strict_types=1);

require __DIR__ . '/../harness.php';
require __DIR__ . '/../../../roundcube-plugin/lib/Bridge.php';

use OpenXPort\Roundcube\Bridge;

test('what a database says of a fault tells whether it will pass', function (): void {
    $faults = [
        ['sqlite', '[5] database is locked', true],
        ['sqlite', '[6] database table is locked', true],
        ['sqlite', '[1] no such table: contacts', false],
        ['sqlite', '[8] attempt to write a readonly database', false],
        ['mysql', '[1205] Lock wait timeout exceeded; try restarting transaction', true],
        ['mysql', '[1213] Deadlock found when trying to get lock', true],
        ['mysql', '[2006] MySQL server has gone away', true],
        ['mysql', '[1040] Too many connections', true],
        ['mysql', '[1146] Table \'roundcube.contacts\' doesn\'t exist', false],
        ['mysql', '[5] no code of this database', false],
        ['mysql', '[1146] Table \'roundcube.too many\' doesn\'t exist', false],
        ['postgres', '[7] ERROR:  deadlock detected', true],
        ['postgres', '[7] ERROR:  canceling statement due to lock timeout', true],
        ['postgres', '[7] ERROR:  could not serialize access due to concurrent update', true],
        ['postgres', '[7] FATAL:  terminating connection due to administrator command', true],
        ['postgres', '[7] ERROR:  relation "contacts" does not exist', false],
    ];
    foreach ($faults as [$database, $error, $isPassing]) {
        same($isPassing, Bridge::isPassing($database, $error), "{$database} {$error}");
    }
});
