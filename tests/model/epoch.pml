/*
 * epoch.pml - the epoch protocol as a model: intake, judge, pending and settled index, epochs, transaction, index log,
 * restart; with ND=2 also rebalance and zombie, each daemon with its own index (NOJOURNAL, as the code is) or with a journal.
 * How to run, what is left out, results: README.md; which step is which function: docs/design.md. All switches are -D options of spin.
 *
 *   ND         daemons (1, 2)             M0, M1     records of partition 0, 1
 *   CRASHES, ABORTS, REBS, KICKS, DEATHS  how often each may happen (DEATHS: any number when not set)
 *   NOJOURNAL  two daemons that know nothing of each other's articles
 *   RAW        first look at intake: byte-equal repeats
 *   STAGED     with RAW: a record may die in the stages before the judge
 *   REV        records have versions: same story, other version = revision
 *   POISON     an aborted batch may lead to the dead letter of anything that was in it
 *   EPMAX      most records in one epoch
 *   LIKE       resemblance is any relation, not only equality of stories
 *   DETERM     fate and resemblance fixed, compare with the sequential reference (use M1=0)
 *   NOFOLLOW   byte-equal repeats do not follow a duplicate (in the code: such as only the limit of revisions withholds)
 *   CIRCLE     the pattern of six records whose repeats once waited in a circle (M0=3, M1=3, RAW)
 *   PLAN       the first text of the design, without the repairs R1-R7 (README.md); or one of them off: NO_R1 ...
 *   X_...      mutations; each must be caught
 */
#ifndef ND
#define ND 1
#endif
#ifndef M0
#define M0 2
#endif
#ifndef M1
#define M1 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef ABORTS
#define ABORTS 1
#endif
#ifndef REBS
#define REBS (ND-1)
#endif
#ifndef DEATHS
#define DEATHS 9
#endif
#ifndef KICKS
#define KICKS 1
#endif
#ifdef PLAN
#define NO_R1
#define NO_R1B
#define NO_R2
#define NO_R3
#define NO_R4
#define NO_R5
#define NO_R6
#define NO_R7
#define X_COVER
#endif
#ifdef NO_R3
#define X_COVER
#endif
#ifdef NOJOURNAL
#define JOURNAL 0
#else
#define JOURNAL (ND > 1)
#endif
#if ND == 1 || defined(NO_R3) || defined(NOJOURNAL)
#define LOGGED                           /* the own log decides what is in the index */
#endif
#ifdef CIRCLE
#define RAW
#endif
#define NR (M0+M1)
#if M1 > 0
#define NP 2
#else
#define NP 1
#endif
#define NONE 15
#define BIT(r)    (1 << (r))
#define HAS(m,r)  (((m) >> (r)) & 1)
#define PART(r)   ((r) >= M0)
#define BASE(p)   ((p) * M0)
#define OFF(r)    ((r) - BASE(PART(r)))
#define LEN(p)    ((p) == 0 -> M0 : M1)
#define R(d,r)    [(d)*NR+(r)]
#define P(d,p)    [(d)*NP+(p)]

/* outcome of a record as a reader sees it: 0 nothing, else */
#define PUB   1
#define DEAD  2
#define DUP   16        /* + owner */
#define REVN  32        /* + base: published article that is a revision */
#define ISPUB(c) ((c) == PUB || (c) >= REVN)

/* state of a record in a daemon (daemon/item.h) */
#define OUTSIDE 0
#define READ    1       /* STAGED or READY: taken in, not judged, or its verdict taken back */
#define REPU    2       /* REPEAT, not bound: waits until what it repeats has been judged */
#define CLASS   3       /* JUDGED: an article, in classification */
#define WAITD   4       /* DONE: duplicate (second look), bound to its owner */
#define FINPUB  5       /* DONE: article */
#define FINDEAD 6       /* DEAD behind the judge */
#define REPB    7       /* REPEAT, bound to an article, or to a duplicate in flight */
#define DEADX   8       /* DEAD without a verdict: in the stages before the judge, or as a repeat */
#define JUDGED(s) ((s) == CLASS || (s) == WAITD || (s) == FINPUB || (s) == FINDEAD)

byte story[NR], ver[NR], rawc[NR];
byte vis[NR];                            /* broker: committed results */
byte cmt[NP];                            /* broker: committed offsets */
byte prf[NP];                            /* ... and the epoch that their metadata names, below */
byte by1;                                /* records whose outcome daemon 1 committed (NOJOURNAL) */

byte st[ND*NR], own[ND*NR];              /* daemon, memory: state, owner (or base of a revision) */
byte pend[ND], setl[ND];                 /* pending and settled index */
byte rawp[ND];                           /* registered: may be repeated (fingerprints in flight) */
byte enr[ND], fail[ND];                  /* of a verdict taken back: classification is there; died in it */
byte seq[ND*NR];                         /* byte-equal records of the other partition that were read earlier, in flight */
byte inp[ND*NP], pos[ND*NP], head[ND*NP];/* next to take in, next to judge, first not published */
byte ph[ND], em[ND];                     /* phase and record set of the epoch in hand */
byte alive[ND];                          /* 0 dead 1 started 2 producer initialised 3 running */
byte has[ND*NP];                         /* partition: 0 no, 1 yes, 2 being taken */

byte txn[ND];                            /* broker: 0 none 1 open 2 offsets accepted 3 EndTxn sent 4 committed 5 aborted by broker */
byte tc[ND*NR];                          /* content */
bit stale[ND];                           /* a rebalance has passed since begin: metadata read then is old */

#define LT 5
byte logM[ND], lt[ND*LT], ln[ND], ls[ND];/* index log: marked part (folded), tail, its length, synced length */
#define EP 64
#define MK 128
#define AB 129

/*
 * The metadata of a committed offset names the epoch that committed it. Numbers would only multiply states; what matters is which head of the log of
 * daemon d they name: the last one; the one before it, while the last one is not synced (a crash may take it away); an older one, or that of another daemon.
 * Without R1 an epoch may have no head: its number is that of a head yet to be written, when the daemon has been started again.
 */
#define LASTHEAD(d)  ((d)+1)
#define PREVHEAD(d)  ((d)+3)
#define OLDHEAD(d)   ((d)+5)
#define NOHEAD(d)    ((d)+7)
#define NEXTHEAD(d)  ((d)+9)

#define JM (NR+ND+1)
byte jm[JM], js[JM], jl, jbase;          /* journal: one item per transaction; 1 open 2 committed 3 aborted; the part all have read, folded */
byte jp[ND], jt[ND*NP], ji[ND];          /* followed to, catch-up target, own item */

byte asg[NP], tgt[NP], memb[ND];         /* group: owner, next owner while a revocation waits, members */
byte deaths = DEATHS;
byte crashes = CRASHES, aborts = ABORTS, rebs = REBS, kicks = KICKS;

hidden byte i, o, q, x, y, z, m2, pubs, wrong;       /* scratch, inside d_step only */
byte fp;                                 /* zeroed after use: the order of partitions in the list of the ledger */

#if defined(DETERM) || defined(LIKE)
#define MATRIX
byte like[NR];                           /* like[r]: earlier records that r resembles; need not be transitive */
#define SAME(a,b) ((a) > (b) -> HAS(like[a],b) : HAS(like[b],a))
#else
#define SAME(a,b) (story[a] == story[b] && ver[a] == ver[b])
#endif
#ifdef DETERM
byte fate[NR], ref[NR];                  /* 0 lives, 1 dies in classification, 2 dies before the judge */
#define MAYDIE(r)  (fate[r] == 1)
#define MAYLIVE(r) (!fate[r])
#define MAYDIEX(r) (fate[r] == 2)
#else
#define MAYDIE(r)  (deaths > 0)
#define MAYLIVE(r) true
#define MAYDIEX(r) (deaths > 0)
#endif
#define KIN(a,b)  (story[a] == story[b] && ver[a] != ver[b])

