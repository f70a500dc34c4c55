-- SPDX-License-Identifier: Apache-2.0
-- The provider's books.  Money is mils (INTEGER), dates YYYYMMDD, moments
-- milliseconds since 1970, truth 0 or 1.  What is counted often is apart from
-- what stays, so that its rows are short.

CREATE TABLE licence (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4294967295),
	vendor TEXT NOT NULL CHECK (length(vendor) = 2),
	holder TEXT NOT NULL,
	currency INTEGER NOT NULL CHECK (currency BETWEEN 0 AND 999)
);

-- --- who ------------------------------------------------------------------

-- *_max: limits in mils, -1 = none; those of the provider, and (own_*) those that
-- the customer's administrators set: the lower one holds, here and for user
-- systems.  systems_max: how many of them these administrators may have.
CREATE TABLE customer (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL DEFAULT 'active'
		CHECK (state IN ('active', 'suspended')),
	reason TEXT NOT NULL DEFAULT '',
	stamp_max INTEGER NOT NULL DEFAULT -1,
	day_max INTEGER NOT NULL DEFAULT -1,
	month_max INTEGER NOT NULL DEFAULT -1,
	own_stamp_max INTEGER NOT NULL DEFAULT -1,
	own_day_max INTEGER NOT NULL DEFAULT -1,
	own_month_max INTEGER NOT NULL DEFAULT -1,
	systems_max INTEGER NOT NULL DEFAULT -1,
	made INTEGER NOT NULL
);

-- credit: what is paid and not yet in a PSD.  load: what goes into a PSD at
-- once, if the credit has it.  add_*: taken from the account's card, when the
-- credit falls below.
CREATE TABLE account (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer INTEGER NOT NULL REFERENCES customer (id),
	name TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL DEFAULT 'active'
		CHECK (state IN ('active', 'locked')),
	reason TEXT NOT NULL DEFAULT '',
	credit INTEGER NOT NULL DEFAULT 0 CHECK (credit >= 0),
	owed INTEGER NOT NULL DEFAULT 0 CHECK (owed >= 0),
	load INTEGER NOT NULL DEFAULT 0 CHECK (load >= 0),
	add_below INTEGER NOT NULL DEFAULT -1,
	add_amount INTEGER NOT NULL DEFAULT 0,
	made INTEGER NOT NULL
);
CREATE INDEX account_customer ON account (customer);

CREATE TABLE person (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer INTEGER REFERENCES customer (id),
	login TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	role TEXT NOT NULL
		CHECK (role IN
		('administrator', 'mailroom', 'auditor', 'post')),
	secret BLOB NOT NULL,
	state TEXT NOT NULL DEFAULT 'active'
		CHECK (state IN ('active', 'suspended')),
	made INTEGER NOT NULL
);

-- A user system: a computer that prints.  secret: SHA-256 of its token.
-- by_provider, by_customer: who suspended it; each lifts his own.
CREATE TABLE usersystem (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account (id),
	name TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL DEFAULT 'active'
		CHECK (state IN ('active', 'suspended', 'withdrawn')),
	secret BLOB,
	fingerprint TEXT UNIQUE,
	address TEXT,
	stamp_max INTEGER NOT NULL DEFAULT -1,
	day_max INTEGER NOT NULL DEFAULT -1,
	month_max INTEGER NOT NULL DEFAULT -1,
	cost_required INTEGER NOT NULL DEFAULT 0,
	own_stamp_max INTEGER NOT NULL DEFAULT -1,
	own_day_max INTEGER NOT NULL DEFAULT -1,
	own_month_max INTEGER NOT NULL DEFAULT -1,
	own_cost_required INTEGER NOT NULL DEFAULT 0,
	by_provider INTEGER NOT NULL DEFAULT 0,
	by_customer INTEGER NOT NULL DEFAULT 0,
	made INTEGER NOT NULL
);
CREATE INDEX usersystem_account ON usersystem (account);

