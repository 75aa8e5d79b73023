#!/usr/bin/env bash
# Runs hotcold over all repositories of an organisation with multi-gitter (https://github.com/lindell/multi-gitter), which
# clones each one and runs a command in it:
#
#     multi-gitter.sh fix ORGANISATION [FLAG...]    multi-gitter opens a pull request where `hotcold fix` changed something
#     multi-gitter.sh bot ORGANISATION [FLAG...]    `hotcold bot` keeps its own pull request in each repository
#
# Prefer `bot` for anything that runs more than once: it brings its pull request up to date when the base moves, closes it
# when nothing is left, proposes nothing again that was declined, and leaves alone what somebody else pushed, while
# multi-gitter skips a repository whose branch is there already. Prefer `fix` for a single campaign that you steer with
# `multi-gitter status`, `merge` and `close` beside others, or on a forge that the bot does not know.
#
# Both programs must be on PATH, and a token that may read the repositories, push and open pull requests in GITHUB_TOKEN
# (or GITLAB_TOKEN, with `--platform gitlab`). Flags go to multi-gitter: `--dry-run --log-level debug` with `fix` shows
# what would change, `--repo OWNER/NAME` names single repositories. Repositories without a hotcold.toml stay as they are;
# for one that counts for all, write "hotcold fix --config $PWD/hotcold.toml" below.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: multi-gitter.sh fix|bot ORGANISATION [FLAG...]" >&2
  exit 2
fi
mode=$1 organisation=$2
shift 2

case "$mode" in
  fix)
    # `hotcold fix` ends with 0 whether or not it changed a file, and with 2 if something could not be read or proved:
    # then multi-gitter opens no pull request and names the repository at the end.
    exec multi-gitter run "hotcold fix" \
      --org "$organisation" \
      --branch hotcold/import-placement \
      --pr-title "Move imports to where they are needed" \
      --pr-body "Made by \`hotcold fix\`, which proved each edit: nothing but imports and their comments changes." \
      --concurrent 4 \
      "$@"
    ;;
  bot)
    # In a workflow of GitHub this variable names the workflow's own repository; here the clone's remote counts.
    unset GITHUB_REPOSITORY CI_PROJECT_ID
    exec multi-gitter print "hotcold bot" --git-type cmd --org "$organisation" --concurrent 4 "$@"
    ;;
  *)
    echo "error: \`$mode\` is neither \`fix\` nor \`bot\`" >&2
    exit 2
    ;;
esac