#define RAWEQ(a,b) (rawc[a] == rawc[b] && (a == b || SAME(a,b)))
#ifdef NOJOURNAL
#define MINE(d) (pubs & ((d) -> by1 : ~by1))     /* after pubset() */
#else
#define MINE(d) pubs
#endif

inline pubset() { pubs = 0; for (i : 0 .. NR-1) { if :: ISPUB(vis[i]) -> pubs = pubs | BIT(i) :: else fi } i = 0 }

#ifdef EPMAX
#define MAXREC EPMAX
#else
#define MAXREC NR
#endif
/* switches for the C part */
#ifdef NO_R5
#define SOFT 0
#else
#define SOFT 1
#endif
#ifdef NO_R6
#define ALLBEHIND 0
#else
#define ALLBEHIND 1
#endif
#ifdef NO_R7
#define SETTLEDSTAYS 0
#else
#define SETTLEDSTAYS 1
#endif
#ifdef X_NOCUT
#define CUT 0
#else
#define CUT 1
#endif
#ifdef X_EARLIER
#define EARLIER 1
#else
#define EARLIER 0
#endif
#ifdef X_UNSTABLE
#define WAITSTABLE 0
#else
#define WAITSTABLE 1
#endif

#ifdef X_SELF
#define OTHER(a,b) 1
#else
#define OTHER(a,b) ((a) != (b))
#endif
#ifdef X_KEEPLINK
#define LATERWAITS 1
#else
#define LATERWAITS 0
#endif
#ifdef X_ANYORDER
#define ANYORDER 1
#else
#define ANYORDER 0
#endif
#ifdef X_PENDDEAD
#define PENDDEAD 1
#else
#define PENDDEAD 0
#endif
#ifdef X_REGKEPT
#define REGKEPT 1
#else
#define REGKEPT 0
#endif
#ifdef X_TURNKEPT
#define TURNKEPT 1
#else
#define TURNKEPT 0
#endif
#ifdef NOFOLLOW
#define FOLLOWED(s) article(s)
#else
#define FOLLOWED(s) (article(s) || (s) == WAITD)
#endif
#ifdef X_NORELEASE
#define RELEASE 0
#else
#define RELEASE 1
#endif
/* ---- the judge (daemon/judge.c); C, because guards must not change the state and lists are short there ---- */
c_code {
\#define ST(a)  now.st[D*NR+(a)]
\#define OWN(a) now.own[D*NR+(a)]
\#define IN(m,a) ((m) >> (a) & 1)
\#define EACH(a) for (int a = 0; a < NR; a++)

int same(int a, int b)
{
#ifdef MATRIX
	return a == b || (a > b ? IN(now.like[a], b) : IN(now.like[b], a));
#else
	return a == b || (now.story[a] == now.story[b] && now.ver[a] == now.ver[b]);
#endif
}
int raweq(int a, int b) { return now.rawc[a] == now.rawc[b] && same(a, b); }
int part(int a) { return a >= M0; }
/* a was read before b; both are in flight */
int earlier(int D, int a, int b) { return part(a) == part(b) ? a < b : IN(now.seq[D*NR+b], a); }
int article(int s) { return s == CLASS || s == FINPUB; }

/* find_registered: the fingerprint in flight; of a judged record that is followed, or of a record read earlier */
int find(int D, int a, int judged)
{
	EACH(b) {
		if (b == a || !IN(now.rawp[D], b) || !raweq(a, b))
			continue;
		if (judged ? FOLLOWED(ST(b)) : ANYORDER || earlier(D, b, a))
			return b;
	}
	return NONE;
}

void bind(int D, int a, int of)
{
	ST(a) = REPB;
	OWN(a) = of;
	now.rawp[D] &= ~(1 << a);
	now.enr[D] &= ~(1 << a);
	now.fail[D] &= ~(1 << a);
	Printf("daemon %d: %d repeats %d\n", D, a, of);
}

int bind_if_repeat(int D, int a)
{
	EACH(b)
		if (b != a && IN(now.setl[D], b) && raweq(a, b)) {
			bind(D, a, b);
			return 1;
		}
#if defined(DETERM) && !defined(NOFOLLOW)
	EACH(b)                          /* an alias; without a fixed resemblance the same is found by the texts */
		if (b != a && now.vis[b] >= DUP && now.vis[b] < REVN && ST(b) == OUTSIDE && raweq(a, b)) {
			bind(D, a, now.vis[b] - DUP);
			return 1;
		}
#endif
	int of = find(D, a, 1);
	if (of != NONE)
		bind(D, a, of);
	return of != NONE;
}

/* judge_look */
void look(int D, int a)
{
	OWN(a) = NONE;
	if (bind_if_repeat(D, a))
		return;
	int of = find(D, a, 0);
	if (of != NONE) {
#ifdef X_EARLYBIND
		bind(D, a, of);
#else
		ST(a) = REPU;
		OWN(a) = of;
		Printf("daemon %d: %d repeats %d if that one is an article\n", D, a, of);
#endif
		return;
	}
	ST(a) = READ;
	now.rawp[D] |= 1 << a;
}

void release(int D, int a)
{
	now.enr[D] &= ~(1 << a);
	now.fail[D] &= ~(1 << a);
	Printf("daemon %d: %d is released\n", D, a);
	look(D, a);
}

/* tell_repeats: the records that wait to know what they repeat; the one read first is released first, so that the others may repeat it */
void tell(int D, int a)
{
	for (int first; ; ) {
		first = NONE;
		EACH(r)
			if (ST(r) == REPU && OWN(r) == a && (first == NONE || earlier(D, r, first)))
				first = r;
		if (first == NONE)
			return;
		if (FOLLOWED(ST(a)))
			bind(D, first, a);
		else if (RELEASE)
			release(D, first);
		else
			return;
	}
}

/* judge_part, for records of one part */
int lookup(int D, int a)
{
	EACH(b)
		if (IN(now.setl[D], b) && OTHER(a, b) && same(a, b))
			return b;
	EACH(b)
		if (b != a && IN(now.pend[D], b) && same(a, b))
			return b;
	return NONE;
}

void judge_item(int D, int a)
{
#ifdef RAW
	if (bind_if_repeat(D, a)) {
		tell(D, a);
		return;
	}
#endif
	int of = lookup(D, a);
	if (of != NONE) {
		ST(a) = WAITD;
		OWN(a) = of;
		if (!REGKEPT && !FOLLOWED(WAITD))
			now.rawp[D] &= ~(1 << a);
		Printf("daemon %d judges %d: duplicate of %d\n", D, a, of);
	} else {
		OWN(a) = NONE;
#ifdef REV
		EACH(b)
			if (now.story[a] == now.story[b] && now.ver[a] != now.ver[b] && (IN(now.setl[D], b) || IN(now.pend[D], b)))
				OWN(a) = b;
#endif
		ST(a) = IN(now.enr[D], a) && !IN(now.fail[D], a) ? FINPUB : CLASS;       /* a classification that is there is used again */
		now.pend[D] |= 1 << a;
		Printf("daemon %d judges %d: new\n", D, a);
	}
	tell(D, a);
}

/* The turn passes what needs no judging. */
void pass(int D)
{
	for (int p = 0; p < NP; p++) {
		int n = p ? M1 : M0;
		while (now.has[D*NP+p] == 1 && now.pos[D*NP+p] < n) {
			int s = ST(p*M0 + now.pos[D*NP+p]);
			if (s == OUTSIDE || s == READ || s == REPU)
				break;
			now.pos[D*NP+p]++;
		}
	}
}
int canjudge(int D, int p)
{
#if defined(DETERM) && defined(STAGED)
	if (now.pos[D*NP+p] < (p ? M1 : M0) && now.fate[p*M0 + now.pos[D*NP+p]] == 2)
		return 0;
#endif
	return now.has[D*NP+p] == 1 && now.pos[D*NP+p] < (p ? M1 : M0) && ST(p*M0 + now.pos[D*NP+p]) == READ;
}
int fresh(int D, int p)
{
	return now.pos[D*NP+p] < (p ? M1 : M0) && ST(p*M0 + now.pos[D*NP+p]) == OUTSIDE;
}

/* What a waits for; nothing when that is settled (R7). */
int awaits(int D, int a)
{
	int of = OWN(a);
	return of == NONE || (SETTLEDSTAYS && IN(now.setl[D], of)) ? NONE : of;
}

/*
 * spread_marks: the records in `gone` are dead or dropped. Who must be judged again (R6)? Not only who waits for them: from the first waiter of a partition on
 * every verdict of that partition; and whoever waits for one of those.
 */
int spread(int D, int gone)
{
	int again = 0, changed = 1;
	while (changed) {
		changed = 0;
		for (int p = 0; p < NP; p++) {
			int behind = 0;
			for (int a = p*M0; a < (p ? NR : M0); a++) {
				int s = ST(a), of = awaits(D, a);
				if (a - p*M0 == now.pos[D*NP+p])
					behind = 0;
				if (s != OUTSIDE && s != DEADX && !IN(gone | again, a) && ((of != NONE && IN(gone | again, of)) || (ALLBEHIND && behind && JUDGED(s)))) {
					again |= 1 << a;
					changed = 1;
				}
				behind = behind || IN(again, a);
			}
		}
	}
	return again;
}

/* take_back; 1: it must be released */
int take_back(int D, int a, int gone)
{
	int p = part(a), s = ST(a), of = OWN(a);
	if (!TURNKEPT && a - p*M0 < now.pos[D*NP+p])
		now.pos[D*NP+p] = a - p*M0;
	if (s == REPU || s == REPB) {
		ST(a) = REPU;
		return IN(gone, of) || !(LATERWAITS || earlier(D, of, a));
	}
	if (s == FINPUB)
		now.enr[D] |= 1 << a;
	if (s == FINDEAD)
		now.fail[D] |= 1 << a;
	ST(a) = READ;
	OWN(a) = NONE;
	now.pend[D] &= ~(1 << a);
#ifdef RAW
	now.rawp[D] |= 1 << a;
#endif
	return 0;
}

/* judge_gone; `first`: the partition that stands first in the list of the ledger */
void gone(int D, int mask, int first)
{
	int again = 0, released = 0;
	if (!REGKEPT)
		now.rawp[D] &= ~mask;
#ifndef X_NOREJUDGE
	again = spread(D, mask);
#endif
	if (again & now.em[D])
		wrong = 1;               /* what is in the epoch in hand is not touched */
	if (again)
		Printf("daemon %d: gone: mask %d; judged again: mask %d\n", D, mask, again);
	EACH(a)
		if (IN(again, a) && take_back(D, a, mask))
			released |= 1 << a;
	for (int i = 0; i < 2 && RELEASE; i++)
		EACH(a)
			if (IN(released, a) && part(a) == (first ^ i))
				release(D, a);
	EACH(a) {
		if (!IN(mask, a))
			continue;
		OWN(a) = NONE;
		if (!PENDDEAD)
			now.pend[D] &= ~(1 << a);
		now.enr[D] &= ~(1 << a);
		now.fail[D] &= ~(1 << a);
	}
}
/* a leaves: nobody was read before or after it any more */
void leave(int D, int a)
{
	ST(a) = OUTSIDE;
	OWN(a) = NONE;
	now.rawp[D] &= ~(1 << a);
	now.enr[D] &= ~(1 << a);
	now.fail[D] &= ~(1 << a);
	now.seq[D*NR+a] = 0;
	EACH(b)
		now.seq[D*NR+b] &= ~(1 << a);
}
/* a is a duplicate and committed: who repeats it waits for nothing and names what it named */
void committed(int D, int a)
{
	EACH(b)
		if (ST(a) == WAITD && ST(b) == REPB && OWN(b) == a)
			OWN(b) = OWN(a);
	leave(D, a);
}
void leave_all(int D) { EACH(a) leave(D, a); }
void intake(int D, int a)
{
	EACH(b)
		if (part(b) != part(a) && ST(b) != OUTSIDE && raweq(a, b))
			now.seq[D*NR+a] |= 1 << b;
	look(D, a);
}
/* NOJOURNAL: own articles that may have been dropped in doubt: behind each the other daemon has committed */
int overtaken(int D)
{
	int m = 0;
	EACH(a)
		for (int b = a + 1; b < (part(a) ? NR : M0); b++)
			if (now.vis[b] && IN(now.by1, b) != D)
				m |= 1 << a;
	return m;
}
}