-- day, month: of what is counted; newest: the last day that ever was, by a clock
-- that may have been wrong; day_free: stamps of no value, of that day.
CREATE TABLE usersystem_count (
	usersystem INTEGER PRIMARY KEY REFERENCES usersystem (id),
	fence INTEGER NOT NULL DEFAULT 1,
	ascending INTEGER NOT NULL DEFAULT 0 CHECK (ascending >= 0),
	pieces INTEGER NOT NULL DEFAULT 0 CHECK (pieces >= 0),
	day INTEGER NOT NULL DEFAULT 0,
	day_spent INTEGER NOT NULL DEFAULT 0 CHECK (day_spent >= 0),
	month INTEGER NOT NULL DEFAULT 0,
	month_spent INTEGER NOT NULL DEFAULT 0 CHECK (month_spent >= 0),
	day_free INTEGER NOT NULL DEFAULT 0 CHECK (day_free >= 0),
	newest INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE cost_code (
	account INTEGER NOT NULL REFERENCES account (id),
	code TEXT NOT NULL,
	name TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (account, code)
);

-- --- processing servers and PSDs --------------------------------------------

-- modules: their names, a space before and behind each.
CREATE TABLE server (
	name TEXT PRIMARY KEY,
	url TEXT NOT NULL,
	modules TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('up', 'draining', 'down')),
	waiting INTEGER NOT NULL DEFAULT 0,
	seen INTEGER NOT NULL
);

-- place: 'here' (its state is a row of psd_state, its key in a module) or
-- 'field' (a card, a disk: it only comes for value and audits).  card: 1: its
-- module is a card, which debits what the books have debited.  expires: the last
-- day on which it issues; 0 in the field, where the device knows.
CREATE TABLE psd (
	serial INTEGER PRIMARY KEY CHECK (serial BETWEEN 1 AND 4294967295),
	account INTEGER REFERENCES account (id),
	place TEXT NOT NULL CHECK (place IN ('here', 'field')),
	state TEXT NOT NULL DEFAULT 'operational' CHECK
		(state IN ('operational', 'withheld', 'withdrawn', 'revoked')),
	module TEXT,
	card INTEGER NOT NULL DEFAULT 0,
	key BLOB,
	point BLOB NOT NULL,
	certificate BLOB NOT NULL,
	cert_serial INTEGER NOT NULL UNIQUE,
	expires INTEGER NOT NULL DEFAULT 0,
	spent_said INTEGER NOT NULL DEFAULT 0,
	audited INTEGER NOT NULL DEFAULT 0,
	made INTEGER NOT NULL
);
CREATE INDEX psd_account ON psd (account);
CREATE INDEX psd_revoked ON psd (cert_serial) WHERE state = 'revoked';

-- state: the bytes of vault/psd.c with the newest indicium; the registers
-- stand beside them for the database to check.  chain: over all indicia.
-- complete: all pieces up to it are signed.  ended: 1: what was left went back to
-- its account's credit, it is used no more; 2: it goes back when its card has said
-- that it is at its end.  receipt: that word of the card's, signed.
CREATE TABLE psd_state (
	psd INTEGER PRIMARY KEY REFERENCES psd (serial),
	state BLOB NOT NULL,
	ascending INTEGER NOT NULL CHECK (ascending >= 0),
	control_total INTEGER NOT NULL,
	pieces INTEGER NOT NULL CHECK (pieces >= 0),
	chain BLOB NOT NULL,
	complete INTEGER NOT NULL DEFAULT 0,
	ended INTEGER NOT NULL DEFAULT 0 CHECK (ended BETWEEN 0 AND 2),
	receipt BLOB,
	CHECK (control_total >= ascending)
);

CREATE INDEX psd_ending ON psd_state (psd) WHERE ended = 2;

