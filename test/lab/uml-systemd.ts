/**
 * First program of a guest with systemd: the host's files under a writable layer in memory become the root, Debian's own
 * systemd is started there, and the job is a service of it. HOLDFAST_SYSTEMD_ROOT names the root of another Debian instead.
 */
export const SYSTEMD_INIT = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t tmpfs -o size=900M tmpfs /run
mkdir -p /run/kernel/lib/modules /run/upper /run/work /run/root
ln -s "/usr/lib/uml/modules/$(uname -r)" /run/kernel/lib/modules/
modprobe -d /run/kernel -a overlay ipv6 veth dummy ip_vs > /dev/null 2>&1
mount -t overlay -o lowerdir="$SYSTEM",upperdir=/run/upper,workdir=/run/work overlay /run/root
cd /run/root
mkdir -p old
mount -t proc proc proc; mount -t sysfs sysfs sys; mount -t devtmpfs dev dev
mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
for folder in "$JOB" $FOLDERS; do mkdir -p "./$folder"; mount -t hostfs -o "$folder" none "./$folder"; done
if [ ! -e "./$REPOSITORY/package.json" ]; then mkdir -p "./$REPOSITORY"; mount -t hostfs -o "$REPOSITORY" none "./$REPOSITORY"; fi
pivot_root . old
cd /
rm -f /etc/systemd/system/*.wants/* /usr/lib/systemd/system/*.wants/* 2> /dev/null
mkdir -p /run/systemd/system
printf '[Unit]\\nRequires=lab.service\\nAfter=lab.service\\n' > /run/systemd/system/lab.target
cat > /run/systemd/system/lab.service <<END
[Unit]
DefaultDependencies=no
Wants=systemd-journald.socket
After=systemd-journald.socket
[Service]
Type=oneshot
TimeoutStartSec=infinity
Environment=HOME=/tmp TERM=dumb PATH=$PATH
ExecStart=/bin/sh -c 'stty -F /dev/tty1 raw; sh $JOB/job.sh < /dev/null > /dev/tty1 2>&1; echo $\\$? > $JOB/status; stty -F /dev/tty1 raw; sync; echo o > /proc/sysrq-trigger; sleep 60'
END
ip link set lo up
exec /lib/systemd/systemd --system --unit=lab.target --log-target=kmsg --show-status=false < /dev/null > /dev/null 2>&1
`;