inline judge(D, A) {                     /* the turn of A at daemon D */
	pubset();
	x = 0;
#ifdef NOJOURNAL
	c_code { x = overtaken(PDaemon->d); };
#endif
	assert((setl[D] & ~MINE(D)) == 0);    /* promise 3: the index holds only what is published (NOJOURNAL: by itself) */
#if !JOURNAL
	assert((MINE(D) & ~(setl[D] | pend[D] | x)) == 0);
#endif
	pubs = 0; x = 0;
	y = A;
	c_code { judge_item(PDaemon->d, y); pass(PDaemon->d); };
	assert(own R(D,A) != A);
	y = 0
}
#define GONE(D,G,F) todo = G; y = F; wrong = 0; c_code { gone(PDaemon->d, todo, y); }; todo = 0; y = 0; assert(!wrong)
hidden byte todo;

/* ---- epoch: the largest closed set of finished prefixes (a guard must not change the state: hence C) ---- */
c_code {
int prefixes(int D, int lim)
{
	int m = 0, n = 0, q, a;
	for (q = 0; q < NP; q++)
		if (now.has[D*NP+q] == 1)
			for (a = q*M0 + now.head[D*NP+q]; a < (q ? NR : M0) && n < lim; a++, n++) {
				int s = now.st[D*NR+a];
				if (s != WAITD && s != FINPUB && s != FINDEAD && s != REPB && s != DEADX)
					break;
				m |= 1 << a;
			}
	return m;
}
int cutback(int D, int m)
{
	int a, changed = CUT;
	while (changed) {
		changed = 0;
		for (a = 0; a < NR; a++) {
			int o = now.own[D*NR+a], s = now.st[D*NR+a];
			if (!(m >> a & 1) || (s != WAITD && s != FINPUB && s != REPB) || o == NONE)
				continue;
			if ((now.setl[D] >> o & 1) || (!EARLIER && (m >> o & 1) && (s == REPB || now.st[D*NR+o] == FINPUB)))
				continue;
			m &= a < M0 ? (1 << a) - 1 | ~((1 << M0) - 1) : (1 << a) - 1;   /* cut this partition back at a */
			changed = 1;
		}
	}
	return m;
}
int closed(int D)
{
	int m = cutback(D, prefixes(D, MAXREC));
	if (!m && SOFT)
		m = cutback(D, prefixes(D, NR));
	return m;
}
/* offset fetch with require_stable waits for a transaction that holds offsets of the partition */
int stable(int D, int p)
{
	int e, a;
	for (e = 0; e < ND && WAITSTABLE; e++)
		if (now.txn[e] == 2 || now.txn[e] == 3)
			for (a = p ? M0 : 0; a < (p ? NR : M0); a++)
				if (now.tc[e*NR+a])
					return 0;
	return 1;
}
/* spin takes every call in a c_expr for a side effect; these have none */
\#define CLOSED  closed(PDaemon->d)
\#define STABLE0 stable(PDaemon->d, 0)
\#define STABLE1 stable(PDaemon->d, 1)
\#define JUDGE0  canjudge(PDaemon->d, 0)
\#define JUDGE1  canjudge(PDaemon->d, 1)
\#define FRESH0  fresh(PDaemon->d, 0)
\#define FRESH1  fresh(PDaemon->d, 1)
}

