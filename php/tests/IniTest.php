<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

test('where the state lies is for the system alone to say', function (): void {
    $entry = ini_get_all('openxport')['openxport.state_dir'];
    same(INI_SYSTEM, $entry['access']);
    same(false, ini_set('openxport.state_dir', '/tmp'));
    same($entry['global_value'], ini_get('openxport.state_dir'));
});

test('phpinfo() says version, limits and how state is kept', function (): void {
    $info = written(static fn () => phpinfo(INFO_MODULES));
    $section = explode("\nopenxport\n", $info)[1] ?? '';
    foreach (['Version => ' . phpversion('openxport'), 'State => SQLite', 'maxSizeRequest => '] as $row) {
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
