<?php

declare(strict_types=1);

namespace OpenXPort\Roundcube;

use OpenXPort\Unavailable;

/**
 * What Roundcube's own code does when it writes to the personal address book: its plugins are
 * asked, the columns for its lists and its search are filled, groups are kept.
 *
 * A plugin may refuse by aborting its hook; what it changes in the record is not taken over,
 * because the stored card says more than Roundcube's record of it.
 */
final class Contacts
{
    private const SOURCE = '0';

    private readonly \rcube_contacts $book;

    public function __construct(private readonly \rcmail $roundcube)
    {
        $book = $roundcube->get_address_book(self::SOURCE);
        if (!$book instanceof \rcube_contacts) {
            throw new \RuntimeException('the personal address book is not in the database');
        }
        $this->book = $book;
    }

    /**
     * The hooks of contacts that have to be asked, separated by commas: those that a plugin
     * listens to, or all where a plugin has put an address book of its own in the place of
     * Roundcube's.
     */
    public function hooks(): string
    {
        $handlers = $this->roundcube->plugins->handlers;
        $isOwn = $this->book::class === \rcube_contacts::class;
        $isAsked = static fn (string $hook): bool => !$isOwn || !empty($handlers[$hook]);

        return implode(',', array_filter(['contact_create', 'contact_update', 'contact_delete'], $isAsked));
    }

    /**
     * The columns beside a vCard that is about to be stored, as a JSON object; null when a
     * plugin refuses.
     *
     * @param int $id the contact's, or 0 for a new one
     */
    public function columns(int $id, string $vcard): ?string
    {
        $record = (new \rcube_vcard($vcard))->get_assoc();
        $isNew = $id === 0;
        $hook = $isNew ? 'contact_create' : 'contact_update';
        if (!$this->isAllowed($hook, ($isNew ? [] : ['id' => $id]) + ['record' => $record])) {
            return null;
        }
        // Private, and the only place that knows how the search's words are made.
        $convert = new \ReflectionMethod(\rcube_contacts::class, 'convert_save_data');
        $convert->setAccessible(true);
        $columns = $convert->invoke($this->book, $record, ['vcard' => $vcard]);
        unset($columns['vcard']);

        return json_encode($columns, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
    }

    /** The key of the contact that was stored last. */
    public function insertId(): ?string
    {
        return $this->roundcube->get_dbh()->insert_id('contacts') ?: null;
    }

    /** Whether the plugins let a contact be deleted. */
    public function mayDelete(int $id): bool
    {
        return $this->isAllowed('contact_delete', ['id' => $id]);
    }

    /**
     * Stores a group, within the caller's transaction, and returns its key; null when a plugin
     * refuses.
     *
     * @param int $id the group's, or 0 for a new one
     * @param string $name empty to leave it as it is
     * @param string $add keys of contacts, separated by commas
     * @param string $remove likewise
     */
    public function saveGroup(int $id, string $name, string $add, string $remove): ?string
    {
        if ($id === 0) {
            if (!$this->isAllowed('group_create', ['name' => $name])) {
                return null;
            }
            $id = (int) $this->expect($this->book->create_group($name))['id'];
        } elseif ($name !== '') {
            if (!$this->isAllowed('group_rename', ['gid' => $id, 'name' => $name])) {
                return null;
            }
            $this->expect($this->book->rename_group($id, $name, $newId));
        }
        foreach (['group_delmembers' => $remove, 'group_addmembers' => $add] as $hook => $contacts) {
            if ($contacts === '') {
                continue;
            }
            $ids = explode(',', $contacts);
            if (!$this->isAllowed($hook, ['group_id' => $id, 'ids' => $ids])) {
                return null;
            }
            if ($hook === 'group_addmembers') {
                $this->book->add_to_group($id, $ids);
            } else {
                $this->book->remove_from_group($id, $ids);
            }
            // They count, and pass over what fails.
            $this->expect($this->roundcube->get_dbh()->is_error() === null);
        }

        return (string) $id;
    }

    /** Deletes a group; null when a plugin refuses, and whether there was one otherwise. */
    public function deleteGroup(int $id): ?string
    {
        if (!$this->isAllowed('group_delete', ['gid' => $id])) {
            return null;
        }

        return $this->book->delete_group($id) ? '1' : '0';
    }

    /** @param array<string, mixed> $arguments */
    private function isAllowed(string $hook, array $arguments): bool
    {
        $outcome = $this->roundcube->plugins->exec_hook($hook, $arguments + ['source' => self::SOURCE]);

        return empty($outcome['abort']);
    }

    /**
     * @template T
     * @param T|false $outcome
     * @return T
     */
    private function expect(mixed $outcome): mixed
    {
        if ($outcome === false) {
            $db = $this->roundcube->get_dbh();
            $error = $db->is_error() ?: 'Roundcube did not store it';
            throw Bridge::isPassing($db->db_provider, $error) ? new Unavailable($error) : new \RuntimeException($error);
        }

        return $outcome;
    }
}