/* ---- index log ---- */
inline fold(D) {                         /* take closed, synced items out of the tail (keeps the state small, changes nothing) */
	do
	:: ls[D] >= 2 && lt[(D)*LT] >= EP && lt[(D)*LT] < MK && lt[(D)*LT+1] == MK ->
		logM[D] = logM[D] | (lt[(D)*LT] & 63);
		for (q : 0 .. LT-3) { lt[(D)*LT+q] = lt[(D)*LT+q+2] } lt[(D)*LT+LT-1] = 0; lt[(D)*LT+LT-2] = 0;
		ln[D] = ln[D]-2; ls[D] = ls[D]-2
	:: ls[D] >= 2 && lt[(D)*LT] >= EP && lt[(D)*LT] < MK && lt[(D)*LT+1] == AB ->
		for (q : 0 .. LT-3) { lt[(D)*LT+q] = lt[(D)*LT+q+2] } lt[(D)*LT+LT-1] = 0; lt[(D)*LT+LT-2] = 0;
		ln[D] = ln[D]-2; ls[D] = ls[D]-2
	:: ls[D] >= 2 && lt[(D)*LT] >= EP && lt[(D)*LT] < MK && lt[(D)*LT+1] >= EP && lt[(D)*LT+1] < MK ->
		for (q : 0 .. LT-2) { lt[(D)*LT+q] = lt[(D)*LT+q+1] } lt[(D)*LT+LT-1] = 0;
		ln[D]--; ls[D]--
	:: ls[D] >= 1 && (lt[(D)*LT] == MK || lt[(D)*LT] == AB) ->
		for (q : 0 .. LT-2) { lt[(D)*LT+q] = lt[(D)*LT+q+1] } lt[(D)*LT+LT-1] = 0;
		ln[D]--; ls[D]--
	:: else -> break
	od;
	q = 0
}
#ifdef LOGGED
inline put(D, V) { assert(ln[D] < LT); lt[(D)*LT+ln[D]] = V; ln[D]++ }
#else
inline put(D, V) { skip }
#endif
/* the head of an epoch is written: what the metadata named as the last head is the one before it */
inline number(D) {
	for (q : 0 .. NP-1) {
		if
		:: prf[q] == LASTHEAD(D) -> prf[q] = PREVHEAD(D)
		:: prf[q] == NEXTHEAD(D) -> prf[q] = LASTHEAD(D)
		:: prf[q] == NOHEAD(D) -> prf[q] = 0
		:: else
		fi
	}
	q = 0
}
inline synced(D) {
	ls[D] = ln[D]; fold(D);
	for (q : 0 .. NP-1) {
		if
#ifdef X_ANYEPOCH
		:: prf[q] == PREVHEAD(D) -> prf[q] = OLDHEAD(D)
#else
		:: prf[q] == PREVHEAD(D) -> prf[q] = 0
#endif
		:: else
		fi
	}
	q = 0
}
inline endmark(D) {                      /* an abort may leave its own mark (not needed when R1 holds) */
#ifndef NO_R1B
	put(D, AB)
#else
	skip
#endif
}

inline replay(D) {                       /* -> setl[D] */
	x = logM[D]; q = 0;
	do
	:: q < ln[D] ->
		y = lt[(D)*LT+q];
		if
		:: y >= EP && y < MK ->
			if
			:: q+1 < ln[D] && lt[(D)*LT+q+1] == MK -> x = x | (y & 63)
			:: q+1 < ln[D] -> skip        /* abort mark, or an epoch that another one follows */
			:: else ->                    /* the last epoch, without its mark */
#ifdef X_KEEPALL
				x = x | (y & 63)
#else
#if defined(X_DROPALL)
				skip
#elif defined(X_COVER)
				for (i : 0 .. NR-1) { if :: HAS(y,i) && cmt[PART(i)] > OFF(i) -> x = x | BIT(i) :: else fi } i = 0
#else
				for (i : 0 .. NP-1) {
					if
					:: prf[i] == LASTHEAD(D) -> x = x | (y & 63)
#ifdef X_ANYEPOCH
					:: prf[i] == PREVHEAD(D) || prf[i] == OLDHEAD(D) -> x = x | (y & 63)
#endif
					:: else
					fi
				}
				i = 0
#endif
#endif
			fi
		:: else
		fi; q++
	:: else -> break
	od;
	setl[D] = x; logM[D] = x;
	printf("daemon %d replays its log: index mask %d\n", D, x);
	for (q : 0 .. LT-1) { lt[(D)*LT+q] = 0 }
	ln[D] = 0; ls[D] = 0; x = 0; y = 0;
	for (q : 0 .. NP-1) { if :: prf[q] == NOHEAD(D) -> prf[q] = NEXTHEAD(D) :: else fi }
	q = 0;
#if !JOURNAL
	pubset();                            /* promise 3 after every restart */
#ifdef NOJOURNAL
	c_code { x = overtaken(PDaemon->d); };
#endif
	assert((setl[D] & ~MINE(D)) == 0 && (MINE(D) & ~(setl[D] | x)) == 0);
	pubs = 0; x = 0
#endif
}

inline jfold() {
#if JOURNAL
	for (y : 0 .. ND*NP-1) { if :: jp[y/NP] >= jt[y] -> jt[y] = 0 :: else fi }
	do
	:: jl > 0 && js[0] != 1 && jp[0] > 0 && jp[1] > 0 ->
		if :: js[0] == 2 -> jbase = jbase | jm[0] :: else fi;
		for (y : 0 .. JM-2) { jm[y] = jm[y+1]; js[y] = js[y+1] }
		jm[JM-1] = 0; js[JM-1] = 0; jl--; jp[0]--; jp[1]--;
		for (y : 0 .. ND*NP-1) { if :: jt[y] > 0 -> jt[y]-- :: else fi }
		for (y : 0 .. ND-1) { if :: ji[y] != NONE && ji[y] > 0 -> ji[y]-- :: else fi }
	:: else -> break
	od;
	/* items that say nothing any more */
	z = 0;
	do
	:: z < jl && (js[z] == 3 || (js[z] == 2 && jm[z] == 0)) ->
		for (y : 0 .. JM-2) { if :: y >= z -> jm[y] = jm[y+1]; js[y] = js[y+1] :: else fi }
		jm[JM-1] = 0; js[JM-1] = 0; jl--;
		for (y : 0 .. ND*NP-1) { if :: jt[y] > z -> jt[y]-- :: else fi }
		for (y : 0 .. ND-1) { if :: ji[y] != NONE && ji[y] > z -> ji[y]-- :: else fi; if :: jp[y] > z -> jp[y]-- :: else fi }
	:: z < jl && !(js[z] == 3 || (js[z] == 2 && jm[z] == 0)) -> z++
	:: else -> break
	od;
	for (y : 0 .. ND*NP-1) { if :: jp[y/NP] >= jt[y] -> jt[y] = 0 :: else fi }
	y = 0; z = 0
#else
	skip
#endif
}

