<?php

declare(strict_types=1);

/** One user of Roundcube, and what the demonstration and the tests put into the account. */
final class SeededAccount
{
    public readonly rcube_contacts $contacts;

    private const FIRST_NAMES = [
        'Anna', 'Björn', 'Chloé', 'Dmitri', 'Eleni', 'Farid', 'Grace', 'Håkon', 'Inés', 'Jürgen',
        'Kateřina', 'Łukasz', 'Mária', 'Ngọc', 'Ömer', 'Priya', 'Quentin', 'Rūta', 'Søren', '翔太',
    ];

    private const SURNAMES = [
        'Adams', 'Berg', 'Castro', 'Dvořák', 'Eriksson', 'Fischer', 'García', 'Horváth', 'Ito',
        'Jansen', 'Kowalski', 'Lefèvre', 'Müller', 'Nguyễn', "O'Brien", 'Papadopoulos', '田中',
    ];

    private const ORGANIZATIONS = [
        'Acme; Sons, Ltd', 'Bäckerei Grün', 'City Library', 'Delta Logistics', 'École du Sud',
    ];

    /** @var list<int|string> contact ids in the order of their creation */
    private array $ids = [];

    private function __construct(
        public readonly rcube_db $db,
        private readonly rcube_user $user,
    ) {
        $this->contacts = new rcube_contacts($db, $user->ID);
        $db->startTransaction();
    }

    /** Opens the account of a user, who need not have logged in before. */
    public static function open(rcmail $roundcube, string $name): self
    {
        // Roundcube keys its users by the IMAP host's name without scheme and port.
        $host = '127.0.0.1';
        $user = rcube_user::query($name, $host) ?: rcube_user::create($name, $host);
        if (!$user) {
            throw new RuntimeException("Roundcube did not create the user $name");
        }
        $roundcube->set_user($user);

        return new self($roundcube->db, $user);
    }

    public function save(): void
    {
        if ($this->db->is_error() || !$this->db->endTransaction()) {
            throw new RuntimeException('the database refused: ' . $this->db->is_error());
        }
    }

    public function userId(): int
    {
        return (int) $this->user->ID;
    }

    /** Removes every contact, group, collected address and identity but the first. */
    public function clear(): void
    {
        foreach (['contactgroups', 'contacts', 'collected_addresses'] as $table) {
            $this->db->query('DELETE FROM ' . $this->db->table_name($table, true) . ' WHERE user_id = ?', $this->userId());
        }
        foreach (array_slice($this->user->list_identities(), 1) as $identity) {
            $this->user->delete_identity((int) $identity['identity_id']);
        }
    }

    /** Adds a contact as the editor saves it. */
    public function add(array $record): void
    {
        $id = $this->contacts->insert($record);
        if (!$id) {
            throw new RuntimeException('Roundcube did not store ' . json_encode($record['name'] ?? null));
        }
        $this->ids[] = $id;
    }

    /** A contact with a value in every field, and every subtype, that the editor offers. */
    public function addFullContact(): void
    {
        $record = [
            'name' => 'Dr. Zoë Quinn Müller Jr.',
            'firstname' => 'Zoë',
            'surname' => 'Müller',
            'middlename' => 'Quinn',
            'prefix' => 'Dr.',
            'suffix' => 'Jr.',
            'nickname' => 'Zo, the Great',
            'jobtitle' => 'Head of Research',
            'organization' => 'Acme; Sons, Ltd',
            'department' => 'Research & Development',
            'gender' => 'female',
            'maidenname' => 'Lindqvist',
            'birthday' => '1980-02-29',
            'anniversary' => '2010-05-01',
            'notes' => "First line,\nsecond line; with a \\ in it",
            'assistant' => 'Anna Adams',
            'manager' => 'Björn Berg',
            'spouse' => 'Chloé Castro',
            'photo' => $this->photo(0x2255AA),
        ];
        $repeated = ['email', 'phone', 'address', 'website', 'im'];
        foreach ($repeated as $field) {
            foreach (rcmail_action_contacts_index::$CONTACT_COLTYPES[$field]['subtypes'] as $number => $subtype) {
                $record["$field:$subtype"] = [match ($field) {
                    'email' => "zoe.$subtype@example.com",
                    'phone' => sprintf('+49 30 5550%02d', $number),
                    'website' => "https://example.com/zoe/$subtype",
                    'im' => "zoe-$subtype",
                    'address' => [
                        'street' => sprintf('%d Main Street; Rear, 2nd floor', $number + 1),
                        'locality' => 'Zürich',
                        'zipcode' => sprintf('80%02d', $number),
                        'region' => 'ZH',
                        'country' => 'Switzerland',
                    ],
                }];
            }
        }
        $offered = array_keys(rcmail_action_contacts_index::$CONTACT_COLTYPES);
        $filled = array_map(fn (string $key) => explode(':', $key)[0], array_keys($record));
        if ($missing = array_diff($offered, $filled)) {
            throw new RuntimeException('the editor also offers ' . implode(', ', $missing));
        }
        $this->add($record);
    }

