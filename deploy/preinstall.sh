#!/bin/sh
# The user that the service runs as. It stays when the package goes, as its
# files in /var/lib/bbbridge do.
set -e
getent group bbbridge >/dev/null || groupadd --system bbbridge
getent passwd bbbridge >/dev/null ||
  useradd --system --gid bbbridge --home-dir /var/lib/bbbridge --no-create-home --shell /usr/sbin/nologin bbbridge
