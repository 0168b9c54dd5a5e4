<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

test('where the state lies is for the system alone to say', function (): void {
    foreach (['openxport.state_dir' => '/tmp', 'openxport.state_url' => 'mysql://h/d'] as $name => $other) {
        $entry = ini_get_all('openxport')[$name];
        same(INI_SYSTEM, $entry['access']);
        same(false, ini_set($name, $other));
        same($entry['global_value'], ini_get($name));
    }
});

test('phpinfo() says version, limits and how state is kept', function (): void {
    $info = written(static fn () => phpinfo(INFO_MODULES));
    $section = explode("\nopenxport\n", $info)[1] ?? '';
    foreach (['Version => ' . phpversion('openxport'), 'State => SQLite in ' . ini_get('openxport.state_dir'), 'maxSizeRequest => '] as $row) {
        contains($row, $section);
    }
});

test('a state directory that others may enter is refused with a reference to the log', function (): void {
    chmod(ini_get('openxport.state_dir'), 0755);
    $answer = process(<<<'PHP'
        try {
            (new OpenXPort\LoginAttempt('i', [], 'h', 'n', 'p', '192.0.2.1'))->check();
        } catch (RuntimeException $fault) {
            echo $fault->getCode(), ' ', $fault->getMessage();
        }
        PHP);
    chmod(ini_get('openxport.state_dir'), 0700);
    contains("503 the server's log has more under ", $answer['output']);
    contains('its mode must be 0700', $answer['log']);
});

test('phpinfo() names the server that the state is on, and neither user nor password', function (): void {
    $answer = process('phpinfo();', ['openxport.state_url' => 'mysql://ada:s3cret@db.example:3307/state']);
    contains("\nState => MySQL at db.example:3307\n", $answer['output']);
    same(false, str_contains($answer['output'], 's3cret'));
});

test('a state on a server that is not there is refused with a reference to the log', function (): void {
    $socket = ini_get('openxport.state_dir') . '/none.sock';
    $answer = process(<<<'PHP'
        try {
            (new OpenXPort\LoginAttempt('i', [], 'h', 'n', 'p', '192.0.2.1'))->check();
        } catch (RuntimeException $fault) {
            echo $fault->getCode(), ' ', $fault->getMessage();
        }
        PHP, ['openxport.state_url' => "mysql://ada:s3cret@localhost/state?socket={$socket}"]);
    contains("503 the server's log has more under ", $answer['output']);
    contains("the state's server is out of reach", $answer['log']);
    same(false, str_contains($answer['output'] . $answer['log'], 's3cret'));
});