-- Value that a PSD was given.  One answer for each number, for ever.  applied: 0
-- not yet, 1 it is in the PSD, 2 it went back, the PSD had ended.  usersystem: who
-- took it, for a PSD in the field.
CREATE TABLE download (
	psd INTEGER NOT NULL REFERENCES psd (serial),
	sequence INTEGER NOT NULL,
	account INTEGER NOT NULL REFERENCES account (id),
	amount INTEGER NOT NULL CHECK (amount >= 0),
	orders INTEGER NOT NULL DEFAULT 0,
	answer BLOB NOT NULL,
	applied INTEGER NOT NULL DEFAULT 0,
	usersystem INTEGER,
	made INTEGER NOT NULL,
	PRIMARY KEY (psd, sequence)
);
CREATE INDEX download_waits ON download (made) WHERE applied = 0;
CREATE INDEX download_taken ON download (usersystem)
	WHERE usersystem IS NOT NULL;

-- --- label sheets --------------------------------------------------------------

-- Serial numbers that were printed onto sheets of one stock.  account: whose they
-- all are; without one a sheet is of the first that uses it.
CREATE TABLE sheet_range (
	first INTEGER PRIMARY KEY CHECK (first BETWEEN 1 AND 72057594037927935),
	last INTEGER NOT NULL UNIQUE
		CHECK (last BETWEEN 1 AND 72057594037927935),
	media TEXT NOT NULL,
	labels INTEGER NOT NULL CHECK (labels BETWEEN 1 AND 65535),
	account INTEGER REFERENCES account (id),
	made INTEGER NOT NULL,
	CHECK (last >= first)
);

-- A sheet that was used, voided or released before.  account: whose it is, since
-- `bound`, whatever its range says.
CREATE TABLE sheet (
	serial INTEGER PRIMARY KEY,
	account INTEGER REFERENCES account (id),
	state TEXT NOT NULL DEFAULT 'active'
		CHECK (state IN ('active', 'void')),
	bound INTEGER NOT NULL DEFAULT 0
);

-- Whose a sheet was before an administrator took it away.
CREATE TABLE sheet_release (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	sheet INTEGER NOT NULL REFERENCES sheet (serial),
	account INTEGER NOT NULL REFERENCES account (id),
	made INTEGER NOT NULL
);
CREATE INDEX sheet_release_sheet ON sheet_release (sheet);

CREATE TABLE label_void (
	sheet INTEGER NOT NULL,
	label INTEGER NOT NULL CHECK (label BETWEEN 1 AND 65535),
	made INTEGER NOT NULL,
	PRIMARY KEY (sheet, label)
);

-- --- stamps -------------------------------------------------------------------

-- indicium: with 64 zero bytes where the signature goes.  request: hash of what
-- was asked for.  No foreign keys: who writes a stamp holds the rows of psd_state
-- and usersystem_count, which have them.
CREATE TABLE stamp (
	psd INTEGER NOT NULL,
	piece INTEGER NOT NULL,
	usersystem INTEGER NOT NULL,
	key BLOB NOT NULL,
	request BLOB NOT NULL,
	amount INTEGER NOT NULL CHECK (amount >= 0),
	mail_date INTEGER NOT NULL,
	indicium BLOB NOT NULL,
	chain BLOB NOT NULL,
	sheet INTEGER,
	label INTEGER,
	cost TEXT,
	made INTEGER NOT NULL,
	PRIMARY KEY (psd, piece),
	CONSTRAINT stamp_key UNIQUE (usersystem, key)
);
CREATE UNIQUE INDEX stamp_label ON stamp (sheet, label) WHERE sheet IS NOT NULL;
-- For a system's newest: else all that it ever had are read.
CREATE INDEX stamp_recent ON stamp (usersystem, made);

-- Without one a stamp is pending.  The first that is written counts.
CREATE TABLE signature (
	psd INTEGER NOT NULL,
	piece INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (psd, piece)
);

-- An order: stamps that a user system may buy for this total until it expires;
-- some time after that it is dropped.  stamps: what was asked for.  due: what of
-- the total was not paid yet.
CREATE TABLE stamp_order (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	usersystem INTEGER NOT NULL REFERENCES usersystem (id),
	key BLOB NOT NULL,
	stamps BLOB NOT NULL,
	pieces INTEGER NOT NULL CHECK (pieces > 0),
	total INTEGER NOT NULL CHECK (total >= 0),
	due INTEGER NOT NULL CHECK (due BETWEEN 0 AND total),
	made INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	bought INTEGER NOT NULL DEFAULT 0,
	UNIQUE (usersystem, key)
);