/* ---- broker ---- */
inline jend(D, S) { if :: ND > 1 && ji[D] != NONE -> if :: js[ji[D]] == 1 -> js[ji[D]] = S :: else fi; ji[D] = NONE :: else fi }
inline bcommit(D) {
	m2 = 0; for (q : 0 .. NR-1) { if :: ISPUB(tc R(D,q)) -> m2 = m2 | BIT(q) :: else fi }
	for (q : 0 .. NR-1) {                 /* in order inside the transaction */
		if
		:: tc R(D,q) != 0 ->
			assert(vis[q] == 0);             /* promise 2: one outcome */
			assert(OFF(q) == cmt[PART(q)]);  /* promise 1 and 4: no gap, in order */
			vis[q] = tc R(D,q); cmt[PART(q)] = OFF(q)+1;
#ifdef LOGGED
			prf[PART(q)] = LASTHEAD(D);
#if defined(NO_R1) && !defined(X_COVER)
			if :: m2 == 0 -> prf[PART(q)] = NOHEAD(D) :: else fi;
#endif
#endif
#ifdef NOJOURNAL
			if :: D -> by1 = by1 | BIT(q) :: else fi;
#endif
			printf("broker: commit of daemon %d: record %d outcome %d (1 article, 2 dead, 16+ duplicate, 32+ revision)\n", D, q, vis[q])
		:: else
		fi
	}
	for (q : 0 .. NR-1) {
		if
		:: tc R(D,q) >= DUP ->
			x = tc R(D,q) & 15;
			assert(x != q);
			assert(ISPUB(vis[x]));           /* owner visible no later than the duplicate (base than the revision) */
#ifndef MATRIX
			assert(story[x] == story[q])
#endif
		:: else
		fi;
		if
		:: ISPUB(tc R(D,q)) ->
			for (y : 0 .. NR-1) {            /* a story once; with a journal: once a partition; without: once for what the daemon's index holds */
				if
				:: y != q && ISPUB(vis[y]) && SAME(y,q) ->
#ifdef NOJOURNAL
					assert(alive[D] != 3 || !HAS(setl[D], y))
#else
					assert(ND > 1 && PART(y) != PART(q))
#endif
				:: else
				fi
			}
		:: else
		fi
	}
	for (q : 0 .. NR-1) {
		tc R(D,q) = 0;
#ifndef DETERM
		if :: vis[q] >= REVN -> vis[q] = PUB :: vis[q] > DUP && vis[q] < REVN -> vis[q] = DUP :: else fi   /* checked, no longer needed */
#endif
	}
	q = 0; x = 0; y = 0; m2 = 0;
	jend(D, 2); jfold();
	txn[D] = 4
}
inline babort(D, S) { printf("transaction of daemon %d aborted (%d: 0 by itself or its successor, 5 timed out)\n", D, S); for (q : 0 .. NR-1) { tc R(D,q) = 0 } q = 0; jend(D, 3); jfold(); txn[D] = S; stale[D] = 0 }

/* ---- loss of memory ---- */
inline dropall(D) {
	printf("daemon %d drops what is in flight\n", D);
	c_code { leave_all(PDaemon->d); };
#ifndef X_PENDKEEP
	pend[D] = 0;
#endif
	em[D] = 0; ph[D] = 0
}
inline forget(D) {                       /* the process is gone */
	printf("daemon %d crashes or exits\n", D);
	dropall(D); pend[D] = 0; setl[D] = 0; jp[D] = 0; alive[D] = 0;
	for (q : 0 .. NP-1) { has P(D,q) = 0; inp P(D,q) = 0; pos P(D,q) = 0; head P(D,q) = 0; jt P(D,q) = 0 }
	q = 0
}
inline learn() { for (q : 0 .. ND-1) { if :: txn[q] == 1 -> stale[q] = 1 :: else fi } q = 0 }   /* a new generation */
#define RUN(D) (alive[D] == 3)

/* in which order partitions stand in the list matters only for repeats that are released */
#if defined(RAW) && NP > 1
#define ORDER if :: fp = 0 :: fp = 1 fi
#else
#define ORDER skip
#endif
inline die(D, A, S) {
	ORDER;
	d_step {
		st R(D,A) = S;
		printf("daemon %d: %d dies\n", D, A);
		GONE(D, BIT(A), fp);
		c_code { pass(PDaemon->d); };
		fp = 0
	}
}
inline diex(D, A) {
#if DEATHS < 9
	deaths--;
#endif
	die(D, A, DEADX)
}

/* one step of the record (D,A): classification ends */
inline classified(D, A) {
	if
	:: MAYLIVE(A) && !HAS(fail[D],A) -> d_step { st R(D,A) = FINPUB; printf("daemon %d: %d classified\n", D, A) }
	:: MAYDIE(A) || HAS(fail[D],A) ->    /* a failure that is there already is repeated */
#if DEATHS < 9
		if :: HAS(fail[D],A) :: else -> deaths-- fi;
#endif
		die(D, A, FINDEAD)
	fi
}
inline keepabort(D) {                    /* abort without a group error: results stay */
	d_step {
		babort(D, 0);
		endmark(D);
#ifdef NO_R2
		pend[D] = pend[D] & ~em[D];       /* the first text: "pending: dropped on abort" */
#endif
#ifdef POISON
		m2 = em[D];
#endif
		em[D] = 0; ph[D] = 0
	}
#ifdef POISON
	if                                   /* the broker refuses one of them: dead letter */
	:: true
	:: HAS(m2,0) && st R(D,0) != FINDEAD && st R(D,0) != DEADX -> die(D, 0, (st R(D,0) == REPB -> DEADX : FINDEAD))
	:: NR > 1 && HAS(m2,1) && st R(D,1) != FINDEAD && st R(D,1) != DEADX -> die(D, 1, (st R(D,1) == REPB -> DEADX : FINDEAD))
	:: NR > 2 && HAS(m2,NR-1) && st R(D,NR-1) != FINDEAD && st R(D,NR-1) != DEADX -> die(D, NR-1, (st R(D,NR-1) == REPB -> DEADX : FINDEAD))
	fi;
	m2 = 0
#endif
}
#ifdef RAW
#define rewound(D,p) inp P(D,p) = head P(D,p)
#else
#define rewound(D,p) skip
#endif
inline rewind(D) {                       /* abort with a group error: everything in flight is dropped and read again */
	d_step {
		babort(D, 0);
		endmark(D);
		dropall(D);
		for (q : 0 .. NP-1) {
			if
			:: memb[D] && has P(D,q) == 1 -> pos P(D,q) = head P(D,q); rewound(D, q)
			:: else -> has P(D,q) = 0; inp P(D,q) = 0; pos P(D,q) = 0; head P(D,q) = 0; jt P(D,q) = 0     /* the loss is answered next */
			fi
		}
		q = 0
	}
}
/* ---- the steps of a daemon ---- */
inline reset(D, PP) { has P(D,PP) = 0; inp P(D,PP) = 0; pos P(D,PP) = 0; head P(D,PP) = 0; jt P(D,PP) = 0 }

