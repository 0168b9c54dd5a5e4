<?php

/*
 * JMAP for Roundcube.
 *
 * Answers at ?_task=jmap and, up to Roundcube 1.6, at plugins/jmap/jmap.php.
 */

declare(strict_types=1);

use OpenXPort\Endpoint;
use OpenXPort\Http\OutputGuard;
use OpenXPort\Http\Problem;
use OpenXPort\Http\Request;
use OpenXPort\Http\RequestBody;
use OpenXPort\Http\Response;
use OpenXPort\Roundcube\BaseUrl;
use OpenXPort\Roundcube\Webmail;

// A web server that serves this file itself is asked at the address that older JMAP clients
// know. The request becomes one for the front page, which loads this file again.
if (!class_exists('rcube', false)) {
    $_GET['_task'] = 'jmap';
    $front = dirname($_SERVER['SCRIPT_FILENAME'], 3) . '/index.php';
    $_SERVER['SCRIPT_FILENAME'] = $front;
    foreach (['SCRIPT_NAME', 'PHP_SELF', 'REQUEST_URI'] as $key) {
        $address = (string) ($_SERVER[$key] ?? '');
        $_SERVER[$key] = preg_replace('#/plugins/jmap/jmap\.php#', '/index.php', $address, 1);
    }
    require $front;
    exit;
}

class jmap extends rcube_plugin // Roundcube loads the class by the folder's name.
{
    /** As it came, before Roundcube reads it too. */
    private Request $request;

    /** Runs before Roundcube starts its session. */
    public function onload(): void
    {
        if (!$this->isCalled()) {
            return;
        }
        if (!class_exists(Endpoint::class)) {
            require_once __DIR__ . '/openxport/autoload.php';
        }
        // Neither a warning nor another plugin's output may get into the JSON.
        ini_set('display_errors', '0');
        OutputGuard::start($this->problem(...));
        // Roundcube shows this file's contents when PHP has run out of memory.
        if (!defined('RCUBE_FATAL_ERROR_MSG')) {
            define('RCUBE_FATAL_ERROR_MSG', 'data:,' . rawurlencode(Problem::failed()->body()));
        }
        $this->load_config();
        // No password belongs into a backtrace in a log.
        ini_set('zend.exception_ignore_args', '1');

        $this->request = Request::fromServer($_SERVER, $_GET);
        $this->hideParameters();
        $config = rcube::get_instance()->config;
        $cookie = $config->get('session_name') ?: 'roundcube_sessid';
        if ($this->request->authorization !== null || !isset($_COOKIE[$cookie])) {
            require_once __DIR__ . '/lib/rcube_session_jmap.php';
            $config->set('session_storage', 'jmap');
        }
    }

    public function init(): void
    {
        if ($this->isCalled()) {
            // By then every other plugin has registered its hooks for the login.
            $this->add_hook('startup', [$this, 'answer']);
        }
    }

    public function answer(): void
    {
        if (phpversion('openxport') !== Endpoint::EXTENSION) {
            $this->reportExtension();
            exit;
        }
        foreach (['BaseUrl', 'Bridge', 'Contacts', 'Identities', 'LoginName', 'Webmail'] as $class) {
            require_once __DIR__ . "/lib/{$class}.php";
        }
        $roundcube = rcmail::get_instance();
        // A session of the web pages is looked at and left as it is.
        $roundcube->session->nowrite = true;
        // The extension keeps a deadline of its own, and sees itself when the client has gone.
        set_time_limit(0);
        ignore_user_abort(true);

        $length = $this->request->header('content-length');
        $token = (string) ($_SERVER['HTTP_X_ROUNDCUBE_REQUEST'] ?? '');
        $webmail = new Webmail($roundcube, new BaseUrl($_SERVER), $token);
        $body = new RequestBody(fopen('php://input', 'rb'), $length === null ? null : (int) $length);
        (new Endpoint($webmail, $this->request, $body, new Response()))->answer();
        exit;
    }

    private function reportExtension(): void
    {
        $found = phpversion('openxport');
        rcube::write_log('errors', 'jmap: the PHP extension openxport ' . Endpoint::EXTENSION
            . ' is needed, and ' . ($found === false ? 'none' : $found) . ' is loaded');
    }

    /** What a client is told where the endpoint could not answer. */
    private function problem(): Problem
    {
        return match (true) {
            phpversion('openxport') !== Endpoint::EXTENSION => Problem::unavailable(
                'the administrator must install and enable the PHP extension openxport '
                . Endpoint::EXTENSION,
            ),
            (bool) rcube::get_instance()->get_dbh()->is_error()
                => Problem::unavailable('the database is away'),
            default => Problem::failed(),
        };
    }

    /**
     * Roundcube takes parameters from the body and from cookies too, and acts on some before
     * it asks us: on "_action=error" with an error page.
     */
    private function hideParameters(): void
    {
        $_GET = $_REQUEST = ['_task' => 'jmap'];
        $_POST = [];
        unset($_COOKIE['_task'], $_COOKIE['_action']);
    }

    private function isCalled(): bool
    {
        return ($_GET['_task'] ?? null) === 'jmap';
    }
}