-- --- what becomes of stamps -------------------------------------------------------

-- A refund that was asked for.
CREATE TABLE refund (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account (id),
	usersystem INTEGER NOT NULL REFERENCES usersystem (id),
	state TEXT NOT NULL DEFAULT 'asked'
		CHECK (state IN ('asked', 'approved', 'rejected')),
	stamps INTEGER NOT NULL CHECK (stamps > 0),
	total INTEGER NOT NULL CHECK (total > 0),
	reason TEXT NOT NULL,
	made INTEGER NOT NULL,
	settled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX refund_account ON refund (account, made);

-- Who said yes, and how the stamps were destroyed; over a limit it takes two.
CREATE TABLE refund_approval (
	refund INTEGER NOT NULL REFERENCES refund (id),
	person INTEGER NOT NULL REFERENCES person (id),
	method TEXT NOT NULL,
	made INTEGER NOT NULL,
	PRIMARY KEY (refund, person)
);

-- Lists that PSDs in the field signed, by their own numbers.  refund: NULL
-- where none of the stamps could be claimed.  answer: NULL until it is known.
CREATE TABLE refund_list (
	psd INTEGER NOT NULL REFERENCES psd (serial),
	number INTEGER NOT NULL,
	digest BLOB NOT NULL,
	refund INTEGER REFERENCES refund (id),
	answer TEXT,
	PRIMARY KEY (psd, number)
);

-- A stamp ends once: seen by the post, or claimed for a refund, never both.
-- digest: SHA-256 of what was signed, which names stamps of PSDs in the field
-- too.  piece: 0 where the indicium does not say it.  ascending: of a PSD in the
-- field, whose stamps are not in these books: the register behind the stamp; NULL:
-- of a PSD here.  A PSD comes by each mil of it, and by each piece, once.
CREATE TABLE stamp_end (
	digest BLOB PRIMARY KEY,
	psd INTEGER NOT NULL REFERENCES psd (serial),
	piece INTEGER NOT NULL,
	ascending INTEGER,
	amount INTEGER NOT NULL CHECK (amount >= 0),
	refund INTEGER REFERENCES refund (id),
	person INTEGER REFERENCES person (id),
	place TEXT NOT NULL DEFAULT '',
	scan TEXT NOT NULL DEFAULT '',
	made INTEGER NOT NULL,
	CHECK ((refund IS NULL) <> (person IS NULL))
);
CREATE INDEX stamp_end_refund ON stamp_end (refund) WHERE refund IS NOT NULL;
CREATE UNIQUE INDEX stamp_end_register ON stamp_end (psd, ascending)
	WHERE ascending IS NOT NULL AND amount > 0;
CREATE UNIQUE INDEX stamp_end_piece ON stamp_end (psd, piece)
	WHERE ascending IS NOT NULL AND piece > 0;

-- Stamps that a PSD in the field signed and cannot have issued beside all else that
-- is known of it: there is a copy of it.  other: digest of the stamp that has its
-- registers; NULL: the PSD was never given what they say.  place: where the post saw
-- it, or in which list it was.  settled: 1: since then a person has said what becomes
-- of the PSD.
CREATE TABLE doubt (
	digest BLOB PRIMARY KEY,
	psd INTEGER NOT NULL REFERENCES psd (serial),
	piece INTEGER NOT NULL,
	ascending INTEGER NOT NULL,
	amount INTEGER NOT NULL,
	other BLOB,
	place TEXT NOT NULL,
	settled INTEGER NOT NULL DEFAULT 0,
	made INTEGER NOT NULL
);
CREATE INDEX doubt_psd ON doubt (psd) WHERE settled = 0;

-- Lists of revoked certificates, as they were given out.  serials: how many,
-- in one revocation after the other.
CREATE TABLE crl (
	number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 2147483647),
	serials INTEGER NOT NULL,
	body BLOB NOT NULL,
	made INTEGER NOT NULL
);

