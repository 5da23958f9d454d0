/**
 * The first process of the keeper's namespace, for bash 4.4 or newer: it starts a program for every line that it reads.
 * Starting costs a process in proportion to its own memory, and this one has next to none. Its argument is the folder
 * with the files of every start: `N.words` says what to start, the pipes `N.out`, `N.err`, `N.status` and `N.go` are
 * opened again for each. Words are read as they are, up to a NUL; none of them is ever looked at as a piece of script.
 *
 *   make N   makes the pipes of N; answers `made N`
 *   exec N   becomes the first word, which says on `N.status` how its program ended, and reads `N.go` itself
 *   wait N   waits for a byte on `N.go`, runs the words, and says how they ended
 *
 * The words: how many follow for the shell; folder, file for descriptor 5, limits for ulimit, then what to run. Whatever
 * comes after them is left to be read on descriptor 7. `N.go` is opened for both, so that it never ends by itself:
 * bubblewrap would take an end for its sign to go on. It also reads the list of all mounts after each one of its own:
 * before the first `exec`, what is mounted below /sys and shown to no program is taken off the namespace's list, and what
 * all programs see is mounted below the folder of the second argument (see prepared-root.ts), if there is one. Where that
 * fails the root gets another name, so that bubblewrap finds none, and no program is blamed for what it does not find in it.
 * When there is nobody any more to send lines, everything ends at once, and the first folder goes.
 */
export const STARTER_SCRIPT = String.raw`
set -m
cd "$1" || exit
slim() {
  local mount spare=()
  while read -r -a mount; do
    [[ \${mount[4]} != /sys/?* ]] || spare+=("\${mount[4]}")
  done </proc/self/mountinfo
  ((\${#spare[@]} == 0)) || umount --lazy -- "\${spare[@]}" 2>/dev/null
}
prepare() {
  local devices=$1/devices
  mount --all --fstab "$1/fstab" &&
    cp --archive -- /dev/{null,zero,full,random,urandom,tty} "$1/links/." "$devices" &&
    mount -o remount,bind,ro,nosuid,noexec "$devices"
}
begin() {
  exec </dev/null >"$1.out" 2>"$1.err" 6<>"$1.go" 7<"$1.words"
  { echo 500 >/proc/self/oom_score_adj; } 2>/dev/null
  mapfile -d '' -t -n 1 -u 7 count
  mapfile -d '' -t -n "\${count[0]}" -u 7 words
  local cwd=\${words[0]} file=\${words[1]} limits=\${words[2]}
  words=("\${words[@]:3}")
  [[ -z $file ]] || exec 5<"$file"
  [[ -z $limits ]] || ulimit $limits || exit
  cd -- "$cwd" || exit
  printf '{"pid": %d}\n' "$BASHPID" >&4
}
run-exec() {
  begin "$1"
  exec -c -- "\${words[@]}"
}
run-wait() {
  begin "$1"
  trap : TERM
  exec 7>&2 2>/dev/null
  read -r -N 1 -u 6 || exit
  "\${words[@]}" 2>&7 4>&- 5<&- 6>&- 7>&-
  printf '{"exit-code": %d}\n' $? >&4
}
while read -r verb n; do
  case $verb in
    make) mkfifo -m 622 "$n".{out,err,status,go} && echo "made $n" || echo "failed $n" ;;
    exec) ((outfitted++)) || { slim; [[ -z $2 ]] || prepare "$2" >/dev/null 2>&1 || mv -- "$2/root" "$2/unusable"; } ;;&
    exec | wait) { "run-$verb" "$n" 4>"$n.status" || echo "failed $n"; } & ;;
  esac
done
kill -KILL -1
rm -rf -- "$1"
`.replaceAll("\\$", "$");
