/**
 * The first process of every instance, `init.sh FOLDER CLOUD_FILE ORPHANED_S`. It runs the instance's script, as
 * cloud-init does, and stays up after it, as a machine does, until it is told to end: then it tells the script, waits for
 * it without a limit (who has one is the cloud), and ends, and with it the instance.
 *
 * It watches the process whose pid and start stand in CLOUD_FILE. A machine must not outlive its cloud for long, however
 * that ended: when no cloud has been there for ORPHANED_S seconds it shuts down, ends whatever is left of the instance and
 * removes the folder. In bash, and without starting anything while all is well, since there is one for each instance.
 */
export const initScript = `#!/usr/bin/env bash
set -u
folder=$1 cloud=$2 orphaned_s=$3
cd "$folder" || exit 1
printf '%s\\n' "$$" >init.pid
child='' asked='' alone=0

runs() { [[ -n $child ]] && kill -0 "$child" 2>/dev/null; }
told() {
  asked=1
  if runs; then kill -TERM "$child" 2>/dev/null; else exit 0; fi
}
ended() { if [[ -n $asked ]] && ! runs; then exit 0; fi; }
cloud_lives() {
  local pid ticks stat
  { read -r pid ticks <"$cloud" && read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 1
  # What follows the name, which may hold anything: the state is the first word, the start the twentieth.
  # shellcheck disable=SC2086 # its words
  set -- \${stat##*) }
  [[ $1 != [ZX] && \${20} == "$ticks" ]]
}
shut_down_alone() {
  printf 'init: the cloud is gone, so this instance ends\\n'
  trap - TERM CHLD
  if runs; then kill -TERM "$child" 2>/dev/null; fi
  for ((alone = 0; alone < (orphaned_s < 10 ? orphaned_s : 10); alone++)); do
    if ! runs; then break; fi
    sleep 1
  done
  local process found=1
  while ((found)); do
    found=0
    for process in /proc/[0-9]*; do
      if [[ \${process#/proc/} != "$$" ]] && grep -qzxF -- "EC2_INSTANCE_FOLDER=$folder/" "$process/environ" 2>/dev/null; then
        kill -KILL "\${process#/proc/}" 2>/dev/null && found=1
      fi
    done
    if ((found)); then sleep 0.1; fi
  done
  cd / && rm -rf -- "$folder"
  exit 0
}

trap told TERM
trap ended CHLD
trap '' INT HUP
if [[ -e user-data ]]; then
  IFS= read -r interpreter <user-data
  # shellcheck disable=SC2086 # its words, as the kernel would read them
  (trap - TERM CHLD INT HUP; exec \${interpreter#'#!'} ./user-data) &
  child=$!
fi
exec 7<> <(:) # never has anything to read
while :; do
  read -r -t 1 -u 7
  ended
  if cloud_lives; then alone=0; elif ((++alone >= orphaned_s)); then shut_down_alone; fi
done
`;

/** Stands first in an instance's PATH under the names below: what shuts a machine down must not shut this one down. */
export const shutdownScript = (folder: string) => `#!/bin/sh
# Ends this instance alone.
kill -TERM "$(cat '${folder.replaceAll("'", "'\\''")}/init.pid')"
`;

export const SHUTDOWN_NAMES = ["shutdown", "poweroff", "halt", "reboot"] as const;
