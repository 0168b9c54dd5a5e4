<?php

/**
 * Reads a JSON list of vCards in base64 and writes the list of the columns that the installed
 * Roundcube's own code makes of them; null where it cannot.
 */

declare(strict_types=1);

define('INSTALL_PATH', '/usr/share/roundcube/');
require INSTALL_PATH . 'program/lib/Roundcube/bootstrap.php';
// Its code warns of much that is in these cards.
error_reporting(0);

$convert = new ReflectionMethod(rcube_contacts::class, 'convert_save_data');
$convert->setAccessible(true);
$book = new rcube_contacts(null, 1);
$columns = static function (string $vcard) use ($convert, $book): ?array {
    try {
        $record = (new rcube_vcard($vcard))->get_assoc();
        $columns = $convert->invoke($book, $record, ['vcard' => $vcard]);
    } catch (Throwable) {
        return null;
    }
    unset($columns['vcard']);

    return $columns;
};
$vcards = array_map(base64_decode(...), json_decode(stream_get_contents(STDIN), true, flags: JSON_THROW_ON_ERROR));
echo json_encode(array_map($columns, $vcards), JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
