# shellcheck shell=bash
#
# What Busbar does that no other does, to look at: `busbar demo`. Sourced by the `busbar` script, whose functions it uses.

# The work that the guest does: it copies a large file, and compares the copy with it after its memory has forgotten both.
readonly DEMO_MIB=16
readonly DEMO_WORK="dd if=/dev/urandom of=/big bs=1M count=$DEMO_MIB 2>/dev/null; n=0; echo; while cp /big /copy && sync && \
echo 3 >/proc/sys/vm/drop_caches && cmp /big /copy; do n=\$((n + 1)); echo \"copies: \$n.\"; done; echo 'copies: differ'"

# What the disk's backend is, one after the other; the image is the same.
readonly DEMO_WAYS=(mapped direct buffered)
readonly DEMO_MODEL_AFTER=5

# demo_type LINE: types a line at the guest's console.
demo_type() { printf '%s\n' "$1" | "${CLIENT_COMMAND[@]}" console con0 --linger 0 >/dev/null 2>&1; }

# demo_copies: prints how many copies the guest has made.
demo_copies() { { grep -ao '^copies: [0-9]*\.' "$DEMO_LOG" || echo 'copies: 0.'; } | sed -n '$s/[^0-9]//gp'; }

# demo_show TEXT: as the line that is always the last of a terminal, or as one more line.
demo_show() { if [[ -t 1 ]]; then printf '\r\033[K%s' "$1"; else printf '%s\n' "$1"; fi; }

# demo_swap_once NUMBER IMAGE: swaps backend or model; REPLY is what was swapped, PAUSE how many microseconds that took.
demo_swap_once() {
  local way=${DEMO_WAYS[$1 % ${#DEMO_WAYS[@]}]} said
  if (($1 % DEMO_MODEL_AFTER == DEMO_MODEL_AFTER - 1)); then
    REPLY="device model"
    said=$("${CLIENT_COMMAND[@]}" model swap disk0 2>&1) || fail "demo: $said"
  else
    REPLY="backend file, $way"
    said=$("${CLIENT_COMMAND[@]}" backend swap disk0 file path "$2" io "$way" 2>&1) || fail "demo: $said"
  fi
  [[ $said =~ pause\ ([0-9]+)\ us ]] || fail "demo: a swap said \"$said\", a pause was expected"
  PAUSE=${BASH_REMATCH[1]}
}

# demo_await_guest WORK: until the guest's shell is there, and copies.
demo_await_guest() {
  local deadline=$((SECONDS + 120))
  until grep -q ":~# " "$DEMO_LOG" 2>/dev/null; do
    busbar_guest_runs "$1" || fail "demo: the guest has ended; its console: $DEMO_LOG"
    ((SECONDS <= deadline)) || fail "demo: the guest has no shell after 120 s; its console: $DEMO_LOG"
    sleep 0.1
  done
  demo_type "$DEMO_WORK"
}

# demo_swap ROUNDS: a guest copies a large file while its disk's backend is swapped every second.
demo_swap() {
  local rounds=$1 number image pauses=() copies longest=0 middle WORK PAUSE
  # What boot_guest and declare_devices look at.
  # shellcheck disable=SC2034
  local guests=1 address="" net="" passt="" card="" disk="" fresh=yes
  make_state_dir guest
  DEMO_LOG=$MADE/con0.log image=$MADE/root0.img
  declare_devices "$MADE/devices"
  client_command
  launch_background --devices "$MADE/devices"
  say "demo: boots a Linux guest (User Mode Linux) whose disk is a file; its console: $DEMO_LOG"
  boot_guest 0 ""
  demo_await_guest "$WORK"
  say "demo: the guest copies a file of $DEMO_MIB MiB, compares the copies, and copies again." \
    "The code and the backend under its disk are swapped every second; Ctrl-C ends this"
  trap 'rounds=0' INT
  for ((number = 0; number < rounds; number++)); do
    sleep 1 || true
    demo_swap_once "$number" "$image"
    ! grep -aq '^copies: differ' "$DEMO_LOG" || fail "demo: a copy differs; the guest's console: $DEMO_LOG"
    busbar_guest_runs "$WORK" || fail "demo: the guest has ended; its console: $DEMO_LOG"
    pauses+=("$PAUSE")
    ((longest > PAUSE)) || longest=$PAUSE
    copies=$(demo_copies)
    demo_show "swap $((number + 1)): $REPLY, the guest waited $PAUSE us (longest $longest us); copies that were right: $copies"
  done
  trap - INT
  [[ ! -t 1 ]] || echo
  ((${#pauses[@]})) || return 0
  middle=$(printf '%s\n' "${pauses[@]}" | sort -n | sed -n "$(((${#pauses[@]} + 1) / 2))p")
  echo "${#pauses[@]} swaps under a running guest: it waited $middle us (median), $longest us at the most;" \
    "$(demo_copies) copies of $DEMO_MIB MiB, each compared, none wrong; errors of the disk:" \
    "$("${CLIENT_COMMAND[@]}" vdpa dev vstats show disk0 | awk '{ for (i = 1; i < NF; i++) if ($i == "errors") sum += $(i + 1) } END { print sum + 0 }')"
}
