# What the lab's scripts say, and how they end. It is sourced. `script` is the name that a message begins with; `usage`
# prints the caller's help.
say() { printf '%s: %s\n' "$script" "$*"; }
# 3: the environment lacks something, as everywhere in pktgen-ts.
fail() {
  printf '%s: %s\n' "$script" "$*" >&2
  exit 3
}
# 2: an option is wrong.
wrong() {
  printf '%s: %s\n' "$script" "$*" >&2
  usage >&2
  exit 2
}
