# shellcheck shell=bash
#
# The guest of `busbar run`: a small Linux, made on the spot from installed packages, that runs as a User Mode Linux
# process with its root file system on a Busbar disk. Sourced by the `busbar` script; nothing here needs root.
#
#   busbar_guest_available           0 if a guest can be made and run here; else says what is missing and how to get it
#   busbar_guest_make_disk IMAGE     makes the root file system in IMAGE (an existing file is replaced)
#   busbar_guest_make_initrd FILE    makes an initial RAM disk that boots from the first virtio disk of any Linux under
#                                    User Mode Linux, or gives a shell if there is no root file system on that disk
#   busbar_guest_kernel ARGUMENT...  becomes User Mode Linux, in the way that this machine needs; linux.uml beside this file
#                                    is the same as a program
#   busbar_guest_start WORK ARGUMENT...
#                                    boots a guest in the background whose files are in WORK, a folder made by
#                                    busbar_guest_make_work; ARGUMENTs are the kernel's: its devices, what its first process is told
#   busbar_guest_wait WORK           until that guest has ended; returns 1, and says why, if it did not end well
#   busbar_guest_end WORK            ends it at once
#
# Environment:
#   BUSBAR_PID            process that serves the guests' devices: they are ended if it dies
#   BUSBAR_PID_FILE       where the process is noted that has taken them over from that one, if there is one
#   BUSBAR_GUEST_SIZE     size of the image, default 256M
#   BUSBAR_GUEST_MODULES  folder with the modules of the User Mode Linux kernel, default: the one of its package
#
# The guest runs in a process group of its own, since User Mode Linux leaves its helper processes behind when only its
# main process dies. A watcher ends that group when Busbar, or the shell that sourced this file, is gone.

