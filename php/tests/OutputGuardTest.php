<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

use OpenXPort\Http\Problem;

/** Runs code that the guard has been started before, and gives back what a client would get. */
function guarded(string $code): string
{
    $problem = "static fn () => OpenXPort\\Http\\Problem::unavailable('the guard')";
    return process("OpenXPort\\Http\\OutputGuard::start({$problem}); {$code}")['output'];
}

test('a script that ends early leaves the problem alone', function (): void {
    $body = Problem::unavailable('the guard')->body();
    foreach (['', 'echo 1;', 'ob_start(); echo 1; exit(2);', 'throw new Error("1");'] as $code) {
        same($body, guarded($code), $code);
    }
});

test('what was written before an answer is thrown away, flushed or not', function (): void {
    $answer = '(new OpenXPort\Http\Response())->begin(200, []); echo "answer";';
    foreach (['', 'echo 1;', 'echo 1; ob_flush();', 'ob_start(); echo 1;'] as $code) {
        same('answer', guarded($code . $answer), $code);
    }
});

test('what was written before the guard is thrown away', function (): void {
    $code = 'ob_start(); echo 1; OpenXPort\Http\OutputGuard::start('
        . 'static fn () => OpenXPort\Http\Problem::failed());';
    same(Problem::failed()->body(), process($code)['output']);
});

test('the problem is made only where nobody has answered', function (): void {
    $code = 'OpenXPort\Http\OutputGuard::start(static fn () => error_log("asked"));'
        . '(new OpenXPort\Http\Response())->begin(200, []);';
    same('', process($code)['log']);
});

test('a buffer that nobody can end stops no answer', function (): void {
    $code = 'ob_start(null, 0, 0); (new OpenXPort\Http\Response())->begin(200, []); echo "answer";';
    same('answer', guarded($code));
});

test('an answer that comes after other output is none', function (): void {
    $answer = process('echo "noise"; flush();'
        . '(new OpenXPort\Http\Response())->begin(200, []); echo "answer";');
    same('noise', $answer['output']);
    contains('has written output already', $answer['log']);
});
