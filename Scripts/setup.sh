# The set-up that Scripts/run and Scripts/test share: sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Ends with one line on standard error and an exit status after sysexits.h.
fail() {
    echo "flowtok: $2" >&2
    exit "$1"
}

# Installs the Debian packages among the arguments that are missing, and says so; silent where all are there.
install_packages() {
    if ! command -v dpkg-query >/dev/null; then
        echo "flowtok: no dpkg here: install what Debian calls $* by other means" >&2
        return
    fi
    local missing=() package status
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail 69 "missing packages: ${missing[*]} (run as root: apt-get install ${missing[*]})"
        as_root=(sudo)
    fi
    echo "flowtok: installing ${missing[*]}" >&2
    local log
    log=$(mktemp)
    # A fresh machine has no package lists yet; an old list may name files that are gone.
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; then
        if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
            cat "$log" >&2
            rm -f "$log"
            fail 69 "could not install ${missing[*]}"
        fi
    fi
    rm -f "$log"
}

# Everything that building needs.
set_up() {
    command -v swift >/dev/null || fail 69 "no swift in PATH: install Swift 6.3 (https://www.swift.org/install/linux)"
    install_packages libopenblas-dev libpng-dev libjpeg62-turbo-dev libwebp-dev libsentencepiece-dev
}
