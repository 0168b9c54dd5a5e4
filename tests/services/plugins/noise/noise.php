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
}