# Where this file is, and what belongs to it.
BUSBAR_GUEST_FOLDER=$(readlink -f -- "${BASH_SOURCE[0]}")
BUSBAR_GUEST_FOLDER=${BUSBAR_GUEST_FOLDER%/*}

busbar_guest_say() {
    printf 'guest: %s\n' "$*" >&2
}

# What the kernel's first process is told, and what it does: BUSBAR_CONSOLE=hvc0, the shell's terminal, tty0 without it;
# BUSBAR_NAME, the host name; BUSBAR_ADDRESS=A.B.C.D/N for eth0, DHCP without it; BUSBAR_HOSTS=NAME=ADDRESS,... for /etc/hosts;
# BUSBAR_UPLINK=A.B.C.D/N,HOST, for eth1: its address, and that of the host; BUSBAR_CARD=NAME, the card that it runs on. Programs
# without libraries know no server of names.

# The path of a program that may be in an administrator's folder, which is not on every user's PATH.
busbar_guest_tool() {
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1"
}

# Prints the path of virtio_blk.ko of the User Mode Linux kernel; 1 if there is none.
busbar_guest_module() {
    local root=${BUSBAR_GUEST_MODULES:-/usr/lib/uml/modules} found
    found=$(find "$root" -name virtio_blk.ko -print 2>/dev/null | sort | tail -n 1)
    [[ -n $found ]] && printf '%s\n' "$found"
}

busbar_guest_available() {
    local -A package=([linux.uml]=user-mode-linux [mkfs.ext4]=e2fsprogs [cpio]=cpio [setarch]=util-linux)
    local missing=() program busybox
    for program in linux.uml mkfs.ext4 cpio setarch; do
        busbar_guest_tool "$program" >/dev/null || missing+=("${package[$program]}")
    done
    if busbar_guest_tool linux.uml >/dev/null && ! busbar_guest_module >/dev/null; then
        busbar_guest_say "no virtio_blk.ko under ${BUSBAR_GUEST_MODULES:-/usr/lib/uml/modules}: expected the kernel" \
            "modules of package user-mode-linux there"
        missing+=(user-mode-linux)
    fi
    if busbar_guest_has_amx && ! { busbar_guest_tool cc >/dev/null && [[ -e /usr/include/stdio.h ]]; }; then
        missing+=(gcc libc6-dev)
    fi
    busybox=$(busbar_guest_tool busybox) || busybox=
    if [[ -z $busybox ]] || ! busbar_guest_is_static "$busybox"; then
        missing+=(busybox-static)
    fi
    ((${#missing[@]} == 0)) && return 0
    busbar_guest_say "no Linux guest can run here yet; get it with"
    busbar_guest_say "    sudo apt-get install ${missing[*]}"
    return 1
}

# Whether processors have AMX, with whose state the kernels of User Mode Linux before 6.13 panic: "ptrace set fp regs failed".
busbar_guest_has_amx() { grep -q -m 1 -w amx_tile /proc/cpuinfo; }

# The installed linux.uml, which is not the file of that name beside this one, also where this folder is on the PATH.
busbar_guest_installed_kernel() {
    local file
    while read -r file; do
        [[ $file -ef $BUSBAR_GUEST_FOLDER/linux.uml ]] || { printf '%s\n' "$file"; return; }
    done < <(PATH="$PATH:/usr/bin" type -a -P linux.uml)
    busbar_guest_say "linux.uml is not installed (Debian and Ubuntu: apt-get install user-mode-linux)"
    return 1
}

# Prints the path of the library that gives the kernel the registers that it does not know of; made at the first time.
busbar_guest_registers() {
    local source=$BUSBAR_GUEST_FOLDER/uml-registers.c cache library made
    cache=${XDG_CACHE_HOME:-${HOME:?HOME and XDG_CACHE_HOME are not set: one is expected, for what is compiled}/.cache}/busbar
    library=$cache/uml-registers.so
    if [[ ! $library -nt $source ]]; then
        (umask 077 && mkdir -p "$cache") && made=$(mktemp "$cache/XXXXXX") || return 1
        if ! cc -O2 -Wall -shared -fPIC -o "$made" "$source" -ldl >&2; then
            rm -f -- "$made"
            busbar_guest_say "processors with AMX need a library for User Mode Linux, and $source could not be compiled" \
                "(Debian and Ubuntu: apt-get install gcc libc6-dev)"
            return 1
        fi
        mv -f -- "$made" "$library"
    fi
    printf '%s\n' "$library"
}

# Becomes the kernel with these arguments. Without randomised addresses, with which it now and then does not start.
busbar_guest_kernel() {
    local kernel library=''
    kernel=$(busbar_guest_installed_kernel) || return 1
    if busbar_guest_has_amx; then
        library=$(busbar_guest_registers) || return 1
        export LD_PRELOAD=$library${LD_PRELOAD:+:$LD_PRELOAD}
    fi
    exec setarch -R "$kernel" "$@"
}

# A dynamically linked program names its loader near its start; inside the guest there is none.
busbar_guest_is_static() {
    ! head -c 4096 -- "$1" | grep -q -a -E '/(ld-linux|ld-musl|ld64|ld\.so)'
}

# Prints a new folder for the files of one guest, whose path may stand in a kernel's command line: that ends a word at a
# blank, and the driver ends the path at a colon. Where the folder for temporary files has such a path it is in /tmp.
busbar_guest_make_work() {
    local work
    work=$(mktemp -d) || return 1
    if [[ $work =~ [^A-Za-z0-9_./+@%,-] ]]; then
        rmdir -- "$work"
        work=$(TMPDIR=/tmp mktemp -d) || return 1
    fi
    printf '%s\n' "$work"
}

busbar_guest_make_disk() {
    local image=$1 size=${BUSBAR_GUEST_SIZE:-256M} work rc=0
    work=$(mktemp -d) || return 1
    busbar_guest_say "makes a root file system in $image"
    { busbar_guest_fill_disk "$image.new" "$size" "$work" && mv -f -- "$image.new" "$image"; } || rc=1
    rm -rf -- "$work" "$image.new"
    return "$rc"
}

busbar_guest_fill_disk() {
    local image=$1 size=$2 work=$3 root=$3/root busybox applets applet
    busybox=$(busbar_guest_tool busybox) || return 1
    applets=$("$busybox" --list) || return 1
    busbar_guest_say "ext4, $size, with the $(wc -w <<<"$applets") commands of $busybox"
    mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,run,mnt,etc,root} && chmod 0700 "$root/root" && chmod 1777 "$root/tmp" &&
        cp -- "$busybox" "$root/bin/busybox" && chmod 0755 "$root/bin/busybox" || return 1
    while read -r applet; do
        [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet" || return 1
    done <<<"$applets"
    ln -s /proc/mounts "$root/etc/mtab"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    ln -s /run/hosts "$root/etc/hosts"
    busbar_guest_init >"$root/sbin/init" && chmod 0755 "$root/sbin/init" || return 1
    busbar_guest_dhcp >"$root/sbin/dhcp" && chmod 0755 "$root/sbin/dhcp" || return 1
    busbar_guest_off >"$root/sbin/off" && chmod 0755 "$root/sbin/off" || return 1
    busbar_guest_profile >"$root/etc/profile"
    rm -f -- "$image" && truncate -s "$size" -- "$image" || return 1
    "$(busbar_guest_tool mkfs.ext4)" -q -F -L busbar -E root_owner=0:0,lazy_itable_init=0 -d "$root" "$image" || return 1
    busbar_guest_own_by_root "$root" "$image"
}

# mkfs takes owners from the folder that it copies: without privilege that is the user, so they are set in the image.
busbar_guest_own_by_root() {
    local root=$1 image=$2
    ((EUID == 0)) && return 0
    (cd "$root" && find . -mindepth 1 -printf 'sif "/%P" uid 0\nsif "/%P" gid 0\n') |
        "$(busbar_guest_tool debugfs)" -w -f - "$image" >/dev/null 2>&1
}

# The guest's first process: mounts, one shell on the console, and power off when that shell ends. The shell is not
# started with '&', which would make it and all that it starts deaf to ctrl-c.
busbar_guest_init() {
    cat <<'INIT'
#!/bin/sh
export PATH=/bin:/sbin HOME=/root USER=root LOGNAME=root SHELL=/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
hostname "${BUSBAR_NAME:-guest}"
{ echo "127.0.0.1 localhost $(hostname)"; echo "$BUSBAR_HOSTS" | tr ',' '\n' | sed -n 's/\(.*\)=\(.*\)/\2 \1/p'; } >/run/hosts
ip link set lo up
if [ -d /sys/class/net/eth0 ]; then
    ip link set eth0 up
    if [ -n "$BUSBAR_ADDRESS" ]; then
        ip address add "$BUSBAR_ADDRESS" dev eth0
    else
        udhcpc -i eth0 -n -q -t 5 -T 1 -s /sbin/dhcp >/dev/null 2>&1
    fi
fi
if [ -d /sys/class/net/eth1 ]; then
    uplink=$(echo "$BUSBAR_UPLINK" | tr ',' ' ')
    set -- $uplink
    ip link set eth1 up
    ip address add "$1" dev eth1
    ip route add default via "$2" dev eth1
fi
console=/dev/${BUSBAR_CONSOLE:-tty0}
if [ -n "$BUSBAR_ROWS" ]; then stty rows "$BUSBAR_ROWS" cols "$BUSBAR_COLS" <$console; fi
cd /root
setsid -c /bin/sh -l <$console >$console 2>&1
cd /
kill -KILL -1
sync
mount -o remount,ro /
exec busybox poweroff -f
INIT
}

# Ends the shell, upon which the first process goes on to power off. The profile makes it the user's poweroff, as a function:
# a busybox shell takes its own commands before those on the path, and its own poweroff expects another first process.
busbar_guest_off() {
    cat <<'OFF'
#!/bin/sh
kill -HUP -1
kill -KILL -1
OFF
}

# What udhcpc calls: takes the address. The router of such a network leads nowhere.
busbar_guest_dhcp() {
    cat <<'DHCP'
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip address flush dev "$interface"
ip address add "$ip/${mask:-24}" dev "$interface"
DHCP
}

busbar_guest_profile() {
    cat <<'PROFILE'
export PATH=/bin:/sbin
export PS1="$(hostname):\w# "
poweroff() { /sbin/off; }
halt() { /sbin/off; }
reboot() { /sbin/off; }
address() {
    local found=$(ip -4 -o address show dev "$1" 2>/dev/null | sed -n 's:.* inet \([0-9.]*\)/.*:\1:p')
    printf '%-10s' "${found:-no address}"
}
cat <<BANNER

  This is Linux $(uname -r), a real kernel${BUSBAR_CARD:+, on the emulated X100 card $BUSBAR_CARD}. What it uses is served by
  Java bundles on Busbar's bus${BUSBAR_CARD:+, that of the card's host, over VOP}:

    /dev/vda   $(($(cat /sys/block/vda/size) / 2048)) MiB, its root disk
BANNER
[ ! -d /sys/class/net/eth0 ] || echo "    eth0       $(address eth0) on the network lan0${BUSBAR_HOSTS:+ with $(echo "$BUSBAR_HOSTS" | sed 's/=[^,]*//g; s/,/, /g')}"
host=$(echo "$BUSBAR_UPLINK" | cut -d, -f2)
[ -z "$host" ] || echo "    eth1       $(address eth1) beside the host, which is $host"
[ -z "$BUSBAR_CONSOLE" ] || echo "    $BUSBAR_CONSOLE       this terminal"
cat <<BANNER

    in a second terminal:  ./busbar vdpa dev show              the devices
                           ./busbar vdpa dev vstats show disk0 counters, as they move
BANNER
[ -z "$BUSBAR_CARD" ] || echo "                           ./busbar x100 link $BUSBAR_CARD             what crosses the link"
cat <<BANNER
    here:                  dd if=/dev/vda of=/dev/null bs=1M   gives the disk some work
BANNER
[ -z "$BUSBAR_HOSTS" ] || echo "                           ping -c 3 $(echo "$BUSBAR_HOSTS" | sed 's/=.*//')                    across the switch"
[ -z "$host" ] || echo "                           wget -qO- http://$host:PORT/    the host's 127.0.0.1:PORT"
cat <<BANNER
                           exit                                powers this Linux off

BANNER
unset BUSBAR_ROWS BUSBAR_COLS BUSBAR_WORK BUSBAR_CONSOLE BUSBAR_NAME BUSBAR_ADDRESS BUSBAR_HOSTS BUSBAR_UPLINK BUSBAR_CARD host
unset -f address
PROFILE
}