#ifdef X_REVOPEN
#define REVREADY(D) true
#else
#define REVREADY(D) (ph[D] == 0)
#endif
#ifdef X_LOSTOPEN
#define LOSTREADY(D) (txn[D] != 5)
#else
#define LOSTREADY(D) (ph[D] == 0)
#endif
inline revoked(D, PP) {
	ORDER;
	d_step {
		printf("daemon %d gives partition %d back\n", D, PP);
#ifdef X_PENDREV
		x = pend[D];
#endif
		GONE(D, (PP == 0 -> (1 << M0) - 1 : ((1 << NR) - 1) - ((1 << M0) - 1)), fp);
		for (z : 0 .. NR-1) { if :: PART(z) == PP -> c_code { leave(PDaemon->d, z); } :: else fi }
#ifdef X_PENDREV
		pend[D] = pend[D] | x; x = 0;
#endif
		fp = 0; z = 0;
		reset(D, PP);
		c_code { pass(PDaemon->d); };
		if :: tgt[PP] != NONE -> asg[PP] = tgt[PP]; tgt[PP] = NONE :: else fi;
		learn()
	}
}

inline take(D, PP) {                     /* a partition comes: committed offset first, then the end of the journal */
	d_step {
		printf("daemon %d takes partition %d at %d, journal end %d\n", D, PP, cmt[PP], jl);
		has P(D,PP) = 1;
		
#ifdef RAW
		inp P(D,PP) = cmt[PP];
#endif
		pos P(D,PP) = cmt[PP]; head P(D,PP) = cmt[PP];
#if JOURNAL && !defined(X_JORDER)
		jt P(D,PP) = jl;
#if !defined(NO_R4)
		skip;                             /* R4: high watermark */
#else
		q = 0; do :: q < jl -> if :: js[q] == 1 && q < jt P(D,PP) -> jt P(D,PP) = q :: else fi; q++ :: else -> break od; q = 0;
#endif
#ifdef X_NOCATCHUP
		jt P(D,PP) = 0;
#endif
#endif
		if :: jt P(D,PP) <= jp[D] -> jt P(D,PP) = 0 :: else fi
	}
}
#define CANREAD(D,PP) (RUN(D) && has P(D,PP) == 1 && (!JOURNAL || jp[D] >= jt P(D,PP)))
inline intake(D, PP) {                   /* first look: fingerprint */
	d_step {
		z = BASE(PP) + inp P(D,PP); inp P(D,PP)++;
		c_code { intake(PDaemon->d, z); pass(PDaemon->d); };
		z = 0
	}
}
inline judgenext(D, PP) {
	d_step { z = BASE(PP) + pos P(D,PP); judge(D, z); z = 0 }
}
inline form(D) {
	d_step {
		c_code { now.em[PDaemon->d] = closed(PDaemon->d); };
		ph[D] = 1;
		printf("daemon %d: epoch of record mask %d\n", D, em[D]);
		m2 = 0;
		for (q : 0 .. NR-1) { if :: HAS(em[D],q) && st R(D,q) == FINPUB -> m2 = m2 | BIT(q) :: else fi } q = 0;
#ifndef X_LOGLATE
#ifdef NO_R1
		if :: m2 != 0 -> put(D, EP | m2); number(D) :: else fi;  /* the first text: entries of articles only */
#else
		put(D, EP | m2); number(D);                      /* R1: every epoch has its head in the log */
#endif
#else
		number(D);
#endif
		m2 = 0
	}
}
inline produce(D) {
	d_step {
		txn[D] = 1; stale[D] = 0;
		for (q : 0 .. NR-1) {
			if
			:: HAS(em[D],q) ->
				if
				:: st R(D,q) == FINPUB && own R(D,q) == NONE -> tc R(D,q) = PUB
				:: st R(D,q) == FINPUB && own R(D,q) != NONE -> tc R(D,q) = REVN + own R(D,q)
				:: st R(D,q) == FINDEAD || st R(D,q) == DEADX -> tc R(D,q) = DEAD
				:: st R(D,q) == REPB && st R(D,own R(D,q)) == WAITD -> tc R(D,q) = DUP + own R(D,own R(D,q))
				:: st R(D,q) == WAITD || (st R(D,q) == REPB && st R(D,own R(D,q)) != WAITD) -> tc R(D,q) = DUP + own R(D,q)
#ifdef X_REVOPEN
				:: st R(D,q) == OUTSIDE -> skip
#endif
				fi
			:: else
			fi
		}
#if JOURNAL
		m2 = 0;
		for (q : 0 .. NR-1) { if :: ISPUB(tc R(D,q)) -> m2 = m2 | BIT(q) :: else fi }
		assert(jl < JM); jm[jl] = m2; js[jl] = 1; ji[D] = jl; jl++; m2 = 0;
#endif
#ifdef X_PROMOTE
		for (q : 0 .. NR-1) { if :: HAS(em[D],q) && st R(D,q) == FINPUB -> setl[D] = setl[D] | BIT(q) :: else fi }
#endif
		q = 0; ph[D] = 3;
		printf("daemon %d: begun and produced\n", D)
	}
}
inline answer(D) {                       /* committed: mark, promote */
	d_step {
		txn[D] = 0;
		m2 = 0;
		printf("daemon %d: learns of the commit, marks, promotes\n", D);
		for (q : 0 .. NR-1) { if :: HAS(em[D],q) && st R(D,q) == FINPUB -> m2 = m2 | BIT(q) :: else fi } q = 0;
#ifdef X_LOGLATE
		put(D, EP | m2);
#endif
#if defined(NO_R1) && !defined(X_LOGLATE)
		if :: m2 != 0 -> put(D, MK) :: else fi;
#else
		put(D, MK);
#endif
#ifdef X_SYNCLATE
		synced(D);
#endif
		for (q : 0 .. NR-1) {
			if
			:: HAS(em[D],q) ->
				if
				:: st R(D,q) == FINPUB && HAS(pend[D],q) -> setl[D] = setl[D] | BIT(q)
				:: else
				fi;
				pend[D] = pend[D] & ~BIT(q);
				c_code { committed(PDaemon->d, q); };
				head P(D,PART(q))++
			:: else
			fi
		}
		q = 0; m2 = 0; em[D] = 0; ph[D] = 0;
#if ND == 1
		pubset(); assert(setl[D] == pubs); pubs = 0;     /* promise 3 after every commit */
#endif
		skip
	}
}

