<?php

declare(strict_types=1);

// At its own URL this file has nothing to build on, and nothing to say.
if (!class_exists('rcube_session')) {
    return;
}

/**
 * A session that ends with its request: no row, no file, nothing to read.
 *
 * Each JMAP request authenticates itself, so a stored session would only be litter. Roundcube
 * dictates the name. Up to 1.6 it asks for write() and update(), from 1.7 on for save() and
 * update().
 */
class rcube_session_jmap extends rcube_session // "session_storage" names the class.
{
    /** @param rcube_config $config */
    public function __construct($config)
    {
        parent::__construct($config);
        $this->register_session_handler();
    }

    #[\ReturnTypeWillChange]
    public function open($save_path, $session_name): bool
    {
        return true;
    }

    #[\ReturnTypeWillChange]
    public function close(): bool
    {
        return true;
    }

    #[\ReturnTypeWillChange]
    public function destroy($key): bool
    {
        return true;
    }

    #[\ReturnTypeWillChange]
    public function read($key): string
    {
        return '';
    }

    #[\ReturnTypeWillChange]
    public function write($key, $vars): bool
    {
        return true;
    }

    public function save($key, $vars): bool
    {
        return true;
    }

    public function update($key, $newvars, $oldvars): bool
    {
        return true;
    }
}
