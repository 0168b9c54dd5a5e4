<?php

/*
 * What a JMAP answer must survive: a plugin that writes wherever it can. Only the end-to-end
 * tests load it.
 */

declare(strict_types=1);

class noise extends rcube_plugin // Roundcube loads the class by the folder's name.
{
    public function onload(): void
    {
        ini_set('display_errors', '1');
        echo "noise before the session\n";
        header('X-Noise: 1');
    }

    public function init(): void
    {
        echo "noise at the start\n";
        setcookie('noise', '1');
        // What a plugin says to a login, and that it hears of it.
        $this->add_hook('authenticate', static function (array $arguments): array {
            return rcube::get_instance()->config->get('noise_login', []) + $arguments;
        });
        foreach (['login_after', 'login_failed'] as $hook) {
            $this->add_hook($hook, static function (array $arguments) use ($hook): array {
                rcube::write_log('noise', $hook . ' ' . rcube::get_instance()->config->get('jmap_instance'));
                return $arguments;
            });
        }
        $this->add_hook('db_table_name', static function (array $arguments): array {
            $lost = rcube::get_instance()->config->get('noise_table');
            return $arguments['table'] === $lost ? ['table' => "noise_{$lost}"] : $arguments;
        });
        foreach (['contact_create', 'contact_update', 'contact_delete'] as $hook) {
            $this->add_hook($hook, $this->fail(...));
        }
        $this->add_hook('startup', static function (array $arguments): array {
            ob_start();
            echo "noise in a hook\n";
            $isForWebPages = $arguments['action'] !== '' || $arguments['task'] === 'mail'
                || isset($_REQUEST['_remote']) || $_POST !== [];
            if ($isForWebPages || rcube::get_instance()->config->get('noise_exits')) {
                exit("<html>noise at the end\n");
            }
            return $arguments;
        });
    }

    /** Does what a test asks for when a contact is written. */
    private function fail(array $arguments): array
    {
        match (rcube::get_instance()->config->get('noise_contact')) {
            null => null,
            'throw' => throw new RuntimeException("noise in a hook\n"),
            'exit' => exit("noise at the end\n"),
            'fatal' => trigger_error('noise that is fatal', E_USER_ERROR),
            // What PHP itself says of this, nobody can take back.
            'memory' => ini_set('display_errors', '0') . str_repeat('noise', PHP_INT_MAX >> 8),
            'slow' => usleep(20_000),
            'abort' => $arguments['abort'] = true,
        };
        return $arguments;
    }
}