busbar_guest_make_initrd() {
    local initrd=$1 work rc=0
    work=$(mktemp -d) || return 1
    busbar_guest_fill_initrd "$initrd" "$work" || rc=1
    rm -rf -- "$work"
    return "$rc"
}

# BUSBAR_WORK, where it is given, is a folder of the host: a guest that cannot boot leaves the reason there.
busbar_guest_fill_initrd() {
    local initrd=$1 work=$2 busybox module name
    busybox=$(busbar_guest_tool busybox) && module=$(busbar_guest_module) || return 1
    mkdir -p "$work"/{bin,dev,proc,sys,disk,modules} && cp -- "$busybox" "$work/bin/busybox" || return 1
    # Each needs those before it.
    for name in block/virtio_blk ../net/core/failover net/net_failover net/virtio_net char/virtio_console; do
        cp -- "${module%/block/virtio_blk.ko}/$name.ko" "$work/modules/" || return 1
    done
    cat >"$work/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
refuse() {
    if [ -n "$BUSBAR_WORK" ]; then
        mount -t hostfs -o "$BUSBAR_WORK" none /disk && echo "$1" >/disk/refused
    else
        echo "$1: this is a shell in the initial RAM disk" >/dev/tty0
        mount -t proc proc /proc
        mount -t sysfs sysfs /sys
        setsid -c sh </dev/tty0 >/dev/tty0 2>&1
    fi
    poweroff -f
}
mount -t devtmpfs devtmpfs /dev
for module in virtio_blk failover net_failover virtio_net virtio_console; do
    insmod /modules/$module.ko
done
tries=0
while [ ! -b /dev/vda ]; do
    tries=$((tries + 1))
    [ $tries -le 100 ] || refuse 'the socket offers no disk'
    usleep 100000
done
mount -t ext4 /dev/vda /disk 2>/dev/null || refuse 'there is no ext4 file system on the disk'
[ -x /disk/sbin/init ] || refuse 'there is no /sbin/init on the disk'
mount -o move /dev /disk/dev
exec switch_root /disk /sbin/init
INIT
    busbar_guest_console_load >"$work/console-load"
    chmod 0755 "$work/init" "$work/console-load" || return 1
    (cd "$work" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) | gzip -1 >"$initrd"
}

