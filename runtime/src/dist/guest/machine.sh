# shellcheck shell=bash
#
# A small Linux for QEMU that sends TCP when it is told, for `busbar bench net`. Sourced by the `busbar` script, behind guest.sh;
# nothing here needs root.
#
#   busbar_machine_make FOLDER   puts the files "kernel" and "initrd" into FOLDER
#
# Environment:
#   BUSBAR_MACHINE_PACKAGE   package whose kernel it is, or that depends on that, default: linux-image-amd64. It is downloaded by
#                            apt, not installed, and kept in the user's cache folder

# Each needs those before it; what the kernel has built in has no file.
readonly BUSBAR_MACHINE_MODULES=(virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net)

busbar_machine_make() {
    local folder=$1 work rc=0
    work=$(mktemp -d) || return 1
    { busbar_machine_get_kernel "$work" && busbar_machine_fill "$folder" "$work/root"; } || rc=1
    rm -rf -- "$work"
    return "$rc"
}

# Prints the name of the package that has the kernel itself.
busbar_machine_package() {
    local package=${BUSBAR_MACHINE_PACKAGE:-linux-image-amd64} depends
    depends=$(apt-cache depends "$package" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    printf '%s\n' "${depends:-$package}"
}

# Sets BUSBAR_MACHINE_CACHE to the folder with "kernel" and modules, after a download if need be; WORK is for files.
busbar_machine_get_kernel() {
    local work=$1 package
    package=$(busbar_machine_package)
    BUSBAR_MACHINE_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/busbar/machine/$package
    [[ ! -e $BUSBAR_MACHINE_CACHE/kernel ]] || return 0
    busbar_guest_say "gets the kernel of package $package, once"
    if ! (cd "$work" && apt-get -q download "$package" >output 2>&1); then
        busbar_guest_say "package $package could not be downloaded: $(tail -n 1 "$work/output")." \
            "Set BUSBAR_MACHINE_PACKAGE to a package with a Linux kernel and its modules, or try \"apt-get update\""
        return 1
    fi
    mkdir -p "$work/unpacked" "$work/found" "${BUSBAR_MACHINE_CACHE%/*}" || return 1
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/unpacked" || return 1
    find "$work/unpacked" -path '*/boot/vmlinuz-*' -exec mv {} "$work/found/kernel" \; || return 1
    if [[ ! -e $work/found/kernel ]]; then
        busbar_guest_say "package $package has no kernel: expected a file boot/vmlinuz-*. BUSBAR_MACHINE_PACKAGE says which package is taken"
        return 1
    fi
    busbar_machine_keep_modules "$work" || return 1
    # Whoever is faster, the other's is as good.
    mv -T -- "$work/found" "$BUSBAR_MACHINE_CACHE" 2>/dev/null || [[ -e $BUSBAR_MACHINE_CACHE/kernel ]]
}

busbar_machine_keep_modules() {
    local work=$1 name module
    for name in "${BUSBAR_MACHINE_MODULES[@]}"; do
        module=$(find "$work/unpacked" -name "$name.ko*" -print -quit)
        case $module in
            *.xz) xz -dc -- "$module" >"$work/found/$name.ko" || return 1 ;;
            *.zst) zstd -qdc -- "$module" >"$work/found/$name.ko" || return 1 ;;
            *.ko) cp -- "$module" "$work/found/$name.ko" || return 1 ;;
            *) ;;
        esac
    done
}

# Makes the initial RAM disk, its root file system in ROOT.
busbar_machine_fill() {
    local folder=$1 root=$2 busybox iperf library
    busybox=$(busbar_guest_tool busybox) && iperf=$(busbar_guest_tool iperf3) || return 1
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules} && cp -- "$busybox" "$root/bin/busybox" && cp -- "$iperf" "$root/bin/iperf3" || return 1
    while read -r library; do
        mkdir -p "$root${library%/*}" && cp -L -- "$library" "$root$library" || return 1
    done < <(ldd "$iperf" | grep -o '/[^ ]*')
    find "$BUSBAR_MACHINE_CACHE" -name '*.ko' -exec cp -t "$root/modules" {} + || return 1
    busbar_machine_init >"$root/init" && chmod 0755 "$root/init" || return 1
    cp -- "$BUSBAR_MACHINE_CACHE/kernel" "$folder/kernel" &&
        (cd "$root" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) | gzip -1 >"$folder/initrd"
}

# The first process. The last byte of a card's address is the number of its network, 10.77.NUMBER.0/24. A line "send ADDRESS SECONDS"
# at the serial port sends TCP to an iperf3 and is answered with "rate BITS", of what arrived in a second, or "failed REASON".
busbar_machine_init() {
    cat <<INIT
#!/bin/busybox sh
export PATH=/bin
modules='${BUSBAR_MACHINE_MODULES[*]}'
INIT
    cat <<'INIT'
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $modules; do
    [ ! -e /modules/$module.ko ] || insmod /modules/$module.ko
done
for card in /sys/class/net/eth*; do
    number=$(sed 's/.*:0*//' "$card/address")
    ifconfig "${card##*/}" "10.77.$number.2" netmask 255.255.255.0 up
done
stty -echo <&0
echo ready
while read -r what address seconds; do
    [ "$what" = send ] || break
    if iperf3 -c "$address" -t "$seconds" -f k --connect-timeout 10000 >/tmp/report 2>&1; then
        awk '/receiver/ { printf "rate %d\n", $7 * 1000 }' /tmp/report
    else
        echo "failed $(tail -n 1 /tmp/report)"
    fi
done
poweroff -f
INIT
}
