<?php

/**
 * Fills the account of a user of the private Roundcube, through Roundcube's own classes, so
 * that the rows are what Roundcube itself writes.
 *
 * Usage: seed.php USER PEOPLE [FOLDER OF .vcf FILES]
 *
 * What the account had is deleted first. With PEOPLE = 0 and no folder it is left empty.
 */

declare(strict_types=1);

require INSTALL_PATH . 'program/include/clisetup.php';
require __DIR__ . '/SeededAccount.php';
require __DIR__ . '/Samples.php';

if ($argc < 3) {
    fwrite(STDERR, "usage: seed.php USER PEOPLE [FOLDER OF .vcf FILES]\n");
    exit(2);
}
[, $user, $people] = $argv;
$account = SeededAccount::open(rcmail::get_instance(), $user);
$account->clear();
if ((int) $people > 0) {
    $account->addIdentities();
    $account->addFullContact();
    $account->addCollectedAddresses();
    $account->addPeople((int) $people - 1);
    $account->addGroups();
}
if ($argc > 3) {
    (new Samples($account))->addFolder($argv[3]);
}
$account->save();
