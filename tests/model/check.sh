#!/bin/sh
# check.sh [quick|full|mutations]: runs the model. Needs spin and gcc. One line per run; ends with "N passed, N failed".
# quick: under two minutes, 0.7 GB; mutations: half a minute; full: a quarter of an hour, up to 5 GB.
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
passed=0 failed=0
# mutations are found at once: compiling takes longer than searching
case ${1:-quick} in full) optimise=-O2 ;; quick) optimise=-O1 ;; *) optimise=-O0 ;; esac
one() {   # expected(ok|error) name "definitions" ["compiler flags" ["pan flags"]]
	cd "$work" && rm -f ./* && cp "$here/epoch.pml" . || exit 2
	spin -a $3 epoch.pml >spin.log 2>&1 || { cat spin.log; exit 2; }
	gcc -w $optimise ${4:--DSAFETY} -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=${MEMLIM:-6000} -o pan pan.c || exit 2
	./pan -m400000 -w24 $5 >out.log 2>&1
	n=$(grep -c 'errors: 0' out.log)
	full=$(grep -c -E 'Search not completed|max search depth too small|out of memory' out.log)
	got=error; [ "$n" = 1 ] && got=ok; [ "$full" = 0 ] || [ -e epoch.pml.trail ] || got=partial
	[ "$got" != error ] || [ -e epoch.pml.trail ] || got=broken      # pan itself failed: no story of an error
	verdict=as-expected; passed=$((passed + 1))
	[ "$got" = "$1" ] || { verdict=WRONG; passed=$((passed - 1)); failed=$((failed + 1)); }
	echo "$verdict $got $2 [$3 $4] states $(awk '/states, stored/{print $1; exit}' out.log) depth $(sed -n 's/.*depth reached \([0-9]*\).*/\1/p' out.log | head -1)" \
		"MB $(awk '/total actual/{print int($1)}' out.log) s $(awk '/elapsed time/{print $4}' out.log)" \
		"$(grep -m1 -E 'assertion violated [^+]' out.log | sed 's/^pan:1: //' | cut -c1-120)"
}
A="-DND=2 -DM0=2 -DM1=1 -DSTORIES=1"
C="-DCIRCLE -DNOFOLLOW -DM0=3 -DM1=3 -DCRASHES=0 -DABORTS=0 -DDEATHS=2"
quick() {
	one ok "2+2" ""
	one ok "2+2, no abort marks" "-DNO_R1B -DCRASHES=2"
	one ok "2+2, no cycle: every run ends" "-DABORTS=0" -DNP -l
	one ok "2+2, poison" "-DPOISON"
	one ok "2+2, epoch limit 1" "-DEPMAX=1"
	one ok "2+2, epoch limit 2" "-DEPMAX=2"
	one ok "2+2, any resemblance" "-DLIKE -DCRASHES=0"
	one ok "one partition, any resemblance, against the reference" "-DDETERM -DM0=4 -DM1=0"
	one ok "one partition, first look, against the reference" "-DRAW -DSTAGED -DDETERM -DM0=4 -DM1=0 -DCRASHES=0 -DABORTS=0"
	one ok "first look" "-DRAW -DSTAGED -DSTORIES=2 -DCRASHES=0 -DABORTS=0"
	one ok "first look, duplicates that are not followed" "-DRAW -DSTAGED -DNOFOLLOW -DSTORIES=2 -DCRASHES=0 -DABORTS=0"
	one ok "first look, poison" "-DRAW -DPOISON -DSTORIES=1 -DCRASHES=0"
	one ok "first look, a partition goes and comes back" "-DRAW -DREBS=1 -DSTORIES=1 -DCRASHES=0 -DABORTS=0"
	one ok "first look, repeats that might wait in a circle" "$C"
	one ok "first look, no cycle" "-DRAW -DSTORIES=1 -DCRASHES=0 -DABORTS=0" -DNP -l
	one ok "revisions" "-DREV -DSTORIES=2 -DCRASHES=0 -DABORTS=0"
	one ok "two daemons, crash and takeover" "$A -DNOJOURNAL -DKICKS=0 -DREBS=0"
	one ok "two daemons, rebalance and zombie" "$A -DNOJOURNAL -DCRASHES=0 -DABORTS=0"
	one ok "two daemons with a journal" "$A -DCRASHES=0 -DABORTS=0"
}
full() {
	one ok "2+2, 2 crashes, 2 aborts" "-DCRASHES=2 -DABORTS=2"
	one ok "2+2, no cycle" "" -DNP -l
	one ok "3+3, two stories" "-DM0=3 -DM1=3 -DSTORIES=2 -DCRASHES=1 -DABORTS=0"
	one ok "2+3" "-DM0=2 -DM1=3"
	one ok "first look, all stories" "-DRAW -DCRASHES=0"
	one ok "first look, two stories" "-DRAW -DSTORIES=2"
	one ok "first look, one partition, against the reference" "-DRAW -DSTAGED -DDETERM -DM0=4 -DM1=0 -DCRASHES=0 -DREBS=1"
	one ok "first look, 3+2, one story" "-DRAW -DM0=3 -DM1=2 -DSTORIES=1 -DCRASHES=0 -DABORTS=0"
	one ok "first look, no cycle" "-DRAW -DSTAGED -DSTORIES=2 -DCRASHES=0 -DABORTS=0" -DNP -l
	one ok "revisions" "-DREV -DSTORIES=2"
	one ok "any resemblance, poison" "-DLIKE -DPOISON"
	one ok "first look, duplicates wait until their owner was published earlier: no deadlock" "-DRAW -DX_EARLIER -DCRASHES=0 -DABORTS=0"
	one ok "two daemons, everything once" "$A -DNOJOURNAL -DDEATHS=1"
	one ok "two daemons, all stories, nobody dies" "-DND=2 -DM0=2 -DM1=1 -DNOJOURNAL -DABORTS=0 -DDEATHS=0"
	one ok "two daemons, no cycle" "$A -DNOJOURNAL -DABORTS=0 -DDEATHS=1" -DNP -l
	one ok "two daemons, first look" "$A -DNOJOURNAL -DRAW -DABORTS=0 -DDEATHS=1"
	one ok "two daemons with a journal, everything once" "$A -DDEATHS=1"
	one ok "two daemons with a journal, all stories, nobody dies" "-DND=2 -DM0=2 -DM1=1 -DABORTS=0 -DDEATHS=0"
}
mutations() {
	one error "the first text" "-DPLAN"
	one error "the first text, two daemons" "$A -DPLAN"
	one error "R1 off" "-DNO_R1 -DNO_R1B -DCRASHES=2"
	one error "abort marks, but no head for an epoch without entries" "-DNO_R1 -DCRASHES=2"
	one error "R2 off" "-DNO_R2"
	one error "R3 off" "$A -DNO_R3 -DKICKS=0 -DREBS=0 -DABORTS=0"
	one error "R4 off" "$A -DNO_R4 -DABORTS=0 -DDEATHS=0"
	one error "R5 off" "-DNO_R5 -DEPMAX=1"
	one error "R6 off" "-DDETERM -DM0=3 -DM1=0 -DNO_R6"
	one error "R7 off" "$A -DNO_R7"
	one error "log synced after the commit" "-DX_SYNCLATE"
	one error "log written after the commit" "-DX_LOGLATE"
	one error "unmarked epoch dropped without asking for the offsets" "-DX_DROPALL"
	one error "unmarked epoch kept without asking" "-DX_KEEPALL"
	one error "proof by covering offset, two daemons" "$A -DNOJOURNAL -DX_COVER -DKICKS=0 -DREBS=0"
	one error "proof by any epoch of this daemon" "-DX_ANYEPOCH"
	one error "duplicates do not wait" "-DX_NOCUT"
	one error "pending entry kept after a dead letter" "-DX_PENDDEAD"
	one error "pending entry kept after loss of the assignment" "$A -DX_PENDKEEP"
	one error "pending entry kept after a revocation" "$A -DX_PENDREV"
	one error "promotion before the commit" "-DX_PROMOTE"
	one error "waiters of a dead owner not judged again" "-DX_NOREJUDGE"
	one error "the turn is not set back" "-DX_TURNKEPT"
	one error "a repeat is bound before what it repeats has been judged" "-DX_EARLYBIND -DRAW -DCRASHES=0 -DABORTS=0"
	one error "repeats of a duplicate or dead record are not released" "-DX_NORELEASE -DRAW -DCRASHES=0 -DABORTS=0"
	one error "duplicates and dead records can still be repeated" "-DX_REGKEPT -DRAW -DCRASHES=0 -DABORTS=0"
	one error "first look binds to records read later" "$C -DX_ANYORDER"
	one error "a repeat taken back waits for a record read later" "$C -DX_KEEPLINK"
	one error "offsets asked before init_transactions" "-DX_NOINIT"
	one error "own entry counts" "$A -DX_SELF"
	one error "revocation answered while the transaction is open" "$A -DNOJOURNAL -DX_REVOPEN"
	one error "loss answered while an epoch is in hand" "$A -DNOJOURNAL -DX_LOSTOPEN"
	one error "offset fetch that does not wait for a pending commit" "$A -DNOJOURNAL -DX_UNSTABLE"
	one error "no catch-up with the journal" "$A -DX_NOCATCHUP"
}
case ${1:-quick} in quick|full|mutations) ${1:-quick} ;; *) echo "usage: check.sh [quick|full|mutations]"; exit 2 ;; esac
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
