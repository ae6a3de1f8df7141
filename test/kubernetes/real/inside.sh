#!/bin/bash
# First process of the real node's namespaces (mount, network, pid): $1 is the node's folder, $2 the node's address.
# Whatever is mounted, routed or started in here is gone with it.
set -e
ip link set lo up
# A bridge without a port has no carrier and would be no route; a dummy device is not in every kernel.
ip link add node0 type bridge
ip addr add "$2/24" dev node0
ip link set node0 up
# Sockets, logs and locks of containerd, the kubelet and CNI, on this machine under fixed names.
mount -t tmpfs none /run
mount -t tmpfs none /var/log
mkdir -p /run/containerd /run/lock /var/log/containers /var/log/pods /run/lib /run/lib-work
# The kubelet keeps its plugins' sockets in /var/lib/kubelet, whatever its --root-dir.
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/lib,workdir=/run/lib-work overlay /var/lib
# The kubelet sets these three for the whole machine; it finds its own values and leaves ours alone.
own() {
  echo "$2" > "$1/$3"
  mount --bind "$1/$3" "/proc/sys/$4"
}
own "$1" 1 overcommit_memory vm/overcommit_memory
own "$1" 10 panic kernel/panic
own "$1" 1 panic_on_oops kernel/panic_on_oops
touch "$1/inside.ready"
# Collects containers' shims and whatever else is left to process 1.
while :; do
  sleep 3600 &
  wait $! || true
done