-- When a PSD in the field had spent how much: its ascending register had come to
-- this by then, as it said itself, or as a stamp of it did that was seen.
CREATE TABLE heard (
	psd INTEGER NOT NULL REFERENCES psd (serial),
	ascending INTEGER NOT NULL,
	made INTEGER NOT NULL,
	PRIMARY KEY (psd, ascending)
);

-- A PSD in the field whose register was consented to: one state for a number.
CREATE TABLE consent (
	psd INTEGER NOT NULL REFERENCES psd (serial),
	sequence INTEGER NOT NULL,
	ascending INTEGER NOT NULL,
	PRIMARY KEY (psd, sequence)
);

-- --- the ledger -----------------------------------------------------------------

-- Double entry: each row takes `amount` from one account of the ledger and gives
-- it to another.  Accounts: 'processor' and 'invoice' (money outside), 'credit:N'
-- (of account N), 'psd:N' (in PSD N, not spent), 'postage' (spent), 'refund'
-- (given back), 'returned' (payments that came back).  ref: what it is for, once.
CREATE TABLE transfer (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	taken_from TEXT NOT NULL,
	given_to TEXT NOT NULL,
	amount INTEGER NOT NULL CHECK (amount > 0),
	ref TEXT NOT NULL UNIQUE,
	made INTEGER NOT NULL,
	CHECK (taken_from <> given_to)
);

-- --- payments ---------------------------------------------------------------

-- Money from outside, written before anybody is asked for it.  key: ours, random;
-- the processor is asked with it as often as needed, and does it once.
-- customer, method: whom and what the processor is asked for, each time; another
-- card may have been saved since.  processor_id: of its payment; page: of the page
-- where a person pays.  returned: how much of it went back; refunded: as refunds,
-- not disputes.  look_at: when to ask again; looks: -1 = never.
CREATE TABLE payment (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account (id),
	driver TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('checkout', 'auto', 'invoice')),
	amount INTEGER NOT NULL CHECK (amount > 0),
	currency INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('created', 'pending', 'paid',
		'failed', 'refunded', 'returned')),
	key TEXT NOT NULL UNIQUE,
	customer TEXT NOT NULL DEFAULT '',
	method TEXT NOT NULL DEFAULT '',
	processor_id TEXT UNIQUE,
	page TEXT UNIQUE,
	reason TEXT NOT NULL DEFAULT '',
	returned INTEGER NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND amount),
	refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
	looks INTEGER NOT NULL DEFAULT 0,
	look_at INTEGER NOT NULL DEFAULT 0,
	made INTEGER NOT NULL,
	settled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX payment_account ON payment (account, id);
CREATE INDEX payment_look ON payment (look_at) WHERE looks >= 0;
CREATE UNIQUE INDEX payment_auto ON payment (account)
	WHERE kind = 'auto' AND state IN ('created', 'pending');

-- How an account pays without a person there.  The processor's names for it, and
-- what it says of the card for a person to know it by; never a card's number.
CREATE TABLE pay_method (
	account INTEGER PRIMARY KEY REFERENCES account (id),
	driver TEXT NOT NULL,
	customer TEXT NOT NULL,
	method TEXT NOT NULL,
	brand TEXT NOT NULL DEFAULT '',
	last4 TEXT NOT NULL DEFAULT '',
	expiry TEXT NOT NULL DEFAULT '',
	made INTEGER NOT NULL
);

-- What a processor has told already, and disputes that were over before they were
-- told.  stray: what it says, where it is of no payment here.
CREATE TABLE webhook (
	event TEXT PRIMARY KEY,
	made INTEGER NOT NULL,
	stray TEXT NOT NULL DEFAULT ''
);
CREATE INDEX webhook_stray ON webhook (made) WHERE stray <> '';

-- --- audit ----------------------------------------------------------------------

-- A signed statement of how far each PSD's chain had come: body is lines of
-- "psd pieces chain", the chain in hexadecimal.
CREATE TABLE checkpoint (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	body TEXT NOT NULL,
	signature BLOB NOT NULL,
	made INTEGER NOT NULL
);
