# Images that a new one of the same name replaces. It is sourced.
image_id() { "$1" image inspect --format '{{.Id}}' "$2" 2>/dev/null || true; }
# Removes an image that has no name any more. One that somebody gave a name of his own, or that a container runs from, stays.
forget_image() {
  [ -n "$2" ] && [ "$("$1" image inspect --format '{{len .RepoTags}}' "$2" 2>/dev/null)" = 0 ] || return 0
  "$1" rmi "$2" >/dev/null 2>&1 || true
}
