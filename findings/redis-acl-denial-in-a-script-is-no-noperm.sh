#!/usr/bin/env bash
# What ACL denies inside of a script is not NOPERM, and the server does not count it as such.
#
# One would guess: a user without the right to a command gets NOPERM for it, wherever it is called; so a client tells
# missing rights from faults by the code of the error, `redis.pcall` in a script gives the same error as the client would
# get, and an alert on `errorstat_NOPERM` of INFO sees that rights are missing.
#
# What happens: the same command of the same user is NOPERM when the client sends it, and plain ERR when a script calls it,
# for commands and for keys. The sentence is another one too, and does not name the command, nor the key. In the errorstats
# it disappears among all other ERR. Only ACL LOG knows it, with the context `lua`. So whoever maps NOPERM to "check the
# rights of the user" stays silent for everything that is done by scripts, which is where queues, limiters and locks do
# their work; and a rollout of a stricter ACL that breaks them raises no NOPERM anywhere.
#
# Versions: redis-server 7.0.15 (any 7 in PATH is tried). Needs redis-server and redis-cli.
# Source: `scriptVerifyACL` in src/script.c of Redis 7; the chapter on ACL of its documentation names NOPERM alone.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
socket="$folder/redis.sock"
trap 'redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
redis-server --version
redis-server --port 0 --unixsocket "$socket" --save '' --dir "$folder" --daemonize yes >/dev/null
for _ in $(seq 100); do redis-cli -s "$socket" ping >/dev/null 2>&1 && break; sleep 0.1; done
admin() { redis-cli -s "$socket" "$@"; }
user() { redis-cli -s "$socket" --user app --pass x --no-auth-warning "$@" | head -n 1; }
counted() { admin info errorstats | tr -d '\r' | sed -n "s/^errorstat_$1:count=//p"; }

admin acl setuser app reset on '>x' '~stock:*' +eval +set >/dev/null
sent=$(user get stock:7)
called=$(user eval "return redis.call('GET', KEYS[1])" 1 stock:7)
caught=$(user eval "return redis.pcall('GET', KEYS[1]).err" 1 stock:7)
admin acl setuser app +get >/dev/null
key_sent=$(user get price:7)
key_called=$(user eval "return redis.call('GET', 'price:7')" 0)
echo "a command, sent:          $sent"
echo "the same, by a script:    $called"
echo "the same, by redis.pcall: $caught"
echo "a key, sent:              $key_sent"
echo "the same, by a script:    $key_called"
echo "counted: NOPERM $(counted NOPERM), ERR $(counted ERR); in ACL LOG: $(admin acl log | grep -c '^lua$') with the context lua"
[[ $sent == NOPERM* && $key_sent == NOPERM* && $called == ERR* && $caught == ERR* && $key_called == ERR* ]] || exit 1
[[ $called != *GET* && $called != *get* && $(counted NOPERM) == 2 ]] || exit 1