proctype Daemon(byte d) {
end:	do
	/* start */
#ifdef X_NOINIT
	:: atomic { alive[d] == 0 -> d_step { replay(d); alive[d] = 1 } }
	:: atomic { alive[d] == 1 -> d_step { if :: txn[d] >= 1 && txn[d] <= 3 -> babort(d, 0) :: else -> txn[d] = 0 fi; alive[d] = 2 } }
#else
	:: atomic { alive[d] == 0 -> d_step {                /* init_transactions: ends what the predecessor left open */
		if :: txn[d] >= 1 && txn[d] <= 3 -> babort(d, 0) :: else -> txn[d] = 0 fi; alive[d] = 1 } }
	:: atomic { alive[d] == 1 -> d_step {
#ifdef LOGGED
		replay(d);                       /* by what was committed with the offsets */
#if JOURNAL
		setl[d] = setl[d] | jbase;
#endif
#else
		setl[d] = jbase;                 /* R3: with a journal the journal decides; the own log is a cache of it */
#endif
		alive[d] = 2 } }
#endif
	:: atomic { alive[d] == 2 -> d_step {
		alive[d] = 3; memb[d] = 1;
		for (x : 0 .. NP-1) { if :: asg[x] == NONE -> asg[x] = d :: else fi } x = 0;
		learn() } }
	/* partitions come */
#ifdef X_JORDER
	:: atomic { RUN(d) && memb[d] && asg[0] == d && has P(d,0) == 0 -> d_step { jt P(d,0) = jl; has P(d,0) = 2 } }
	:: atomic { RUN(d) && memb[d] && asg[1] == d && has P(d,1) == 0 -> d_step { jt P(d,1) = jl; has P(d,1) = 2 } }
#define FREE 2
#else
#define FREE 0
#endif
	:: atomic { RUN(d) && memb[d] && asg[0] == d && tgt[0] == NONE && has P(d,0) == FREE && c_expr { STABLE0 } -> take(d, 0) }
#if NP > 1
	:: atomic { RUN(d) && memb[d] && asg[1] == d && tgt[1] == NONE && has P(d,1) == FREE && c_expr { STABLE1 } -> take(d, 1) }
#endif
	/* records come and are judged in order; after a verdict was taken back, again */
#ifdef RAW
	:: atomic { CANREAD(d,0) && inp P(d,0) < LEN(0) -> intake(d, 0) }
#if NP > 1
	:: atomic { CANREAD(d,1) && inp P(d,1) < LEN(1) -> intake(d, 1) }
#endif
#ifdef STAGED
	/* the stages before the judge end badly */
	:: atomic { RUN(d) && st R(d,0) == READ && MAYDIEX(0) -> diex(d, 0) }
	:: atomic { RUN(d) && NR > 1 && st R(d,1) == READ && MAYDIEX(1) -> diex(d, 1) }
	:: atomic { RUN(d) && NR > 2 && st R(d,2 % NR) == READ && MAYDIEX(2 % NR) -> diex(d, 2 % NR) }
	:: atomic { RUN(d) && NR > 3 && st R(d,3 % NR) == READ && MAYDIEX(3 % NR) -> diex(d, 3 % NR) }
#endif
#else
	:: atomic { CANREAD(d,0) && c_expr { FRESH0 } -> judgenext(d, 0) }
#if NP > 1
	:: atomic { CANREAD(d,1) && c_expr { FRESH1 } -> judgenext(d, 1) }
#endif
#endif
	:: atomic { RUN(d) && c_expr { JUDGE0 } -> judgenext(d, 0) }
#if NP > 1
	:: atomic { RUN(d) && c_expr { JUDGE1 } -> judgenext(d, 1) }
#endif
	/* classification ends, in any order */
	:: atomic { RUN(d) && st R(d,0) == CLASS -> classified(d, 0) }
#if NR > 1
	:: atomic { RUN(d) && st R(d,1) == CLASS -> classified(d, 1) }
#endif
#if NR > 2
	:: atomic { RUN(d) && st R(d,2) == CLASS -> classified(d, 2) }
#endif
#if NR > 3
	:: atomic { RUN(d) && st R(d,3) == CLASS -> classified(d, 3) }
#endif
#if NR > 4
	:: atomic { RUN(d) && st R(d,4) == CLASS -> classified(d, 4) }
#endif
#if NR > 5
	:: atomic { RUN(d) && st R(d,5) == CLASS -> classified(d, 5) }
#endif
	/* epoch: form and write log; sync; produce; send offsets; end */
	:: atomic { RUN(d) && ph[d] == 0 && txn[d] == 0 && c_expr { CLOSED } -> form(d);
#if ND > 1
		d_step { synced(d); ph[d] = 2 }                 /* two daemons: no stop between writing and syncing */
#ifndef NO_R3
		produce(d)                                      /* a crash in between is as one behind it: an open transaction is aborted */
#endif
#endif
	}
	:: atomic { RUN(d) && ph[d] == 1 -> d_step {
#ifndef X_SYNCLATE
#ifdef NO_R1
		if                                /* nothing written, nothing synced */
		:: ln[d] > 0 && lt[(d)*LT+ln[d]-1] >= EP && lt[(d)*LT+ln[d]-1] < MK -> synced(d)
		:: else
		fi;
#else
		synced(d);
#endif
#endif
		ph[d] = 2 } }
	:: atomic { RUN(d) && ph[d] == 2 -> produce(d) }
	/* TxnOffsetCommit with fresh metadata; the broker checks member and generation, not ownership */
	:: atomic { RUN(d) && ph[d] == 3 && txn[d] == 1 && memb[d] -> stale[d] = 0; txn[d] = 2; ph[d] = 4; printf("daemon %d: offsets accepted\n", d) }
	/* ... with metadata overtaken by a rebalance: group error */
	:: atomic { RUN(d) && ph[d] == 3 && txn[d] == 1 && memb[d] && stale[d] -> rewind(d) }
	/* ... with that of a member that is none any more: group error too */
	:: atomic { RUN(d) && ph[d] == 3 && txn[d] == 1 && !memb[d] -> rewind(d) }
	:: atomic { RUN(d) && ph[d] == 4 && txn[d] == 2 -> txn[d] = 3; ph[d] = 5; printf("daemon %d: EndTxn sent\n", d) }
	:: atomic { txn[d] == 3 -> d_step { bcommit(d) } }                    /* the broker, not the daemon */
	:: atomic { RUN(d) && ph[d] == 5 && txn[d] == 4 -> answer(d) }
	/* aborts */
	:: atomic { RUN(d) && aborts > 0 && ph[d] >= 3 && txn[d] >= 1 && txn[d] <= 3 -> aborts--;
		if
		:: keepabort(d); printf("daemon %d: abort, results kept\n", d)
		:: rewind(d); printf("daemon %d: abort with group error, rewound\n", d)
		fi }
	/* crash: kill -9, or power loss (the unsynced end of the log may go) */
	:: atomic { alive[d] != 0 && crashes > 0 -> crashes--;
		do
		:: ln[d] > ls[d] -> d_step {
			ln[d]--;
			for (q : 0 .. NP-1) { if :: prf[q] == PREVHEAD(d) && lt[(d)*LT+ln[d]] >= EP && lt[(d)*LT+ln[d]] < MK -> prf[q] = LASTHEAD(d) :: else fi }
			q = 0; lt[(d)*LT+ln[d]] = 0 }
		:: break
		od;
		d_step { synced(d); forget(d) } }
#if ND > 1
#if JOURNAL
	/* journal */
	:: atomic { RUN(d) && jp[d] < jl && js[jp[d]] != 1 -> d_step {
		if :: js[jp[d]] == 2 -> setl[d] = setl[d] | jm[jp[d]] :: else fi; jp[d]++; printf("daemon %d follows the journal to %d\n", d, jp[d]); jfold() } }
#endif
	/* the answer to a revocation: the open transaction has ended */
	:: atomic { tgt[0] != NONE && asg[0] == d && RUN(d) && memb[d] && REVREADY(d) -> revoked(d, 0) }
	:: atomic { tgt[1] != NONE && asg[1] == d && RUN(d) && memb[d] && REVREADY(d) -> revoked(d, 1) }
	/* the member has been silent too long: the group puts a member out (paused, or dead) */
	:: atomic { memb[d] && (kicks > 0 || alive[d] == 0) -> d_step {
		if :: alive[d] != 0 -> kicks-- :: else fi;
		memb[d] = 0;
		printf("group: daemon %d is put out\n", d);
		for (x : 0 .. NP-1) { if :: asg[x] == d -> tgt[x] = NONE; asg[x] = (memb[1-d] -> 1-d : NONE) :: asg[x] != d && tgt[x] == d -> tgt[x] = NONE :: else fi } x = 0;
		learn() } }
	/* it learns of it, and answers when no epoch is in hand; then it joins again */
	:: atomic { RUN(d) && !memb[d] && LOSTREADY(d) -> d_step {
#ifdef X_LOSTOPEN
		skip;                            /* the epoch in hand goes on */
		for (x : 0 .. NR-1) { if :: !HAS(em[d],x) -> c_code { leave(PDaemon->d, x); }; pend[d] = pend[d] & ~BIT(x) :: else fi }
#else
		dropall(d);
#endif
		for (x : 0 .. NP-1) { reset(d, x); if :: asg[x] == NONE -> asg[x] = d :: else fi } x = 0;
		memb[d] = 1; learn(); printf("daemon %d learns that its assignment was lost, joins again\n", d) } }
	/* the broker ends a transaction whose owner does not move */
	:: atomic { (txn[d] == 1 || txn[d] == 2) && (alive[d] == 0 || !memb[d]) -> d_step { babort(d, 5) } }
	/* ... and the owner, when it moves again, is fenced: fatal, exit, restart */
	:: atomic { RUN(d) && txn[d] == 5 -> d_step { synced(d); forget(d) } }
#else
	/* the group takes a partition away and gives it back */
	:: atomic { RUN(d) && rebs > 0 && has P(d,0) == 1 && REVREADY(d) -> rebs--; revoked(d, 0) }
#if NP > 1
	:: atomic { RUN(d) && rebs > 0 && has P(d,1) == 1 && REVREADY(d) -> rebs--; revoked(d, 1) }
#endif
#endif
	od
}