# The first process in place of /init (rdinit=/console-load), for "busbar bench console": does what lines at hvc0 say. "send MIB" sends
# a pattern, "take BYTES" takes so many and answers with their MD5, "exit" powers off.
busbar_guest_console_load() {
    cat <<'LOAD'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t devtmpfs devtmpfs /dev
insmod /modules/virtio_console.ko
yes 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-. | tr -d '\n' | head -c 1048576 >/pattern
exec 3<>/dev/hvc0
stty raw -echo <&3
echo ready >&3
while read -r what count <&3; do
    case $what in
        send) while [ "$count" -gt 0 ]; do dd if=/pattern bs=64k 2>/dev/null >&3; count=$((count - 1)); done ;;
        take) head -c "$count" <&3 | md5sum | cut -c 1-32 >&3 ;;
        *) break ;;
    esac
done
poweroff -f
LOAD
}

busbar_guest_start() {
    local work=$1 monitor=0
    shift
    # With job control the guest gets a process group of its own.
    [[ $- == *m* ]] && monitor=1
    set -m
    (
        printf '%s\n' "$BASHPID" >"$work/leader"
        # shellcheck disable=SC2054  # the comma belongs to con0
        busbar_guest_kernel "initrd=$work/initrd.gz" quiet loglevel=0 noreboot panic=-1 con=null con0=null,fd:1 \
            "uml_dir=$work/" umid=guest "BUSBAR_WORK=$work" "TERM=${TERM:-linux}" "$@"
    ) </dev/null >"$work/output" 2>"$work/errors" &
    BUSBAR_GUEST_PID=$!
    ((monitor)) || set +m
    printf '%s\n' "$BUSBAR_GUEST_PID" >"$work/pid"
    busbar_guest_watch "$work" >/dev/null &
    printf '%s\n' "$!" >"$work/watcher"
    disown "$!" # or the shell would say that it was killed
}

