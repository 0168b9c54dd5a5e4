<?php

declare(strict_types=1);

/** A user of the private Roundcube, over JMAP and over its web pages, on one connection. */
final class Client
{
    private readonly CurlHandle $curl;
    private readonly string $origin;
    private readonly string $password;
    private ?string $apiUrl = null;
    private string $accountId = '';
    private ?string $token = null;

    /** How many requests {@see exchange()} has sent. */
    public int $exchanges = 0;

    public function __construct(string $tree, string $users, public readonly string $user)
    {
        $this->origin = 'http://127.0.0.1:' . file_get_contents("$tree/run/web.port");
        preg_match('/^' . preg_quote($user) . '\t(.*)$/m', (string) file_get_contents($users), $match);
        $this->password = $match[1];
        $this->curl = curl_init();
    }

    /** Makes method calls; `#ACCOUNT` in them stands for the account's id. */
    public function jmap(array $calls): string
    {
        if ($this->apiUrl === null) {
            $session = json_decode($this->request("$this->origin/?_task=jmap", jmap: true), true, flags: JSON_THROW_ON_ERROR);
            $this->apiUrl = $session['apiUrl'];
            $this->accountId = $session['primaryAccounts']['urn:ietf:params:jmap:contacts'];
        }
        $body = json_encode([
            'using' => ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:contacts'],
            'methodCalls' => $calls,
        ], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);

        return $this->request($this->apiUrl, str_replace('#ACCOUNT', $this->accountId, $body), jmap: true);
    }

    /** Roundcube's own export of the personal address book. */
    public function export(): string
    {
        $this->token ??= $this->login();

        return $this->request("$this->origin/?_task=addressbook&_action=export&_source=0&_token=$this->token");
    }

    /**
     * Roundcube's own import of vCards into the personal address book: in the place of all that
     * is there or, as its page proposes, looking for each contact's equals first.
     */
    public function import(string $vcards, bool $replaces): string
    {
        $this->token ??= $this->login();
        $file = new CURLStringFile($vcards, 'contacts.vcf', 'text/vcard');

        return $this->request("$this->origin/?_task=addressbook&_action=import", [
            '_token' => $this->token,
            '_target' => '0',
            '_replace' => $replaces ? '1' : '',
            '_groups' => '0',
            '_file[]' => $file,
        ]);
    }

    /** The rows of the user through PDO; see fetch.php. */
    public function fetch(): string
    {
        return $this->request("$this->origin/fetch.php?user=" . rawurlencode($this->user));
    }

    /**
     * Any request to a path of the server, whatever comes of it, with the user's password or
     * with other credentials.
     *
     * @param list<string> $headers
     * @return array{int, string} status and body
     */
    public function exchange(string $path, ?string $body = null, array $headers = [], ?string $credentials = null): array
    {
        $this->exchanges++;
        curl_setopt_array($this->curl, [
            CURLOPT_URL => $this->origin . $path,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_HTTPGET => $body === null,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_USERPWD => $credentials ?? "$this->user:$this->password",
        ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => $body]));
        $answer = curl_exec($this->curl);
        if (!is_string($answer)) {
            throw new RuntimeException("$path: " . curl_error($this->curl));
        }

        return [curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE), $answer];
    }

    private function login(): string
    {
        curl_setopt($this->curl, CURLOPT_COOKIEFILE, '');
        preg_match('/name="_token" value="(\w+)"/', $this->request("$this->origin/"), $match);
        $this->request("$this->origin/?_task=login", http_build_query([
            '_task' => 'login',
            '_action' => 'login',
            '_token' => $match[1],
            '_user' => $this->user,
            '_pass' => $this->password,
        ]), expected: 302);
        preg_match('/"request_token":"(\w+)"/', $this->request("$this->origin/?_task=addressbook"), $match);

        return $match[1];
    }

    private function request(string $url, string|array|null $body = null, bool $jmap = false, int $expected = 200): string
    {
        curl_setopt_array($this->curl, [
            CURLOPT_URL => $url,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_HTTPGET => $body === null,
            CURLOPT_HTTPHEADER => $jmap ? ['Content-Type: application/json'] : [],
            CURLOPT_USERPWD => $jmap ? "$this->user:$this->password" : null,
        ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => $body]));
        $answer = curl_exec($this->curl);
        $status = curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE);
        if (!is_string($answer) || $status !== $expected) {
            throw new RuntimeException("$url: $status " . curl_error($this->curl) . ' ' . substr((string) $answer, 0, 500));
        }

        return $answer;
    }
}