#if ND > 1
active proctype Group() {
end:	do
	:: atomic { rebs > 0 && asg[0] != NONE && tgt[0] == NONE && memb[0] && memb[1] && RUN(asg[0]) -> d_step { rebs--; tgt[0] = 1-asg[0]; learn(); printf("group: revokes partition 0 from daemon %d\n", asg[0]) } }
	:: atomic { rebs > 0 && asg[1] != NONE && tgt[1] == NONE && memb[0] && memb[1] && RUN(asg[1]) -> d_step { rebs--; tgt[1] = 1-asg[1]; learn(); printf("group: revokes partition 1 from daemon %d\n", asg[1]) } }
	od
}
#endif

init {
	byte r, p, z0;
	atomic {
#ifdef MATRIX
		/* any resemblance, any fate; byte-equal records resemble the same ones */
		r = 0;
		do
		:: r < NR ->
			rawc[r] = r;
#ifdef RAW
			p = 0;
			do
			:: p < r && rawc[p] == p -> if :: rawc[r] == r -> rawc[r] = p :: skip fi; p++
			:: p < r && rawc[p] != p -> p++
			:: else -> break
			od;
#endif
#ifdef DETERM
			if
			:: rawc[r] == r || fate[rawc[r]] != 2 -> fate[r] = 0
			:: rawc[r] == r || fate[rawc[r]] != 2 -> fate[r] = 1
#ifdef STAGED
			:: rawc[r] == r || fate[rawc[r]] == 2 -> fate[r] = 2     /* the stages before the judge see the same bytes */
#endif
			fi;
#endif
			p = 0;
			do
			:: p < r && rawc[r] != r ->      /* as the first of its class */
				z0 = rawc[r];
				if
				:: rawc[p] == z0 || (p < z0 && HAS(like[z0],p)) || (p > z0 && HAS(like[p],z0)) -> like[r] = like[r] | BIT(p)
				:: else
				fi; p++
			:: p < r && rawc[r] == r && rawc[p] != p -> if :: HAS(like[r], rawc[p]) -> like[r] = like[r] | BIT(p) :: else fi; p++
			:: p < r && rawc[r] == r && rawc[p] == p -> if :: like[r] = like[r] | BIT(p) :: skip fi; p++
			:: else -> break
			od;
			r++
		:: else -> break
		od; p = 0; r = 0; z0 = 0;
#ifdef DETERM
		/* the reference: one record after the other */
		d_step {
			for (q : 0 .. NR-1) {
				o = NONE;
				for (i : 0 .. NR-1) { if :: i < q && o == NONE && ref[i] == PUB && RAWEQ(i, q) -> o = i :: else fi }
#ifndef NOFOLLOW
				for (i : 0 .. NR-1) { if :: i < q && o == NONE && ref[i] >= DUP && RAWEQ(i, q) -> o = ref[i] - DUP :: else fi }
#endif
				for (i : 0 .. NR-1) { if :: i < q && o == NONE && ref[i] == PUB && HAS(like[q], i) && fate[q] != 2 -> o = i :: else fi }
				if
				:: o != NONE -> ref[q] = DUP + o
				:: o == NONE && fate[q] != 0 -> ref[q] = DEAD
				:: else -> ref[q] = PUB
				fi
			}
			q = 0; i = 0; o = 0
		}
#endif
#elif defined(CIRCLE)
		/* partition 0: o, x, w; 1: v, z, y; w, v, z have the same bytes, so have x and y; o, x, y tell one story */
		d_step { story[3] = 1; story[4] = 1; story[2] = 1; rawc[1] = 1; rawc[5] = 1 };
#else
		/* every pattern of copies, as restricted growth string */
		r = 0; z0 = 0;
		do
		:: r < NR ->
#ifdef STORIES
			if :: story[r] = 0 :: STORIES > 1 && z0 >= 1 -> story[r] = 1 :: STORIES > 2 && z0 >= 2 -> story[r] = 2 fi;
#else
			if :: story[r] = 0 :: z0 >= 1 -> story[r] = 1 :: z0 >= 2 -> story[r] = 2 :: z0 >= 3 -> story[r] = 3 fi;
#endif
			if :: story[r] == z0 -> z0++ :: else fi;
#ifdef REV
			if :: ver[r] = 0 :: ver[r] = 1 fi;
#endif
#ifdef RAW
			if :: rawc[r] = 0 :: rawc[r] = 1 fi;
#endif
			r++
		:: else -> break
		od; r = 0; z0 = 0;
#endif
		d_step {
			for (q : 0 .. ND*NR-1) { own[q] = NONE }
			for (q : 0 .. NP-1) { tgt[q] = NONE; asg[q] = (ND > 1 -> q % ND : 0) }
			for (q : 0 .. ND-1) { memb[q] = 1; ji[q] = NONE; alive[q] = 2 }
			q = 0
		}
		printf("partition 0: records 0..%d, partition 1: %d..%d; stories", M0-1, M0, NR-1);
		r = 0; do :: r < NR -> printf(" %d.%d", story[r], ver[r]); r++ :: else -> break od; printf("\n");
		for (r : 0 .. ND-1) { run Daemon(r) }
		r = 0
	}
	timeout ->                               /* nothing moves any more: the end, or a deadlock */
	d_step {
		pubset();
		for (q : 0 .. NR-1) {
			assert(vis[q] != 0);             /* nothing lost, everything ends */
#ifdef DETERM
			assert(vis[q] == ref[q]);        /* promise 5 */
#endif
#ifndef MATRIX
			/* a story is never lost because its first article died */
			y = (vis[q] == DEAD);
			for (x : 0 .. NR-1) { if :: ISPUB(vis[x]) && story[x] == story[q] -> y = 1 :: else fi }
			assert(y)
#endif
		}
		for (q : 0 .. ND-1) {
			assert(RUN(q) && ph[q] == 0 && pend[q] == 0 && rawp[q] == 0);
#ifdef NOJOURNAL
			c_code { x = overtaken(q); };
			assert((setl[q] & ~MINE(q)) == 0 && (MINE(q) & ~(setl[q] | x)) == 0);
			x = 0
#else
			assert(setl[q] == pubs)          /* promise 3 */
#endif
		}
	}
}
