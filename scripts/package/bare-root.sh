#!/usr/bin/env bash
# What a person's machine at its barest goes through: a root folder with Node 22, npm, `env`, `sh`, the C and C++ libraries, and nothing
# else; in it install, set up, study, the service (against a stand-in for systemctl that runs the unit's command), upgrade, uninstall.
# Needs root, for chroot. Usage: scripts/package/bare-root.sh NODE NPM-FOLDER PACKAGE NEWER-PACKAGE
set -eu -o pipefail
node=$1 npm=$2 package=$3 newer=$4
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
chmod 755 "$root"
trap 'umount "$root/proc" 2>/dev/null; rm -rf --one-file-system "$root"' EXIT

put() { mkdir -p "$root$(dirname "$1")" && cp -L "$1" "$root$1"; }
libraries() { ldd "$@" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u; }
mkdir -p "$root"/{tmp,dev,etc,proc,usr/bin,bin,usr/lib/node_modules,home/me,packages}
for program in /usr/bin/env /bin/sh; do put "$program"; done
cp "$node" "$root/usr/bin/node"
for library in $(libraries "$node" /usr/bin/env /bin/sh); do put "$library"; done
cp -r "$npm" "$root/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
for file in /etc/resolv.conf /etc/hosts /etc/nsswitch.conf ${NODE_EXTRA_CA_CERTS:-}; do [ ! -e "$file" ] || put "$file"; done
for library in /lib/x86_64-linux-gnu/libnss_{dns,files}.so.2 /lib/x86_64-linux-gnu/libresolv.so.2; do [ ! -e "$library" ] || put "$library"; done
mknod -m 666 "$root/dev/null" c 1 3; mknod -m 666 "$root/dev/urandom" c 1 9; mknod -m 666 "$root/dev/zero" c 1 5
chmod 1777 "$root/tmp"
# The kernel's figures of a process's memory, which every Linux has.
mount -t proc proc "$root/proc" || mount --bind /proc "$root/proc"
echo 'me:x:1000:1000::/home/me:/bin/sh' > "$root/etc/passwd"
cp "$here/stand-in-systemctl.js" "$root/usr/bin/systemctl"
chmod 755 "$root/usr/bin/systemctl"
cp "$package" "$root/packages/old.tgz"
cp "$newer" "$root/packages/new.tgz"
chown -R 1000:1000 "$root/home/me"

inside() {
  chroot --userspec=1000:1000 "$root" /usr/bin/env -i HOME=/home/me PATH=/home/me/.npm-global/bin:/usr/bin:/bin \
    NPM_CONFIG_PREFIX=/home/me/.npm-global XDG_RUNTIME_DIR=/home/me/run NO_COLOR=1 \
    ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} "$@"
}
say() { printf '\n== %s\n' "$*"; }
step() { say "$@"; inside "$@"; }
expect() { grep -qE "$1" || { echo "bare-root.sh: nothing says $1" >&2; exit 1; }; }

inside sh -c :
for absent in python3 git cc c++ gcc make cmake tar; do
  if inside sh -c "command -v $absent" >/dev/null; then echo "bare-root.sh: $absent is in the root" >&2; exit 1; fi
done
step npm install -g --no-audit --no-fund /packages/old.tgz
step tidemark --version
step tidemark setup
step tidemark setup
step tidemark doctor || true
step tidemark study --models bf16,4bit-fp32 --iterations 3 ${STUDY_OPTIONS:-}
step tidemark service install
inside tidemark service status | tee >(cat >&2) | expect 'running as process'
step tidemark runs list
step npm install -g --no-audit --no-fund /packages/new.tgz
inside tidemark status | tee >(cat >&2) | expect 'and this command is version'
inside tidemark doctor | tee >(cat >&2) | expect 'The daemon is version .*, and this command is version'
inside tidemark service status | tee >(cat >&2) | expect 'another version|not the one that this version'
step tidemark service install
inside tidemark service status | tee >(cat >&2) | expect 'running as process'
inside tidemark status | tee >(cat >&2) | expect "$(inside tidemark --version)|idle|waiting|no model"
step tidemark service uninstall
step tidemark setup --remove
step npm uninstall -g tidemark
say 'What is left'
left=$(cd "$root/home/me" && find . -type f -o -type l | grep -v '^\./\.npm/' | sort)
printf '%s\n' "$left"
if printf '%s\n' "$left" | grep -vE '/share/tidemark/(history\.sqlite|logs/|run/)|^\./run/' | grep .; then
  echo 'bare-root.sh: more is left than the history' >&2
  exit 1
fi
say 'All of it held.'
