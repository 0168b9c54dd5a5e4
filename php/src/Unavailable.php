<?php

declare(strict_types=1);

namespace OpenXPort;

/**
 * A fault that will pass: the database is locked or away. The same request may do later.
 *
 * The extension knows this class by its name; a bridge that throws anything else reports a
 * fault that will not pass.
 */
final class Unavailable extends \RuntimeException
{
}
