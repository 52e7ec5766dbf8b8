#!/bin/sh
# Debian says "remove" and RPM how many will be left: an upgrade stops nothing.
set -e
case "$1" in
  remove | 0)
    if [ -d /run/systemd/system ]; then
      systemctl disable --now bbbridge.service bbbridge.socket
    fi
    ;;
esac
