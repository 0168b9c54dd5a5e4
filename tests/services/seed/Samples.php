<?php

declare(strict_types=1);

/** The sample cards of the conversion's tests, imported as Roundcube's own import does it. */
final class Samples
{
    public function __construct(private readonly SeededAccount $account)
    {
    }

    public function addFolder(string $folder): void
    {
        foreach (glob("$folder/*.vcf") ?: [] as $file) {
            $this->addFile($file);
        }
    }

    /**
     * A file that Roundcube's import would not take, or would repair first, is stored as it is:
     * so it comes in through synchronisation plugins and older versions.
     */
    private function addFile(string $file): void
    {
        $text = (string) file_get_contents($file);
        $cards = mb_check_encoding($text, 'UTF-8') ? rcube_vcard::import($text) : [];
        if ($cards === []) {
            $this->addRow($text, basename($file, '.vcf'));

            return;
        }
        foreach ($cards as $card) {
            $record = $card->get_assoc();
            $record['vcard'] = $card->export();
            $record['name'] ??= basename($file, '.vcf');
            $this->account->add($record);
        }
    }

    private function addRow(string $vcard, string $name): void
    {
        $db = $this->account->db;
        if ($db->db_provider !== 'sqlite') {
            // A column of utf8mb4 takes no broken text, so whoever brought it in has repaired it.
            $vcard = mb_scrub($vcard, 'UTF-8');
        }
        $db->query(
            'INSERT INTO ' . $db->table_name('contacts', true)
            . ' (user_id, changed, del, name, email, firstname, surname, vcard, words)'
            . ' VALUES (?, ' . $db->now() . ", 0, ?, '', '', '', ?, '')",
            $this->account->userId(),
            $name,
            $vcard,
        );
    }
}
