<?php

/*
 * Loads the classes of this folder where Composer does not.
 */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    $prefix = 'OpenXPort\\';
    if (!str_starts_with($class, $prefix)) {
        return;
    }
    $file = __DIR__ . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
    // The extension's own classes share the prefix; where it is missing there is no file.
    if (is_file($file)) {
        require $file;
    }
});