# Whether it has not ended; one that has and was not waited for has not.
busbar_guest_runs() {
    local stat
    stat=$(cat "/proc/$(<"$1/pid")/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    [[ ${stat%% *} != Z ]]
}

busbar_guest_wait() {
    local work=$1 rc=0
    wait "$(<"$work/pid")" 2>/dev/null || rc=$?
    busbar_guest_end "$work"
    kill -KILL "$(<"$work/watcher")" 2>/dev/null
    if [[ -s $work/refused ]]; then
        busbar_guest_say "$(<"$work/refused")"
        rc=1
    elif ((rc != 0)); then
        busbar_guest_say "Linux ended with status $rc"
        cat -- "$work/errors" "$work/output" >&2
    fi
    return "$rc"
}

# Ends whatever is left in the guest's process group.
busbar_guest_end() {
    busbar_guest_signal KILL "$1"
}

busbar_guest_signal() {
    local signal=$1 work=$2 leader
    leader=$(cat -- "$work/leader" 2>/dev/null) || return 0
    [[ -z $leader ]] || kill "-$signal" -- "-$leader" 2>/dev/null || true
}

# Runs beside the guest: a shell that waits for a program in the foreground cannot act on anything else, nor one that is killed.
busbar_guest_watch() {
    local work=$1 owner=$$
    # TERM too: whoever ends the shell with its whole process group leaves the guest, which has its own, to this.
    trap '' INT QUIT HUP TERM
    while sleep 0.3; do
        if ! kill -0 "$owner" 2>/dev/null; then
            busbar_guest_end "$work"
            [[ -z ${BUSBAR_PID:-} ]] || kill -TERM "$BUSBAR_PID" 2>/dev/null
            rm -rf -- "$work"
            return
        fi
        if [[ -n ${BUSBAR_PID:-} && -r ${BUSBAR_PID_FILE:-} ]] && ! kill -0 "$BUSBAR_PID" 2>/dev/null; then
            BUSBAR_PID=$(<"$BUSBAR_PID_FILE")
        fi
        if [[ -n ${BUSBAR_PID:-} ]] && ! kill -0 "$BUSBAR_PID" 2>/dev/null; then
            busbar_guest_say "Busbar (process $BUSBAR_PID) is gone, and the guest's devices with it: the guest is ended" \
                2>>"$work/errors"
            busbar_guest_signal TERM "$work"
            sleep 1
            busbar_guest_end "$work"
            BUSBAR_PID= # the shell that sourced this file may be about to end, too
        fi
    done
}
