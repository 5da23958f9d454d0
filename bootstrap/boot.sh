#!/usr/bin/env bash
# Brings this machine to the release that the fleet's signed channel file names, and keeps what runs when it cannot.
#
#   boot.sh [once]          install, start, verify, switch; safe to repeat, does nothing when nothing changed
#   boot.sh stay            once, then watch over the daemons in the foreground; for machines without systemd
#   boot.sh forget VERSION  forgive a release that this instance has refused
#
# Exit: 0 the wanted release runs · 3 an older one is kept, and why is reported · 1 nothing runs.
# Needs: bash, curl >= 7.88, tar with gzip, OpenSSL >= 3, coreutils and util-linux' flock.
#
# Settings come from the environment:
#   DROVER_BUCKET, AWS_REGION            where the releases are; AWS_ENDPOINT_URL for another S3
#   DROVER_RELEASE_KEYS                  base64 public keys (Ed25519, SPKI), any of which may have signed
#   DROVER_HOME                          /var/lib/drover
#   DROVER_INSTANCE                      this machine's name; without it the metadata service's instance-id
#   DROVER_MIN_SERIAL                    older channel files are refused from the first boot on
#   DROVER_DAEMONS                       agent; what this machine runs of a release: agent, autoscaler, or both
#   DROVER_HEALTH_TIMEOUT_S              60: a new daemon has this long to say that it works
#   DROVER_SYSTEMD                       1 or 0; without it: whether systemd runs this machine
#
# What lies in DROVER_HOME:
#   releases/VERSION   complete when it is there: it is unpacked elsewhere and renamed
#   artifacts/SHA256   big things whose files releases share: the Node runtime, packages of services
#   current, previous  links: what starts after a reboot, what to go back to
#   lanes/a … f, x, y  a place for one daemon each, agents in a to f: two stand side by side during a change
#   state/             highest serial seen, refused releases, the problem to report
#   shared/            written by daemons: slot leases, the wish for an update, the wish to end the machine
set -euo pipefail
umask 022
export LC_ALL=C

readonly EMPTY_SHA256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
# The autoscaler leaves within seconds, agents may have jobs of an hour.
readonly AGENT_LANES='a b c d e f' SCALER_LANES='x y'
readonly LANES="$AGENT_LANES $SCALER_LANES"
# A release that fails this often in a row is not tried again.
readonly TRIES=2
# A release that was healthy and then dies this often within this time is left for the one before.
readonly CRASHES=3 CRASH_WINDOW_S=600
readonly DOWNLOAD_TRIES=6
readonly PLAIN='[A-Za-z0-9@_+.-]+(/[A-Za-z0-9@_+.-]+)*'
readonly SHA='[0-9a-f]{64}'
readonly VERSION='[A-Za-z0-9][A-Za-z0-9._-]{0,99}'

problem='' # CODE TEXT: why the wanted release does not run
changed='' # something happened that is worth a boot log in the store

say() {
  local line
  line="$(date -u +%FT%TZ) boot[$$] $*"
  printf '%s\n' "$line" >&2
  printf '%s\n' "$line" >>"$home/log/boot.log"
}

# The first problem is the cause; what follows from it is only said.
trouble() {
  say "PROBLEM $*"
  [[ -n $problem ]] || problem="$*"
  changed=1
}

die() {
  say "FAILED $*"
  problem=${problem:-$*}
  finish
  exit 1
}

# Fault points of the tests: DROVER_BOOT_DIE_AT names one, and the script is killed there.
step() {
  if [[ ${DROVER_BOOT_DIE_AT:-} == "$1" ]]; then kill -KILL "$$"; fi
}

# ---------------------------------------------------------------- settings

configure() {
  : "${DROVER_BUCKET:?is not set: the bucket with the releases}"
  : "${DROVER_RELEASE_KEYS:?is not set: the public keys that may sign a release}"
  home=${DROVER_HOME:-/var/lib/drover}
  health_timeout_s=${DROVER_HEALTH_TIMEOUT_S:-60}
  daemons=${DROVER_DAEMONS:-agent}
  mkdir -p "$home"/{releases,artifacts,downloads,state,log,lanes,shared}
  home=$(cd "$home" && pwd -P)
  check_tools
  systemd=${DROVER_SYSTEMD:-}
  if [[ -z $systemd ]]; then
    systemd=0
    if [[ -d /run/systemd/system ]]; then systemd=1; fi
  fi
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) die "machine-unsupported this machine is a $(uname -m); releases are for x86_64 and aarch64" ;;
  esac
  boot_id=$(</proc/sys/kernel/random/boot_id)
}

# Older ones would fail later, and with a misleading reason.
check_tools() {
  local tool missing=''
  for tool in curl openssl tar gzip sha256sum flock; do
    if ! command -v "$tool" >/dev/null; then missing+=" $tool"; fi
  done
  if [[ -n $missing ]]; then die "tools-missing this machine lacks:$missing"; fi
  if [[ ! $(curl -q --version) =~ ^curl\ ([0-9]+)\.([0-9]+) ]] || ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 7088)); then
    die "tools-missing curl must be 7.88 or newer, it signs the requests"
  fi
  if [[ ! $(openssl version) =~ ^OpenSSL\ ([0-9]+) ]] || ((BASH_REMATCH[1] < 3)); then
    die "tools-missing OpenSSL must be 3 or newer, it verifies the signature of releases"
  fi
}

# One boot at a time. The kernel frees the lock however this process ends.
lock() {
  exec 9>>"$home/state/lock"
  flock 9
}

# ---------------------------------------------------------------- S3

