# SPDX-License-Identifier: GPL-2.0-only
"""Scripts for dom0 that more than one suite runs."""

# The packaged tools, each with its success and its failure.
TOOLS = r"""
export XENSTORED_PATH=%s
p=/lab-tools
check() {
	want=$2
	got=$(eval "$3" 2>&1)
	got=${got//$'\n'/ }
	[ "$got" = "$want" ] && return
	echo "not ok $1: wanted \"$want\" got \"$got\""
	bad=yes
}
check write "" "xenstore-write $p/a 1 $p/b/c two"
check read "1 two" "xenstore-read $p/a $p/b/c"
check read-missing "2" "xenstore-read $p/none > /dev/null 2>&1 || echo -n 2"
check list "a b" "xenstore-list $p"
check ls "a = \"1\" b = \"\"  c = \"two\"" "xenstore-ls $p"
check ls-full "$p/a = \"1\"   (n0) $p/b = \"\"   (n0) $p/b/c = \"two\"   (n0)" \
	"xenstore-ls -fp $p"
check exists "yes" "xenstore-exists $p/a && echo -n yes"
check exists-not "no" "xenstore-exists $p/zz || echo -n no"
check chmod "$p/a = \"1\"   (n0,r5) $p/b = \"\"   (n0) $p/b/c = \"two\"   (n0)" \
	"xenstore-chmod $p/a n0 r5; xenstore-ls -fp $p"
check chmod-recurse "$p/b/c = \"two\"   (b0,r7)" \
	"xenstore-chmod -r $p/b b0 r7; xenstore-ls -fp $p/b"
check watch "$p/w $p/w/x" \
	"timeout 15 xenstore-watch -n 2 $p/w & for i in \$(seq 50); do sleep 0.2
	 xenstore-write $p/w/x 1; kill -0 \$! 2>/dev/null || break; done; wait"
check rm "" "xenstore-rm $p/b; xenstore-exists $p/b/c && echo still"
check rm-tidy "" "xenstore-rm -t $p/w/x; xenstore-rm $p"
check gone "no" "xenstore-exists $p || echo -n no"
[ -z "$bad" ]
"""

CONCURRENT = r"""
n=0
for i in 1 2 3 4; do
	xsclient /dev/xen/xenbus check /lab-many/$i > /tmp/many.$i &
	pids="$pids $!"
done
XENSTORED_PATH=/dev/xen/xenbus xenstore-ls / > /dev/null &
pids="$pids $!"
XENSTORED_PATH=/run/xenstored/socket xenstore-ls / > /dev/null &
pids="$pids $!"
for p in $pids; do wait $p || n=$((n + 1)); done
grep -h FAIL /tmp/many.*
grep -h done /tmp/many.* | sort | uniq -c
xenstore-rm /lab-many
exit $n
"""
