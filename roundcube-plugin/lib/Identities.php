<?php

declare(strict_types=1);

namespace OpenXPort\Roundcube;

// At its own URL this file has nothing to build on, and nothing to say.
if (!interface_exists(\OpenXPort\Bridge::class)) {
    return;
}

/**
 * What Roundcube's settings page does when an identity is saved: addresses are checked, an HTML
 * signature is washed, plugins are asked.
 */
final class Identities
{
    private const COLUMNS = ['name', 'email', 'reply-to', 'bcc', 'signature', 'html_signature'];

    public function __construct(private readonly \rcmail $roundcube)
    {
    }

    /**
     * The columns as they are to be stored, or the names of those with what is no address, as a
     * JSON object; null when a plugin refuses.
     *
     * @param int $id the identity's, or 0 for a new one
     * @param string $columns as a JSON object
     */
    public function columns(int $id, string $columns): ?string
    {
        $columns = json_decode($columns, true, 4, JSON_THROW_ON_ERROR);
        $stored = $id === 0 ? [] : (array) $this->roundcube->user->get_identity($id);
        $invalid = $this->invalid($columns, $stored);
        if ($invalid !== []) {
            return json_encode(['invalid' => $invalid], JSON_THROW_ON_ERROR);
        }
        $isHtml = $columns['html_signature'];
        $isNew = $columns['signature'] !== ($stored['signature'] ?? null) || empty($stored['html_signature']);
        if ($isHtml && $isNew) {
            // Roundcube shows it in its editor and puts it into messages as it is.
            $columns['signature'] = \rcmail_action_settings_index::wash_html($columns['signature']);
        }
        $hook = $id === 0 ? 'identity_create' : 'identity_update';
        $outcome = $this->roundcube->plugins->exec_hook(
            $hook,
            ($id === 0 ? [] : ['id' => $id]) + ['record' => $this->record($columns, $stored)],
        );
        if (!empty($outcome['abort'])) {
            return null;
        }
        $record = array_intersect_key($outcome['record'] + $columns, array_flip(self::COLUMNS));
        $record = array_map('strval', $record);
        $record['email'] = (string) \rcube_utils::idn_to_ascii($record['email']);
        $record['html_signature'] = (bool) $record['html_signature'];

        return json_encode(['columns' => $record], JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
    }

    /** The key of the identity that was stored last. */
    public function insertId(): ?string
    {
        return $this->roundcube->get_dbh()->insert_id('identities') ?: null;
    }

    /** Tells the plugins of a new identity. */
    public function created(int $id, string $columns): void
    {
        $columns = json_decode($columns, true, 4, JSON_THROW_ON_ERROR);
        $this->roundcube->plugins->exec_hook(
            'identity_create_after',
            ['id' => $id, 'record' => $this->record($columns, [])],
        );
    }

    /** Whether the plugins let an identity be deleted. */
    public function mayDelete(int $id): bool
    {
        $outcome = $this->roundcube->plugins->exec_hook('identity_delete', ['id' => $id]);

        return empty($outcome['abort']);
    }

    /**
     * As the page hands it to plugins.
     *
     * @param array<string, mixed> $columns
     * @param array<string, mixed> $stored
     * @return array<string, mixed>
     */
    private function record(array $columns, array $stored): array
    {
        return ['html_signature' => (int) $columns['html_signature']] + $columns + [
            'organization' => (string) ($stored['organization'] ?? ''),
            'standard' => (int) ($stored['standard'] ?? 0),
        ];
    }

    /**
     * The columns with something new that Roundcube takes for no address.
     *
     * @param array<string, mixed> $columns
     * @param array<string, mixed> $stored what is there already stays
     * @return list<string>
     */
    private function invalid(array $columns, array $stored): array
    {
        $isAddress = static fn (string $address): bool
            => \rcube_utils::check_email((string) \rcube_utils::idn_to_ascii($address));
        $isNew = static fn (string $column): bool => $columns[$column] !== ($stored[$column] ?? null);
        $invalid = $isNew('email') && !$isAddress($columns['email']) ? ['email'] : [];
        foreach (array_filter(['reply-to', 'bcc'], $isNew) as $column) {
            $addresses = \rcube_mime::decode_address_list($columns[$column], null, false);
            foreach ($addresses as $address) {
                if (!$isAddress((string) $address['mailto'])) {
                    $invalid[] = $column;
                    break;
                }
            }
        }

        return $invalid;
    }
}
