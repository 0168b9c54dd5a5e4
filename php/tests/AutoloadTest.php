<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

test('a class that is in no file is only not there', function (): void {
    // The extension's own classes are such where it is missing.
    same(false, class_exists('OpenXPort\Missing'));
});

test('a class of somebody else is left to them', function (): void {
    // The name is ours from the eleventh octet on.
    same(false, class_exists('Stranger2\Endpoint'));
    same(false, class_exists('OpenXPort\Endpoint', false));
});
