<?php

declare(strict_types=1);

require __DIR__ . '/harness.php';

const TYPES = [
    OpenXPort\Bridge::class,
    OpenXPort\Body::class,
    OpenXPort\Output::class,
    OpenXPort\Server::class,
    OpenXPort\LoginAttempt::class,
];

/** Everything about a class that its users can notice. */
const DESCRIBE = <<<'PHP'
    $describe = static function (string $name): array {
        $class = new ReflectionClass($name);
        $methods = [];
        foreach ($class->getMethods() as $method) {
            $parameters = [];
            foreach ($method->getParameters() as $parameter) {
                $parameters[] = $parameter->getType() . ' $' . $parameter->getName()
                    . ($parameter->isOptional() ? '?' : '');
            }
            $return = $method->isConstructor() ? '' : ': ' . $method->getReturnType();
            $methods[$method->getName()] = '(' . implode(', ', $parameters) . ')' . $return
                . ($method->isStatic() ? ' static' : '') . ($method->isPublic() ? '' : ' hidden');
        }
        ksort($methods);
        $constants = $class->getConstants();
        ksort($constants);
        $kind = ($class->isInterface() ? 'interface' : 'class') . ($class->isFinal() ? ' final' : '');
        return [$kind, $methods, $constants];
    };
    PHP;

eval(DESCRIBE);

test('the stubs are what the extension has', function () use ($describe): void {
    $code = 'require ' . var_export(__DIR__ . '/../stubs/openxport.php', true) . ';' . DESCRIBE
        . 'echo json_encode(array_map($describe, ' . var_export(TYPES, true) . '));';
    $output = shell_exec(escapeshellarg(PHP_BINARY) . ' -n -r ' . escapeshellarg($code));
    $stubs = json_decode((string) $output, true, 16, JSON_THROW_ON_ERROR);
    same(array_combine(TYPES, $stubs), array_combine(TYPES, array_map($describe, TYPES)));
});

test('the stubs leave nothing of the extension out', function (): void {
    $extension = new ReflectionExtension('openxport');
    $names = $extension->getClassNames();
    sort($names);
    $wanted = TYPES;
    sort($wanted);
    same($wanted, $names);
    // The one function is how these tests make it panic; see src/php/fault.rs.
    same(['openxport\inject_panic'], array_map('strtolower', array_keys($extension->getFunctions())));
});

test('the endpoint is of the extension\'s version', function (): void {
    same(OpenXPort\Endpoint::EXTENSION, phpversion('openxport'));
});