    /** People with the fields that address books usually have; the same ones in every run. */
    public function addPeople(int $count): void
    {
        for ($n = 0; $n < $count; $n++) {
            $first = self::FIRST_NAMES[$n % count(self::FIRST_NAMES)];
            $surname = self::SURNAMES[$n % count(self::SURNAMES)];
            $record = [
                'name' => "$first $surname",
                'firstname' => $first,
                'surname' => $surname,
                'email:work' => ["person$n@example.com"],
                'phone:mobile' => [sprintf('+44 7700 9%05d', $n)],
            ];
            if ($n % 2 === 0) {
                $record['organization'] = self::ORGANIZATIONS[intdiv($n, 2) % count(self::ORGANIZATIONS)];
                $record['jobtitle'] = 'Engineer';
                $record['email:home'] = ["person$n@home.example.net"];
            }
            if ($n % 3 === 0) {
                $record['address:home'] = [[
                    'street' => "$n High Street",
                    'locality' => 'London',
                    'zipcode' => 'N1 9GU',
                    'country' => 'United Kingdom',
                ]];
            }
            if ($n % 5 === 0) {
                $record['birthday'] = sprintf('19%02d-%02d-%02d', 50 + $n % 50, 1 + $n % 12, 1 + $n % 28);
                $record['notes'] = "Met at the conference no. $n.\nCalls back.";
            }
            if ($n % 2 === 1) {
                // As imported ones have.
                $record['vcard'] = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:person-$n@example.com\r\nN:;;;;\r\nFN:\r\nEND:VCARD";
            }
            if ($n % 40 === 0) {
                $record['photo'] = $this->photo(($n * 2654435761) & 0xFFFFFF);
            }
            $this->add($record);
        }
    }

    /** Three groups, the last one without members. */
    public function addGroups(): void
    {
        $members = ['Friends' => array_slice($this->ids, 0, 5), 'Colleagues, all' => array_slice($this->ids, 3, 20)];
        foreach (['Friends', 'Colleagues, all', 'Empty'] as $name) {
            $group = $this->contacts->create_group($name);
            if (!empty($members[$name])) {
                $this->contacts->add_to_group($group['id'], $members[$name]);
            }
        }
    }

    public function addCollectedAddresses(): void
    {
        $addresses = [
            [rcube_addressbook::TYPE_RECIPIENT, 'Written Once', 'written.once@example.org'],
            [rcube_addressbook::TYPE_RECIPIENT, '', 'no.name@example.org'],
            [rcube_addressbook::TYPE_TRUSTED_SENDER, 'Trusted Sender', 'trusted@example.org'],
        ];
        foreach ($addresses as [$type, $name, $email]) {
            (new rcube_addresses($this->db, $this->userId(), $type))->insert(['name' => $name, 'email' => $email]);
        }
    }

    /** The first identity gets a plain signature, a second one an HTML signature and all fields. */
    public function addIdentities(): void
    {
        $first = $this->user->list_identities()[0];
        $this->user->update_identity((int) $first['identity_id'], [
            'name' => 'Demo Döe',
            'signature' => "Demo Döe\n-- sent with care",
            'html_signature' => 0,
        ]);
        $this->user->insert_identity([
            'name' => 'Demo at Work',
            'organization' => 'Acme; Sons, Ltd',
            'email' => 'work@example.org',
            'reply-to' => 'Front Desk <desk@example.org>',
            'bcc' => 'archive@example.org',
            'signature' => '<p><b>Demo</b> at <a href="https://example.org/">Work</a> &amp; Co</p>',
            'html_signature' => 1,
            'standard' => 0,
        ]);
    }

    /** A small JPEG of one colour. */
    private function photo(int $rgb): string
    {
        $image = imagecreatetruecolor(32, 32);
        imagefill($image, 0, 0, $rgb);
        ob_start();
        imagejpeg($image);

        return (string) ob_get_clean();
    }
}
