<?php

declare(strict_types=1);

require __DIR__ . '/../harness.php';
require __DIR__ . '/../../../roundcube-plugin/lib/Webmail.php';

use OpenXPort\Roundcube\Webmail;

test('an installation is known again when its database has another password', function (): void {
    $instance = Webmail::derivedInstance('mysql://rc:old@db/roundcube', '', 'key');
    same($instance, Webmail::derivedInstance('mysql://other:new@db/roundcube', '', 'key'));
    $others = [
        ['mysql://rc:old@db/other', '', 'key'],
        ['mysql://rc:old@db2/roundcube', '', 'key'],
        ['mysql://rc:old@db/roundcube', 'rc_', 'key'],
        ['mysql://rc:old@db/roundcube', '', 'another'],
    ];
    foreach ($others as $other) {
        same(false, $instance === Webmail::derivedInstance(...$other), implode(' ', $other));
    }
});

test('failures of a name stay below those that Roundcube locks at, and above none', function (): void {
    $cases = [
        1 => ['maxFailuresOfName' => 1, 'windowSeconds' => 61],
        2 => ['maxFailuresOfName' => 1, 'windowSeconds' => 61],
        3 => ['maxFailuresOfName' => 2, 'windowSeconds' => 122],
        100 => ['maxFailuresOfName' => 10, 'windowSeconds' => 610],
        0 => [],
    ];
    foreach ($cases as $limit => $wanted) {
        $rules = ['reuseSeconds' => 300, 'maxFailuresOfAddress' => 20] + $wanted;
        same($rules, Webmail::rules(300, 20, $limit), "login_rate_limit {$limit}");
    }
});
