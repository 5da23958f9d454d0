# Finds the Node 24 that came with `npm ci` (or the one on the PATH). Sourced by the entry points; needs $root.
# After: DROVER_NODE is the program to run.
case "$(uname -m)" in
  x86_64) drover_arch=x64 ;;
  aarch64 | arm64) drover_arch=arm64 ;;
  *) drover_arch=unknown ;;
esac
DROVER_NODE="$root/node_modules/node-linux-$drover_arch/bin/node"
if [ ! -x "$DROVER_NODE" ]; then
  DROVER_NODE=$(command -v node || true)
  if [ -z "$DROVER_NODE" ] || [ "$("$DROVER_NODE" -p 'process.versions.node.split(".")[0] >= 24')" != true ]; then
    echo "drover: needs Node 24 or later. Run: npm ci (in $root)" >&2
    exit 69
  fi
fi
if [ ! -d "$root/node_modules" ] && [ ! -e "$root/dist" ]; then
  echo "drover: nothing is installed yet. Run: npm ci (in $root)" >&2
  exit 69
fi