# Asks the metadata service (IMDSv2); the token is sent through standard input, never in an argument.
metadata() {
  local base=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
  base=${base%/}
  if [[ -z ${metadata_token:-} ]]; then
    metadata_token=$(curl -q --silent --fail --noproxy '*' --max-time 3 --retry 3 --retry-all-errors -X PUT \
      -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$base/latest/api/token") || return 1
  fi
  curl -q --silent --fail --noproxy '*' --max-time 3 --retry 3 --retry-all-errors --config - "$base/latest/meta-data/$1" \
    <<<"header = \"X-aws-ec2-metadata-token: $metadata_token\""
}

json_text() { # NAME JSON: the value of one string
  [[ $2 =~ \"$1\"[[:space:]]*:[[:space:]]*\"([^\"\\]*)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

credentials() {
  region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
  if [[ -n ${AWS_ACCESS_KEY_ID:-} ]]; then
    key_id=$AWS_ACCESS_KEY_ID secret_key=${AWS_SECRET_ACCESS_KEY:-} session_token=${AWS_SESSION_TOKEN:-}
  else
    local role answer
    role=$(metadata iam/security-credentials/) || return 1
    answer=$(metadata "iam/security-credentials/${role%%[[:space:]]*}") || return 1
    key_id=$(json_text AccessKeyId "$answer") || return 1
    secret_key=$(json_text SecretAccessKey "$answer") || return 1
    session_token=$(json_text Token "$answer") || return 1
    [[ -n $region ]] || region=$(metadata placement/region) || return 1
  fi
  # They go into curl's configuration, where a quote would end the string.
  [[ $key_id$secret_key$session_token$region =~ ^[A-Za-z0-9/+=_.:-]+$ ]]
}

s3_url() { # KEY
  if [[ -n ${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL:-}} ]]; then
    printf '%s/%s/%s' "${AWS_ENDPOINT_URL_S3:-$AWS_ENDPOINT_URL}" "$DROVER_BUCKET" "$1"
  elif [[ $DROVER_BUCKET == *.* ]]; then # its dots would not match the certificate
    printf 'https://s3.%s.amazonaws.com/%s/%s' "$region" "$DROVER_BUCKET" "$1"
  else
    printf 'https://%s.s3.%s.amazonaws.com/%s' "$DROVER_BUCKET" "$region" "$1"
  fi
}

# A signed request; prints the HTTP status. Extra arguments are curl's.
# curl 7.88 signs the payload hash it finds in x-amz-content-sha256 and does not add one itself.
s3() { # KEY PAYLOAD_SHA256 [CURL ARGUMENT…]
  local key=$1 payload=$2
  shift 2
  {
    printf 'url = "%s"\n' "$(s3_url "$key")"
    printf 'aws-sigv4 = "aws:amz:%s:s3"\n' "$region"
    printf 'user = "%s:%s"\n' "$key_id" "$secret_key"
    printf 'header = "x-amz-content-sha256: %s"\n' "$payload"
    if [[ -n $session_token ]]; then printf 'header = "x-amz-security-token: %s"\n' "$session_token"; fi
  } | curl -q --silent --show-error --fail --proto '=https,http' --connect-timeout 10 \
    --speed-limit 1 --speed-time 30 --write-out '%{http_code}' --config - "$@"
}

last_error() { # what curl has said at its end; it writes to the boot log
  tail -n 1 -- "$home/log/boot.log"
}

pause() { # ATTEMPT: a growing, jittered pause between tries
  local cap_ms=$((200 * 2 ** $1))
  local ms=$((RANDOM % (cap_ms > 10000 ? 10000 : cap_ms)))
  sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
}

size_of() { stat -c %s -- "$1" 2>/dev/null || printf 0; }

# Fetches an object of known size and hash; what an earlier try or run has got already is kept.
download() { # KEY TARGET SHA256 BYTES
  local key=$1 target=$2 sha256=$3 bytes=$4 part="$home/downloads/$3.part" status attempt corrupt=0
  for ((attempt = 0; attempt < DOWNLOAD_TRIES; attempt++)); do
    if ((attempt > 0)); then pause "$attempt"; fi
    if (($(size_of "$part") > bytes)); then rm -f -- "$part"; fi
    if (($(size_of "$part") < bytes)); then
      status=$(s3 "$key" "$EMPTY_SHA256" --max-filesize "$bytes" --continue-at - --output "$part" 2>>"$home/log/boot.log") || true
      step downloading
      case $status in
        403 | 404) return 1 ;;
        416) rm -f -- "$part" ;;
      esac
    fi
    if (($(size_of "$part") != bytes)); then continue; fi
    if matches "$part" "$sha256"; then
      mv -f -- "$part" "$target"
      return 0
    fi
    rm -f -- "$part"
    if ((++corrupt == 2)); then return 2; fi
  done
  return 1
}

matches() { # FILE SHA256
  local found
  found=$(sha256sum <"$1")
  [[ ${found%% *} == "$2" ]]
}

# ---------------------------------------------------------------- the channel

# Sets serial, wanted_version, wanted_manifest, and stable_*; returns 1 and names a problem when no channel can be trusted.
read_channel() {
  local file=$home/downloads/channel headers=$home/downloads/channel.headers attempt status='' line
  rm -f -- "$file" "$headers"
  if ! credentials; then
    trouble "credentials-missing no usable credentials in the environment or from the metadata service"
    return 1
  fi
  for ((attempt = 0; attempt < 4; attempt++)); do
    if ((attempt > 0)); then pause "$attempt"; fi
    status=$(s3 releases/channel "$EMPTY_SHA256" --max-time 20 --max-filesize 65536 --dump-header "$headers" --output "$file" 2>>"$home/log/boot.log") && break
    if [[ $status == 40[34] ]]; then break; fi
  done
  if [[ $status != 200 ]]; then
    trouble "channel-unreachable the channel file could not be fetched (HTTP ${status:-none}, $(last_error)); deploy a release, or check network and rights"
    return 1
  fi
  etag=''
  while read -r line; do
    if [[ ${line,,} =~ ^etag:[[:space:]]*\"?([0-9a-f-]+) ]]; then etag=${BASH_REMATCH[1]}; fi
  done <"$headers"
  step channel-fetched
  trust_channel "$file"
}

trust_channel() { # FILE
  local file=$1 first signature payload=$home/downloads/channel.payload key
  IFS= read -r first <"$file" || first=''
  if [[ ! $first =~ ^drover-channel\ 1\ ([A-Za-z0-9+/]{86}==)$ ]]; then
    trouble "channel-malformed the channel file is none, or is cut off"
    return 1
  fi
  signature=${BASH_REMATCH[1]}
  tail -n +2 -- "$file" >"$payload"
  openssl base64 -d -A <<<"$signature" >"$payload.signature"
  for key in $DROVER_RELEASE_KEYS; do
    printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$key" >"$payload.key"
    if openssl pkeyutl -verify -pubin -inkey "$payload.key" -rawin -in "$payload" -sigfile "$payload.signature" >/dev/null 2>&1; then
      accept_channel "$payload"
      return
    fi
  done
  trouble "channel-signature none of this instance's release keys has signed the channel file"
  return 1
}

channel_field() { # NAME: one value of the channel file, which has one on each line
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^\"$1\":\ \"?([^\"]*[^\",])?\"?,?$ ]]; then
      printf '%s' "${BASH_REMATCH[1]}"
      return
    fi
  done <"$payload"
}

accept_channel() { # PAYLOAD, whose signature is good
  local payload=$1 highest=${DROVER_MIN_SERIAL:-0} seen='' hash expires
  serial=$(channel_field serial)
  expires=$(channel_field expires_at_s)
  stable_version=$(channel_field version) stable_manifest=$(channel_field manifest_sha256)
  wanted_version=$stable_version wanted_manifest=$stable_manifest
  if [[ ! $serial =~ ^[0-9]{1,15}$ || ! $expires =~ ^[0-9]{1,15}$ || ! $stable_version =~ ^$VERSION$ || ! $stable_manifest =~ ^$SHA$ ]]; then
    trouble "channel-malformed the channel file is signed, but lacks what it must say; sign it with the Drover of this fleet"
    return 1
  fi
  if [[ $(channel_field fleet) != "$DROVER_BUCKET" ]]; then
    trouble "channel-foreign the channel file was signed for the fleet $(channel_field fleet), this is $DROVER_BUCKET"
    return 1
  fi
  hash=$(sha256sum <"$payload")
  if [[ -e $home/state/serial ]]; then read -r highest seen <"$home/state/serial"; fi
  if ((serial < highest)) || { ((serial == highest)) && [[ -n $seen && $seen != "${hash%% *}" ]]; }; then
    trouble "channel-replayed the channel file has serial $serial, serial $highest was seen before"
    return 1
  fi
  if (($(date +%s) >= expires)); then
    trouble "channel-expired the channel file with serial $serial has expired; sign it anew with: drover release renew"
    return 1
  fi
  printf '%s %s\n' "$serial" "${hash%% *}" >"$home/state/serial.new"
  mv -f -- "$home/state/serial.new" "$home/state/serial"
  choose_canary
}

# The channel names the instances that try the canary: at least one, never all, whatever the fleet's size.
choose_canary() {
  local version manifest name
  version=$(channel_field canary_version)
  manifest=$(channel_field canary_manifest_sha256)
  if [[ ! $version =~ ^$VERSION$ || ! $manifest =~ ^$SHA$ ]]; then return 0; fi
  for name in $(channel_field canary_instances); do
    if [[ $name == "$instance" ]]; then wanted_version=$version wanted_manifest=$manifest; fi
  done
}

# ---------------------------------------------------------------- installing a release

# After it: releases/VERSION is complete, and what it links to is, too.
install_release() { # VERSION MANIFEST_SHA256
  local version=$1 sha256=$2 manifest=$home/downloads/manifest-$2 archives=() line status attempt
  if [[ -e $home/releases/$version/manifest.json ]] && matches "$home/releases/$version/manifest.json" "$sha256" &&
    check_files "$home/releases/$version" "$home/releases/$version/manifest.json" && check_links "$home/releases/$version"; then
    return 0
  fi
  say "installing $version"
  changed=1
  for ((attempt = 0; attempt < 4; attempt++)); do
    if ((attempt > 0)); then pause "$attempt"; fi
    status=$(s3 "releases/$version/manifest.json" "$EMPTY_SHA256" --max-time 60 --max-filesize 16777216 --output "$manifest" 2>>"$home/log/boot.log") && break
    if [[ $status == 40[34] ]]; then break; fi
  done
  if [[ $status != 200 ]]; then
    trouble "release-unreachable the manifest of $version could not be fetched (HTTP ${status:-none}, $(last_error))"
    return 1
  fi
  if ! matches "$manifest" "$sha256"; then
    trouble "manifest-corrupt the manifest of $version is not the one the channel file names"
    return 1
  fi
  step manifest-fetched
  mapfile -t archives < <(archives_of "$manifest")
  if ((${#archives[@]} == 0)); then
    trouble "manifest-corrupt the manifest of $version names no archive for $arch"
    return 1
  fi
  local staged=$home/releases/.staged
  rm -rf -- "$staged"
  mkdir -p "$staged"
  for line in "${archives[@]}"; do
    # shellcheck disable=SC2086 # its words are checked to be plain
    provide_archive "$version" "$manifest" "$staged" $line || return 1
  done
  if ! check_files "$staged" "$manifest"; then
    trouble "release-corrupt the files of $version are not those of its manifest"
    return 1
  fi
  cp -- "$manifest" "$staged/manifest.json" || return 1
  step unpacked
  sync -f "$staged" || return 1
  if [[ -e $home/releases/$version ]]; then # found damaged above
    rm -rf -- "$home/releases/.damaged"
    mv -T -- "$home/releases/$version" "$home/releases/.damaged" || return 1
  fi
  mv -T -- "$staged" "$home/releases/$version" || return 1
  step installed
  rm -f -- "$manifest"
}

archives_of() { # MANIFEST: NAME KEY SHA256 BYTES FROM INTO, a line for each archive that this machine needs
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^\{\"name\":\ \"($VERSION)\",\ \"arch\":\ \"(any|x64|arm64)\",\ \"key\":\ \"($PLAIN)\",\ \"sha256\":\ \"($SHA)\",\ \"bytes\":\ ([0-9]{1,12}),\ \"from\":\ \"($PLAIN)\",\ \"into\":\ \"($PLAIN)\"\},?$ ]]; then
      if [[ ${BASH_REMATCH[2]} == any || ${BASH_REMATCH[2]} == "$arch" ]]; then
        printf '%s %s %s %s %s %s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[5]}" "${BASH_REMATCH[6]}" "${BASH_REMATCH[7]}" "${BASH_REMATCH[9]}"
      fi
    fi
  done <"$1"
}

daemons_of() { # MANIFEST
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^\"daemons\":\ \"([a-z\ ]*)\",?$ ]]; then printf '%s' "${BASH_REMATCH[1]}"; fi
  done <"$1"
}

# The release's own archive goes into the staged folder; others lie beside the releases, and their files are linked.
provide_archive() { # VERSION MANIFEST STAGED NAME KEY SHA256 BYTES FROM INTO
  local version=$1 manifest=$2 staged=$3 name=$4 key=$5 sha256=$6 bytes=$7 from=$8 into=$9
  local file=$home/downloads/$sha256.tar.gz target=$home/artifacts/$sha256 code=0
  if [[ $name != release && -d $target ]]; then
    link_artifact
    return $?
  fi
  if [[ ! -e $file ]] || ! matches "$file" "$sha256"; then
    download "$key" "$file" "$sha256" "$bytes" || code=$?
    if ((code == 2)); then
      trouble "archive-corrupt $key of $version is not what its manifest says"
      return 1
    elif ((code != 0)); then
      trouble "release-unreachable $key of $version could not be fetched whole ($(last_error))"
      return 1
    fi
  fi
  step "downloaded-$name"
  if [[ $name == release ]]; then
    if ! check_archive "$file" "$manifest"; then
      trouble "archive-unsafe $key of $version holds what a release must not: links, devices, other owners or modes, foreign paths"
      return 1
    fi
    unpack "$file" "$staged" || return 1
  else
    if ! check_archive "$file"; then
      trouble "archive-unsafe $key of $version holds what an artifact must not: links, devices, other owners or modes, foreign paths"
      return 1
    fi
    rm -rf -- "$home/artifacts/.staged"
    mkdir -p "$home/artifacts/.staged"
    unpack "$file" "$home/artifacts/.staged" || return 1
    step "unpacked-$name"
    sync -f "$home/artifacts/.staged" || return 1
    mv -T -- "$home/artifacts/.staged" "$target" || return 1
    link_artifact
  fi
  rm -f -- "$file"
}

# Hard links: no second copy, and real files, which a sandbox that shows a service's folder shows, too.
link_artifact() { # within provide_archive
  mkdir -p "$(dirname "$staged/$into")"
  cp --archive --link -- "$home/artifacts/$sha256/$from" "$staged/$into"
}

# Lists before anything is unpacked: plain files of two modes and owner 0 under plain relative paths, nothing else.
# With a manifest: exactly its files, with its modes and sizes.
check_archive() { # FILE [MANIFEST]
  local list=$home/downloads/list line mode path count=0
  local -A wanted=()
  if [[ -n ${2:-} ]]; then
    while IFS= read -r line; do
      if [[ $line =~ ^\{\"path\":\ \"($PLAIN)\",\ \"mode\":\ \"([0-7]{3})\",\ \"bytes\":\ ([0-9]+), ]]; then
        wanted[${BASH_REMATCH[1]}]="${BASH_REMATCH[3]} ${BASH_REMATCH[4]}"
      fi
    done <"$2"
  fi
  tar --list --verbose --gzip --numeric-owner --quoting-style=literal --file "$file" >"$list" 2>>"$home/log/boot.log" || return 1
  while IFS= read -r line; do
    [[ $line =~ ^-rw(-r--r--|xr-xr-x)\ 0/0\ +([0-9]+)\ [0-9-]+\ [0-9:]+\ ($PLAIN)$ ]] || return 1
    mode=644 path=${BASH_REMATCH[3]}
    if [[ ${BASH_REMATCH[1]} == x* ]]; then mode=755; fi
    if [[ /$path/ == */./* || /$path/ == */../* ]]; then return 1; fi
    if [[ -n ${2:-} && ${wanted[$path]:-} != "$mode ${BASH_REMATCH[2]}" ]]; then return 1; fi
    ((++count))
  done <"$list"
  [[ -z ${2:-} ]] || ((count == ${#wanted[@]}))
}

unpack() { # FILE FOLDER
  if ! tar --extract --gzip --no-same-owner --no-same-permissions --file "$1" --directory "$2" 2>>"$home/log/boot.log"; then
    trouble "disk-trouble $(basename "$1") could not be unpacked; is the disk full?"
    return 1
  fi
}

check_files() { # FOLDER MANIFEST: every file of the manifest is there with its hash
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^\{\"path\":\ \"($PLAIN)\",.*\"sha256\":\ \"($SHA)\"\},?$ ]]; then
      printf '%s  %s\n' "${BASH_REMATCH[3]}" "${BASH_REMATCH[1]}"
    fi
  done <"$2" >"$home/downloads/sums"
  [[ -s $home/downloads/sums ]] && (cd "$1" && sha256sum --check --strict --quiet) <"$home/downloads/sums" >>"$home/log/boot.log" 2>&1
}

check_links() { # RELEASE: the artifacts it needs are still there
  local name key sha256 bytes from into
  while read -r name key sha256 bytes from into; do
    if [[ $name != release && ! -e $1/$into ]]; then return 1; fi
  done < <(archives_of "$1/manifest.json")
}

# ---------------------------------------------------------------- daemons
#
# A lane's file `process` says who works there: PID START_TIME BOOT_ID VERSION. It becomes `leaving` when the daemon is to
# drain, and `told` is there when it has been told. A lane is free when neither names a living process. Under systemd the
# unit's state is asked instead.

daemon_of() { # LANE
  if [[ $SCALER_LANES == *"$1"* ]]; then printf autoscaler; else printf agent; fi
}

lanes_of() { # DAEMON
  if [[ $1 == autoscaler ]]; then printf '%s' "$SCALER_LANES"; else printf '%s' "$AGENT_LANES"; fi
}

unit_of() { # LANE
  printf 'drover-%s@%s' "$(daemon_of "$1")" "$1"
}

start_time() { # PID: so that a process id that is used again is not taken for the old one
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086 # its words are numbers
  set -- $stat
  [[ $1 != Z ]] && printf '%s' "${20}"
}

# Prints the process id of a lane's living daemon.
process_of() { # LANE process|leaving
  local pid started boot version
  { read -r pid started boot version <"$home/lanes/$1/$2"; } 2>/dev/null || return 1
  if ((systemd)); then
    case $(systemctl is-active "$(unit_of "$1")") in
      active | activating | deactivating) systemctl show --property MainPID --value "$(unit_of "$1")" ;;
      *) return 1 ;;
    esac
    return
  fi
  [[ $boot == "$boot_id" && $(start_time "$pid") == "$started" ]] && printf '%s' "$pid"
}

version_of() { # LANE process|leaving
  local pid started boot version
  read -r pid started boot version <"$home/lanes/$1/$2" && printf '%s' "$version"
}

lane_running() { # DAEMON VERSION: the lane where it lives
  local lane
  for lane in $(lanes_of "$1"); do
    if process_of "$lane" process >/dev/null && [[ $(version_of "$lane" process) == "$2" ]]; then
      printf '%s' "$lane"
      return
    fi
  done
  return 1
}

free_lane() { # DAEMON
  local lane
  for lane in $(lanes_of "$1"); do
    if ! process_of "$lane" process >/dev/null && ! process_of "$lane" leaving >/dev/null; then
      printf '%s' "$lane"
      return
    fi
  done
  return 1
}

# Daemons that died in their lanes without being told to leave: what a release that boot-loops is known by. One that has
# left in order, because the provider takes the machine back, say, has left a word.
note_deaths() {
  local lane pid started boot version
  for lane in $LANES; do
    { read -r pid started boot version <"$home/lanes/$lane/process"; } 2>/dev/null || continue
    if process_of "$lane" process >/dev/null; then continue; fi
    if [[ $boot == "$boot_id" && ! -e $home/lanes/$lane/run/left ]]; then
      say "the $(daemon_of "$lane") of $version (process $pid) has died"
      printf '%s %s\n' "$(date +%s)" "$version" >>"$home/state/deaths"
    fi
    rm -f -- "$home/lanes/$lane/process"
  done
}

crash_loops() { # VERSION
  local at version count=0 now
  now=$(date +%s)
  [[ -e $home/state/deaths ]] || return 1
  while read -r at version; do
    if [[ $version == "$1" ]] && ((now - at < CRASH_WINDOW_S)); then ((++count)); fi
  done <"$home/state/deaths"
  ((count >= CRASHES))
}

start_daemon() { # VERSION LANE
  local version=$1 lane=$2 place=$home/lanes/$2 daemon node
  daemon=$(daemon_of "$lane")
  mkdir -p "$place/run" "$place/work"
  rm -f -- "$place/run/"{ready,left,words} "$place/"{leaving,told}
  ln -sfn -- "../../releases/$version" "$place/release.new"
  mv -T -- "$place/release.new" "$place/release"
  # Under systemd this is the unit's EnvironmentFile.
  {
    printf 'DROVER_RELEASE=%s\n' "$version"
    printf 'DROVER_RELEASE_SERIAL=%s\n' "${serial:-0}"
    printf 'DROVER_INSTANCE=%s\n' "$instance"
    printf 'DROVER_INSTANCE_ID=%s\n' "$instance.$lane"
    printf 'DROVER_HOME=%s\n' "$home"
    printf 'DROVER_DAEMONS="%s"\n' "$daemons"
    printf 'DROVER_BUCKET=%s\n' "$DROVER_BUCKET"
    printf 'DROVER_WORK_DIR=%s\n' "$place/work"
    printf 'DROVER_READY_FILE=%s\n' "$place/run/ready"
    if [[ -n ${region:-} ]]; then printf 'AWS_REGION=%s\n' "$region"; fi
    local name
    for name in AWS_ENDPOINT_URL AWS_EC2_METADATA_SERVICE_ENDPOINT; do
      if [[ -n ${!name:-} ]]; then printf '%s=%s\n' "$name" "${!name}"; fi
    done
  } >"$place/env"
  say "starting the $daemon of $version in lane $lane"
  changed=1
  step starting
  if ((systemd)); then
    prepare_systemd "$version" "$lane"
    printf '0 0 %s %s\n' "$boot_id" "$version" >"$place/process"
    systemctl reset-failed "$(unit_of "$lane")" 2>/dev/null || true
    systemctl start --no-block "$(unit_of "$lane")"
  else
    node=$place/release/runtime/node
    local pid
    set -m # a process group of its own: Ctrl-C is for us to pass on
    (
      trap - TERM INT
      set -a
      # shellcheck source=/dev/null
      . "$place/env"
      set +a
      cd "$home" # where the fleet's drover.yaml lies
      # Written by the process itself while the lock is held, so that no daemon is ever unknown.
      pid=$BASHPID # within $( ) it would be that shell's
      printf '%s %s %s %s\n' "$pid" "$(start_time "$pid")" "$boot_id" "$version" >"$place/process.new"
      mv -f -- "$place/process.new" "$place/process"
      exec "$node" "$place/release/dist/drover.mjs" "$daemon" </dev/null 9>&- 2> >(exec tee -p >(head -c 65536 >"$place/run/words") >&2 9>&-)
    ) &
    set +m
    disown $! # what becomes of it is ours to say
    # Until it has said who it is.
    while [[ ! -e $place/process ]] && kill -0 $! 2>/dev/null; do sleep 0.01; done
  fi
  step started
}

# What a daemon has said at its beginning; should it end before it is ready, the reason is in there.
last_words() { # LANE
  local line words=''
  while IFS= read -r line; do
    if [[ $line =~ ^[A-Za-z]*Error || $line == *']' || (-n $line && -z $words) ]]; then words=${line//[^[:print:]]/}; fi
  done < <(if ((systemd)); then
    journalctl --unit "$(unit_of "$1")" --lines 30 --output cat 2>/dev/null
  else
    cat -- "$home/lanes/$1/run/words" 2>/dev/null
  fi)
  if [[ -n $words ]]; then printf ', it said: %s' "${words:0:240}"; fi
}

# Units, user and folders as the release says. systemd reads a unit again only when told to.
prepare_systemd() { # VERSION LANE
  local units=$home/releases/$1/bootstrap/systemd unit reload=''
  if ! id -u drover >/dev/null 2>&1; then
    useradd --system --home-dir "$home/shared" --shell /usr/sbin/nologin drover
  fi
  # Nothing in these folders is touched: an agent could have put links there.
  chown --no-dereference drover: "$home/shared" "$home/lanes/$2/run" "$home/lanes/$2/work"
  for unit in "$units"/*; do
    if ! cmp -s -- "$unit" "/etc/systemd/system/${unit##*/}"; then
      cp -- "$unit" "/etc/systemd/system/${unit##*/}"
      reload=1
    fi
  done
  if [[ -d /etc/apparmor.d ]] && ! cmp -s -- "$units/../apparmor/drover-bwrap" /etc/apparmor.d/drover-bwrap; then
    cp -- "$units/../apparmor/drover-bwrap" /etc/apparmor.d/drover-bwrap
    apparmor_parser --replace /etc/apparmor.d/drover-bwrap || say "AppArmor did not take the profile for bwrap"
  fi
  if [[ -n $reload ]]; then systemctl daemon-reload; fi
  systemctl enable --quiet drover-boot.service
  systemctl enable --quiet --now drover-update.path
}

# An agent is healthy when it polls and its first status row is in the store, an autoscaler when it has read the store.
await_health() { # LANE; sets unhealthy to why not
  local lane=$1 deadline=$((SECONDS + health_timeout_s)) what
  what="its $(daemon_of "$lane")"
  while ((SECONDS < deadline)); do
    if [[ -e $home/lanes/$lane/run/ready ]] && process_of "$lane" process >/dev/null; then return 0; fi
    if ! process_of "$lane" process >/dev/null; then
      sleep 0.1 # until its last words are there
      unhealthy="$what ended before it was ready$(last_words "$lane")"
      return 1
    fi
    sleep 0.05
  done
  unhealthy="$what did not become ready within $health_timeout_s s"
  return 1
}

# A daemon cannot become healthy without the cloud, and the release is not to blame for that.
cloud_answers() {
  [[ $unhealthy != *'[cloud-unreachable]'* && $(s3 releases/channel "$EMPTY_SHA256" --max-time 10 --output /dev/null 2>>"$home/log/boot.log") == 200 ]]
}

stop_daemon() { # LANE: at once; for those that never became healthy
  local pid
  if ((systemd)); then
    systemctl kill --signal KILL "$(unit_of "$1")" 2>/dev/null || true
    systemctl reset-failed "$(unit_of "$1")" 2>/dev/null || true
  elif pid=$(process_of "$1" process); then
    kill -KILL -- "-$pid" 2>/dev/null || true
    while process_of "$1" process >/dev/null; do sleep 0.02; done
  fi
  rm -f -- "$home/lanes/$1/process"
}

# Tells every daemon but those in these lanes to drain: an agent takes no new job, finishes its jobs, and frees its slots
# one by one; an autoscaler gives its lead up.
drain_others() { # LANES
  local lane
  for lane in $LANES; do
    if [[ " $1 " == *" $lane "* ]] || ! process_of "$lane" process >/dev/null; then continue; fi
    say "draining the $(daemon_of "$lane") of $(version_of "$lane" process) in lane $lane"
    mv -f -- "$home/lanes/$lane/process" "$home/lanes/$lane/leaving"
    step draining
  done
  tell_leaving
}

# One word for each that is to leave, also when the boot that meant to say it was killed; a second would stop an agent in
# the middle of its jobs. `stay` remembers it, too: the disk may be full.
tell_leaving() { # within stay it sees and adds to `told`
  local lane pid
  for lane in $LANES; do
    if [[ ! -e $home/lanes/$lane/leaving || -e $home/lanes/$lane/told ]] || ! pid=$(process_of "$lane" leaving); then continue; fi
    if [[ ${told:-} == *" $pid "* ]]; then continue; fi
    if ((systemd)); then systemctl stop --no-block "$(unit_of "$lane")"; else kill -TERM "$pid" 2>/dev/null || true; fi
    told="${told:-} $pid "
    { : >"$home/lanes/$lane/told"; } 2>/dev/null || true
  done
}

# ---------------------------------------------------------------- choosing what runs

refused_because() { # VERSION: prints why, when this instance has refused it
  local count version reason
  [[ -e $home/state/refused ]] || return 1
  while read -r count version reason; do
    if [[ $version == "$1" ]] && ((count >= TRIES)); then
      printf '%s' "$reason"
      return
    fi
  done <"$home/state/refused"
  return 1
}

note_failure() { # VERSION COUNT REASON
  local count version reason tries=$2
  {
    if [[ -e $home/state/refused ]]; then
      while read -r count version reason; do
        if [[ $version == "$1" ]]; then tries=$((tries + count)); else printf '%s %s %s\n' "$count" "$version" "$reason"; fi
      done <"$home/state/refused"
    fi
    printf '%s %s %s\n' "$tries" "$1" "$3"
  } >"$home/state/refused.new"
  mv -f -- "$home/state/refused.new" "$home/state/refused"
}

forgive() { # VERSION
  note_failure "$1" 0 forgiven
  local line
  while IFS= read -r line; do
    if [[ ${line#* } != "$1 "* ]]; then printf '%s\n' "$line"; fi
  done <"$home/state/refused" >"$home/state/refused.new"
  mv -f -- "$home/state/refused.new" "$home/state/refused"
}

linked_version() { # current|previous
  local target
  target=$(readlink "$home/$1") && printf '%s' "${target##*/}"
}

point() { # current|previous VERSION
  ln -sfn -- "releases/$2" "$home/$1.new"
  mv -T -- "$home/$1.new" "$home/$1"
}

# The daemons of an installed release live and are healthy, and the link points to it.
bring_up() { # VERSION
  local version=$1 daemon crew lane keep='' current reason=''
  current=$(linked_version current) || current=''
  if reason=$(refused_because "$version"); then
    trouble "release-refused $version is refused by this instance: $reason"
    return 1
  fi
  crew=$(crew_of "$version")
  if [[ -z $crew ]]; then
    trouble "daemon-missing $version has none of the daemons that this machine is to run: $daemons"
    return 1
  fi
  for daemon in $crew; do
    raise "$daemon" "$version" || return 1
    keep+="$lane "
  done
  step healthy
  if [[ $current != "$version" ]]; then
    if [[ -n $current ]]; then point previous "$current"; fi
    point current "$version"
    say "switched from ${current:-nothing} to $version"
    changed=1
  fi
  step switched
  drain_others "$keep"
}

# What this machine is to run of a release: the autoscaler first, so that no agent of a release takes a job when that fails.
crew_of() { # VERSION
  local listed daemon
  listed=$(daemons_of "$home/releases/$1/manifest.json")
  for daemon in autoscaler agent; do
    if [[ " $listed " == *" $daemon "* && " $daemons " == *" $daemon "* ]]; then printf '%s ' "$daemon"; fi
  done
}

# A release that has proven itself before is left alone when it is slow: the store may be away. A new one must prove itself.
raise() { # DAEMON VERSION, within bring_up; sets lane
  local daemon=$1 version=$2 attempt reason=''
  for ((attempt = 1; attempt <= TRIES; attempt++)); do
    if ! lane=$(lane_running "$daemon" "$version"); then
      if ! lane=$(free_lane "$daemon"); then
        trouble "lanes-full older daemons still finish their jobs in every lane; the $daemon of $version starts when one has left"
        return 1
      fi
      start_daemon "$version" "$lane"
    fi
    if await_health "$lane"; then return 0; fi
    if [[ $version == "$current" ]] && process_of "$lane" process >/dev/null; then
      trouble "agent-not-ready the $daemon of $version runs but has not reported within $health_timeout_s s"
      return 0
    fi
    stop_daemon "$lane"
    say "$version is not healthy, $unhealthy (try $attempt of $TRIES)"
    changed=1
    # With nothing to go back to, or without a cloud to work with, a refusal would only keep the machine down.
    if [[ -n $current && $version != "$current" ]] && cloud_answers; then
      note_failure "$version" 1 "$unhealthy"
      if reason=$(refused_because "$version"); then break; fi
    fi
  done
  if [[ -n $reason ]]; then
    trouble "release-refused $version is refused by this instance: $reason"
  else
    trouble "release-unhealthy $version does not start, $unhealthy; it is tried again"
  fi
  return 1
}

once() {
  local candidates=() candidate current previous tried=' ' manifest
  serial='' wanted_version='' stable_version=''
  if ((systemd)) && [[ -e $home/shared/end-wanted ]]; then end_machine; fi
  note_deaths
  current=$(linked_version current) || current=''
  previous=$(linked_version previous) || previous=''
  if [[ -n $current && -n $previous ]] && crash_loops "$current" && ! refused_because "$current" >/dev/null; then
    note_failure "$current" "$TRIES" "it died $CRASHES times within $CRASH_WINDOW_S s"
    say "$current crashes again and again"
  fi
  if read_channel; then
    candidates+=("$wanted_version $wanted_manifest")
    if [[ $wanted_version != "$stable_version" ]]; then candidates+=("$stable_version $stable_manifest"); fi
  fi
  # What runs, then what ran before: they are installed and need no network.
  for candidate in "$current" "$previous"; do
    if [[ -n $candidate ]]; then candidates+=("$candidate -"); fi
  done
  for candidate in ${candidates[@]+"${candidates[@]}"}; do
    manifest=${candidate#* } candidate=${candidate% *}
    if [[ $tried == *" $candidate "* ]]; then continue; fi
    if [[ $manifest != - ]]; then
      if refused_because "$candidate" >/dev/null; then
        trouble "release-refused $candidate is refused by this instance: $(refused_because "$candidate")"
        continue
      fi
      if ! install_release "$candidate" "$manifest"; then continue; fi
    fi
    tried+="$candidate "
    if bring_up "$candidate"; then
      finish
      prune
      if [[ $candidate == "$wanted_version" && -z $problem ]]; then return 0; fi
      return 3
    fi
  done
  die "${problem:-channel-unreachable no release is installed and none could be fetched}"
}

# An agent that has had no job and heard no autoscaler for long asks for it, since nobody else would end this machine. What
# still runs is drained by systemd.
end_machine() {
  rm -f -- "$home/shared/end-wanted"
  say "this machine was forgotten, and ends itself"
  changed=1
  credentials || true
  finish
  shutdown -h now
  exit 0
}

# What the daemons' status rows and the store say about this boot.
finish() {
  if [[ -n $problem ]]; then
    printf '%s\n' "$problem" >"$home/state/problem.new"
    mv -f -- "$home/state/problem.new" "$home/state/problem"
  else
    rm -f -- "$home/state/problem"
  fi
  # A channel that could not be dealt with for want of the network is looked at again.
  if [[ -n ${etag:-} && $problem != *-unreachable* && $problem != disk-* && $problem != release-unhealthy* && $problem != lanes-* ]]; then
    printf '%s\n' "$etag" >"$home/state/etag.new"
    mv -f -- "$home/state/etag.new" "$home/state/etag"
  fi
  if [[ -n $changed && -n ${key_id:-} ]]; then
    tail -n 200 -- "$home/log/boot.log" >"$home/downloads/boot.log"
    local hash
    hash=$(sha256sum <"$home/downloads/boot.log")
    s3 "boot/$instance/$(date -u +%Y%m%dT%H%M%SZ)-$$.log" "${hash%% *}" --max-time 10 --output /dev/null \
      --upload-file "$home/downloads/boot.log" >/dev/null 2>>"$home/log/boot.log" || say "the boot log could not be stored"
  fi
  if (($(size_of "$home/log/boot.log") > 1048576)); then
    mv -f -- "$home/log/boot.log" "$home/log/boot.log.1"
  fi
}

# Keeps what runs, what ran before, and what still drains.
prune() {
  local keep=' ' lane release artifact used=' ' link
  keep+="$(linked_version current) $(linked_version previous || true) "
  for lane in $LANES; do
    if process_of "$lane" leaving >/dev/null; then keep+="$(version_of "$lane" leaving) "; fi
  done
  for release in "$home"/releases/*/; do
    release=${release%/}
    if [[ $keep != *" ${release##*/} "* ]]; then rm -rf -- "$release"; fi
  done
  while IFS= read -r link; do
    if [[ $link =~ artifacts/($SHA) ]]; then used+="${BASH_REMATCH[1]} "; fi
  done < <(for release in "$home"/releases/*/; do
    while read -r _ _ artifact _; do printf 'artifacts/%s\n' "$artifact"; done < <(archives_of "$release/manifest.json")
  done)
  for artifact in "$home"/artifacts/*/; do
    artifact=${artifact%/}
    if [[ -d $artifact && $used != *" ${artifact##*/} "* ]]; then rm -rf -- "$artifact"; fi
  done
  rm -rf -- "$home/releases/.damaged" "$home"/downloads/*
}

# ---------------------------------------------------------------- without systemd

# Watches over the daemons in the foreground, as systemd would: one that dies is started again, a daemon's wish for an
# update or for the machine's end is heard, a first SIGTERM drains, a second one stops.
stay() {
  local script=$1 child='' asked=0 told=' ' stopped=' ' lane
  exec 7<> <(:) # never has anything to read
  trap 'asked=$((asked + 1))' TERM INT
  rm -f -- "$home/shared/end-wanted"
  while ((asked == 0)); do
    rm -f -- "$home/shared/update-wanted"
    if [[ -e $home/current/bootstrap/boot.sh ]]; then script=$home/current/bootstrap/boot.sh; fi
    DROVER_HOME=$home bash "$script" once </dev/null &
    child=$!
    wait "$child" || true
    while [[ ! -e $home/shared/update-wanted ]] && ((asked == 0)); do
      nap 0.25
      if [[ -e $home/shared/end-wanted ]]; then asked=1; fi
      if ! all_well; then
        nap 1
        break
      fi
    done
  done
  kill -TERM "$child" 2>/dev/null || true
  wait "$child" 2>/dev/null || true
  while any_daemon process || any_daemon leaving; do
    if ((asked == 1)); then drain_daemons; else stop_daemons; fi
    nap 0.1
  done
  for lane in $LANES; do rm -f -- "$home/lanes/$lane/"{process,leaving,told}; done
}

# Something was started, and whatever is no more has left in order.
all_well() {
  local lane started=''
  for lane in $LANES; do
    if [[ ! -e $home/lanes/$lane/process ]]; then continue; fi
    started=1
    if [[ ! -e $home/lanes/$lane/run/left ]] && ! process_of "$lane" process >/dev/null; then return 1; fi
  done
  [[ -n $started ]]
}

# A sleep that costs no process.
nap() { # SECONDS
  read -r -t "$1" -u 7 || true
}

any_daemon() { # process|leaving
  local lane
  for lane in $LANES; do
    if [[ -e $home/lanes/$lane/$1 ]] && process_of "$lane" "$1" >/dev/null; then return 0; fi
  done
  return 1
}

# One that is told a second time stops: those that are leaving already, and those we have told, are not told again.
drain_daemons() {
  local lane pid
  for lane in $LANES; do
    if [[ -e $home/lanes/$lane/process ]] && pid=$(process_of "$lane" process) && [[ $told != *" $pid "* ]]; then
      told+="$pid "
      kill -TERM "$pid" 2>/dev/null || true
    fi
  done
  tell_leaving
}

# The second word, for all of them: every job goes back to the queue.
stop_daemons() {
  local lane file pid
  for lane in $LANES; do
    for file in process leaving; do
      if [[ -e $home/lanes/$lane/$file ]] && pid=$(process_of "$lane" "$file") && [[ $stopped != *" $pid "* ]]; then
        stopped+="$pid "
        kill -TERM "$pid" 2>/dev/null || true
      fi
    done
  done
}

# ---------------------------------------------------------------- main

main() {
  local verb=${1:-once}
  configure
  instance=${DROVER_INSTANCE:-}
  if [[ -z $instance ]]; then instance=$(metadata instance-id) || die "instance-unknown set DROVER_INSTANCE: the metadata service gives no name"; fi
  [[ $instance =~ ^[A-Za-z0-9._-]{1,60}$ ]] || die "instance-unknown $instance is no name for an instance"
  case $verb in
    once)
      lock
      once
      ;;
    stay) stay "$0" ;;
    forget)
      lock
      forgive "${2:?which version?}"
      ;;
    *)
      printf 'boot.sh: there is no verb %s. Say once, stay or forget VERSION.\n' "$verb" >&2
      exit 64
      ;;
  esac
}

# Read to its end before anything runs: an update may replace this file meanwhile.
main "$@"
exit
