# Sourced by install and uninstall: where things are on a machine that runs the station as a service.
# shellcheck shell=bash disable=SC2034 # the scripts that source this use what it names

PREFIX=/opt/exam-station
RECORDINGS=/var/lib/station/recordings
CONFIG=/etc/station
INSTALLED=$PREFIX/installed # every file we put outside of PREFIX, one path a line
EXAMPLES=$CONFIG/examples   # configurations as we put them: what still equals its example was not edited

fail() {
    say "$*"
    exit 1
}

need_root() {
    [ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail "Нужны права администратора: sudo $0 …"
}

# configured KEY FILE... : [storage] KEY of those configurations, absolute, one a line; nothing where it is empty.
configured() {
    /usr/bin/python3 - "$@" <<'PYTHON'
import sys, tomllib
from pathlib import Path

key, *files = sys.argv[1:]
for file in map(Path, files):
    try:
        storage = tomllib.loads(file.read_text(encoding="utf-8")).get("storage", {})
    except (OSError, ValueError):
        continue  # whoever starts the room is told what is wrong
    if folder := storage.get(key, "recordings" if key == "folder" else ""):
        print((file.parent / str(folder)).absolute())
PYTHON
}

# rooms : names of the rooms configured here; a room's configuration is that which has a [room].
rooms() {
    local file
    for file in "$ROOT$CONFIG"/*.toml; do
        grep -qs '^\[room\]' "$file" && basename "$file" .toml
    done
    return 0
}

# need_closed_days : refuses while any room that runs has its day open; nothing is stopped under a child's exam.
need_closed_days() {
    local room state
    [ -z "$ROOT" ] || return 0
    for room in $(rooms); do
        systemctl is-active --quiet "station@$room" || continue
        state=$("$PREFIX/bin/station" status --json --config "$CONFIG/$room.toml" |
            /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["state"])' 2>/dev/null) || state="неизвестно"
        [ "$state" = closed ] || fail "В аудитории $room открыт день (состояние: $state). Сначала закройте его:
  station close --config $CONFIG/$room.toml
Если станция не отвечает, остановите её: systemctl stop station@$room"
    done
}

# systemd WORDS... : systemctl on this machine; nothing when files are only being laid out.
systemd() {
    [ -n "$ROOT" ] || systemctl --quiet "$@"
}
