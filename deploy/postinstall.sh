#!/bin/sh
# Debian says "configure" and the version before, if there was one; RPM says how
# many there are now.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
case "$1:$2" in
  configure: | 1:*)
    cat <<'TEXT'
Set public_url in /etc/bbbridge/bbbridge.toml. Then start bbbridge, and open the
link that it prints, to make the first account:

    systemctl enable --now bbbridge
    journalctl -u bbbridge | grep admin/setup
TEXT
    ;;
  *)
    if [ -d /run/systemd/system ]; then
      systemctl try-restart bbbridge.service
    fi
    ;;
esac
