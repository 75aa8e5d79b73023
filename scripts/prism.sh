#!/usr/bin/env bash
# Runs a command against a mock of GitHub that checks every request against GitHub's full description:
#
#     scripts/prism.sh COMMAND [ARGUMENT...]
#
# The command finds the address in PRISM_URL. If it succeeds, but a request broke the description, this ends with 1 and
# names the violations; with PRISM_LENIENT=1 it does not, for a command that breaks it on purpose and reads the header
# `sl-violations`. The mock answers with GitHub's own examples and takes `Prefer: code=403` for another answer than the
# first. It keeps no state. `--errors` is not for it: GitHub's examples
# break GitHub's schema. Needs node and npm; everything it installs is in a temporary folder that goes with it.
set -euo pipefail

prism=@stoplight/prism-cli@5.16.0
description=@octokit/openapi@23.0.2

if [ $# -eq 0 ]; then
    echo "usage: scripts/prism.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi
folder=$(mktemp -d)
server= command=
stop() {
    for process in $command $server; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Scripts of the packages are not run: the mock works without them.
npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-save --loglevel=error "$prism" >&2
# Of the package with the description, one file of fifteen is needed.
npm pack --silent --pack-destination "$folder" "$description" >/dev/null
tar -xzf "$folder"/octokit-openapi-*.tgz -C "$folder" package/generated/api.github.com.json
rm "$folder"/octokit-openapi-*.tgz

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
export PRISM_URL="http://127.0.0.1:$port"
log="$folder/prism.log"
node "$folder/node_modules/@stoplight/prism-cli/dist/index.js" mock \
    "$folder/package/generated/api.github.com.json" -h 127.0.0.1 -p "$port" >"$log" 2>&1 &
server=$!

# It answers after it has read the description. A port that somebody took in between ends it.
for _ in $(seq 600); do
    if curl --silent --output /dev/null --max-time 5 "$PRISM_URL/meta"; then
        # In the background, because a trap waits for what runs in front.
        "$@" <&0 &
        command=$!
        wait "$command"
        if [ -z "${PRISM_LENIENT:-}" ] && grep -E 'Violation: request|NO_PATH_MATCHED|NO_METHOD_MATCHED' "$log" >&2; then
            echo "requests break GitHub's description" >&2
            exit 1
        fi
        exit
    fi
    if ! kill -0 "$server" 2>/dev/null; then
        break
    fi
    sleep 0.2
done
echo "the mock did not start:" >&2
cat "$log" >&2
exit 1
