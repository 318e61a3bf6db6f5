#!/usr/bin/env bash
# `SET key value NX PXAT <a time that is over>` replies OK to everybody who sends it, and sets nothing.
#
# One would guess: an expiry that cannot be is an error, as it is with `EX 0` or `PX -5` ("invalid expire time"); or OK means
# that the key was set, at least for an instant, so that of two clients who send it at the same moment only one gets OK.
# PXAT looks like the right option for a lock that is to end at a known time, which is what several servers should agree on.
#
# What happens: a time in the past is taken, the reply is OK, and the key is not there at any moment. The next client gets
# OK as well, and so does each of a hundred. A client whose clock is behind that of the server by more than its ttl so
# gets every lock that is free, together with all others whose clocks are behind. It is the same without NX, where OK
# means that the key which was there is deleted. With a relative time (`PX`) the clock of the client plays no part.
#
# Versions: redis-server 7.0.15 of Debian 12; the same seen on Valkey 9.1.2. Needs redis-server 6.2 or later and redis-cli.
# Source: `setGenericCommand` in src/t_string.c of both; the page on SET of the documentation does not speak of such times.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool (apt-get install redis-server=5:7.0.15*)"; exit 2; }
done
folder=$(mktemp -d)
socket="$folder/redis.sock"
trap 'redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
redis-server --version
redis-server --port 0 --unixsocket "$socket" --save '' --dir "$folder" --daemonize yes >/dev/null
cli() { redis-cli -s "$socket" "$@"; }
for _ in $(seq 100); do cli ping >/dev/null 2>&1 && break; sleep 0.1; done

# A lock for 30 seconds, by a client whose clock is 40 seconds behind.
until=$(cli eval "local t = redis.call('TIME') return t[1] * 1000 - 40000 + 30000" 0)
first=$(cli set lock one NX PXAT "$until")
there=$(cli exists lock)
second=$(cli set lock two NX PXAT "$until")
at_once=$(seq 100 | sed "s/.*/SET lock & NX PXAT $until/" | cli | grep -c '^OK$' || true)
cli set lock somebody PX 60000 >/dev/null
taken=$(cli set lock three NX PXAT "$until")
over=$(cli set lock three PXAT "$until")
left=$(cli exists lock)
relative=$(cli set lock four NX PX -10000 2>&1 || true)
echo "the first client gets:         $first, and the key exists $there times"
echo "the second client gets:        $second"
echo "of a hundred more get OK:      $at_once"
echo "while somebody holds it:       '$taken' with NX; $over without, and the key exists $left times"
echo "with a time from now, PX:      $relative"
[[ $first == OK && $there == 0 && $second == OK && $at_once == 100 ]] || exit 1
[[ -z $taken && $over == OK && $left == 0 && $relative == *'invalid expire time'* ]] || exit 1
