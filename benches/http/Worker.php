<?php

declare(strict_types=1);

/** The one PHP worker of a private environment, seen from outside through /proc. */
final class Worker
{
    private const TICK_MILLIS = 10;

    private readonly int $pid;

    /** Of the database's server; null where the database is in the worker itself. */
    private readonly ?int $server;

    public function __construct(string $tree)
    {
        $master = (int) file_get_contents("$tree/run/php-fpm.pid");
        $children = preg_split('/\s+/', trim((string) file_get_contents("/proc/$master/task/$master/children")));
        if (count($children) !== 1) {
            throw new RuntimeException('php-fpm has ' . count($children) . ' workers; one is measured');
        }
        $this->pid = (int) $children[0];
        $server = "$tree/run/mariadb.pid";
        $this->server = is_file($server) ? (int) file_get_contents($server) : null;
    }

    /** CPU time since its start, user and system, in milliseconds. */
    public function cpuMillis(): float
    {
        // Field 1 of schedstat is nanoseconds on the CPU, where stat has steps of 10 ms.
        return (int) file_get_contents("/proc/$this->pid/schedstat") / 1e6;
    }

    /** The same, with what the database's server has used for it. */
    public function cpuMillisWithDatabase(): float
    {
        if ($this->server === null) {
            return $this->cpuMillis();
        }
        // Its threads come and go, so only the whole process counts them all.
        $stat = (string) file_get_contents("/proc/$this->server/stat");
        $fields = explode(' ', substr($stat, strrpos($stat, ')') + 2));

        return $this->cpuMillis() + ((int) $fields[11] + (int) $fields[12]) * self::TICK_MILLIS;
    }

    /** What is resident now, in MiB. */
    public function residentMib(): float
    {
        return $this->status('VmRSS');
    }

    /** Forgets the peak so far, so that {@see peakMib()} is that of what follows. */
    public function resetPeak(): void
    {
        file_put_contents("/proc/$this->pid/clear_refs", '5');
    }

    public function peakMib(): float
    {
        return $this->status('VmHWM');
    }

    /** How many files, sockets and pipes it has open. */
    public function descriptors(): int
    {
        return count(scandir("/proc/$this->pid/fd")) - 2;
    }

    private function status(string $name): float
    {
        preg_match("/^$name:\s+(\d+) kB/m", (string) file_get_contents("/proc/$this->pid/status"), $match);

        return (int) $match[1] / 1024;
    }
}
