<?php

/**
 * The yardstick of the benchmark, and no part of the product: fetches id and vCard of every
 * contact of ?user= through PDO and does nothing with them.
 */

declare(strict_types=1);

$config = [];
require INSTALL_PATH . 'config/config.inc.php';
$dsn = $config['db_dsnw'];
if (preg_match('~^sqlite:///(.+)\?~', $dsn, $file)) {
    $database = new PDO("sqlite:$file[1]");
} elseif (preg_match('~^mysql://root@unix\((.+)\)/(\w+)$~', $dsn, $place)) {
    $database = new PDO("mysql:unix_socket=$place[1];dbname=$place[2];charset=utf8mb4", 'root');
} else {
    throw new RuntimeException('a DSN that this script does not know');
}
$query = $database->prepare(
    'SELECT c.contact_id, c.vcard FROM contacts c JOIN users u ON u.user_id = c.user_id'
    . ' WHERE u.username = ? AND c.del <> 1',
);
$query->execute([$_GET['user']]);
$rows = 0;
$octets = 0;
while ($row = $query->fetch(PDO::FETCH_NUM)) {
    $rows++;
    $octets += strlen($row[1]);
}
echo json_encode(['rows' => $rows, 'octets' => $octets]);
