# The tests of limited.txt and those named, as a pattern for `swift test --skip`.
limited_tests() {
  local name names
  mapfile -t names < Tests/Sanitizers/limited.txt
  for name in "${names[@]}" "$@"; do
    grep -qr --include='*.swift' "func $name(" Tests || { echo "no test is called $name" >&2; return 1; }
  done
  (IFS='|' && printf '%s' "${names[*]}${*:+|$*}")
}
