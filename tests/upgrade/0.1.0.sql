BEGIN TRANSACTION;
CREATE TABLE accepted_jobs (
	id TEXT NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	payload JSON NOT NULL, 
	at DATETIME NOT NULL, 
	urgent BOOLEAN NOT NULL, 
	CONSTRAINT pk_accepted_jobs PRIMARY KEY (id)
);
INSERT INTO "accepted_jobs" VALUES('C1/prod.1','alerts','{}','2026-03-04 05:06:07.890123',0);
INSERT INTO "accepted_jobs" VALUES('Ev1.answer','answer','{"request": "Ev1"}','2026-03-04 05:06:07.890123',0);
CREATE TABLE alert_posts (
	id TEXT NOT NULL, 
	scope TEXT DEFAULT '' NOT NULL, 
	cause TEXT DEFAULT '' NOT NULL, 
	open BOOLEAN NOT NULL, 
	ts TEXT DEFAULT '' NOT NULL, 
	revision INTEGER NOT NULL, 
	shown INTEGER NOT NULL, 
	edits INTEGER NOT NULL, 
	document JSON NOT NULL, 
	silence JSON, 
	opened DATETIME NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_alert_posts PRIMARY KEY (id)
);
INSERT INTO "alert_posts" VALUES('alerts-ba8627536e20cb36','C1/prod','Pod shop/web-0',1,'',1,0,0,'{"says": "web-0"}',NULL,'2026-03-04 05:06:07.890123','2026-03-04 05:06:07.890123');
CREATE TABLE alert_rounds (
	scope TEXT NOT NULL, 
	round INTEGER NOT NULL, 
	open BOOLEAN NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_alert_rounds PRIMARY KEY (scope)
);
INSERT INTO "alert_rounds" VALUES('C1/prod',1,1,'2026-03-04 05:06:07.890123');
CREATE TABLE alerts (
	scope TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	firing BOOLEAN NOT NULL, 
	placed BOOLEAN NOT NULL, 
	post TEXT DEFAULT '' NOT NULL, 
	mode TEXT DEFAULT '' NOT NULL, 
	link TEXT DEFAULT '' NOT NULL, 
	labels JSON NOT NULL, 
	summary TEXT DEFAULT '' NOT NULL, 
	runbook TEXT DEFAULT '' NOT NULL, 
	starts DATETIME, 
	ends DATETIME, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_alerts PRIMARY KEY (scope, fingerprint)
);
INSERT INTO "alerts" VALUES('C1/prod','f1',1,1,'alerts-ba8627536e20cb36','','','{"alertname": "KubePodCrashLooping", "pod": "web-0"}','web-0 crashes','','2026-03-04 05:06:07.890123',NULL,'2026-03-04 05:06:07.890123');
CREATE TABLE answers (
	request_id TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	ts TEXT DEFAULT '' NOT NULL, 
	incident TEXT DEFAULT '' NOT NULL, 
	verdict TEXT DEFAULT '' NOT NULL, 
	message JSON NOT NULL, 
	shown JSON NOT NULL, 
	saved DATETIME NOT NULL, 
	CONSTRAINT pk_answers PRIMARY KEY (request_id)
);
INSERT INTO "answers" VALUES('Ev1',1,'C1','1.6','image-pull-failed','confirmed','{"text": "CONFIRMED"}','{}','2026-03-04 05:06:07.890123');
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	"key" TEXT, 
	at DATETIME NOT NULL, 
	actor TEXT DEFAULT '' NOT NULL, 
	team TEXT DEFAULT '' NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	action TEXT DEFAULT '' NOT NULL, 
	cluster TEXT DEFAULT '' NOT NULL, 
	target TEXT DEFAULT '' NOT NULL, 
	plan_id TEXT DEFAULT '' NOT NULL, 
	outcome TEXT DEFAULT '' NOT NULL, 
	detail JSON NOT NULL, 
	CONSTRAINT uq_audit_key UNIQUE ("key")
);
INSERT INTO "audit" VALUES(1,'p1','2026-03-04 05:06:07.890123','U1','','','restart-pod','','Pod shop/web-0','','applied','{}');
CREATE TABLE casebook_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT casebook_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "casebook_schema" VALUES('0001');
CREATE TABLE channel_answers (
	channel TEXT NOT NULL, 
	about TEXT NOT NULL, 
	wanted TEXT DEFAULT '' NOT NULL, 
	"by" TEXT DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_channel_answers PRIMARY KEY (channel, about)
);
INSERT INTO "channel_answers" VALUES('C1','','errors','U1','2026-03-04 05:06:07.890123');
INSERT INTO "channel_answers" VALUES('C1','trouble pod.oom','','U1','2026-03-04 05:06:07.890123');
CREATE TABLE chronicle_reads (
	channel TEXT NOT NULL, 
	user TEXT NOT NULL, 
	last DATETIME NOT NULL, 
	"before" DATETIME, 
	CONSTRAINT pk_chronicle_reads PRIMARY KEY (channel, user), 
	CONSTRAINT fk_chronicle_reads_channel FOREIGN KEY(channel) REFERENCES incident_channels (channel) ON DELETE CASCADE
);
INSERT INTO "chronicle_reads" VALUES('C2','U1','2026-03-04 05:06:07.890123',NULL);
CREATE TABLE corrections (
	request_id TEXT NOT NULL, 
	user TEXT NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	incident TEXT DEFAULT '' NOT NULL, 
	verdict TEXT DEFAULT '' NOT NULL, 
	entry TEXT DEFAULT '' NOT NULL, 
	says TEXT DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_corrections PRIMARY KEY (request_id, user)
);
INSERT INTO "corrections" VALUES('Ev1','U1','C1','image-pull-failed','confirmed','','','2026-03-04 05:06:07.890123');
CREATE TABLE directory (
	kind VARCHAR(16) NOT NULL, 
	id TEXT NOT NULL, 
	document JSON NOT NULL, 
	read DATETIME NOT NULL, 
	CONSTRAINT pk_directory PRIMARY KEY (kind, id)
);
INSERT INTO "directory" VALUES('user','U1','{"name": "alex"}','2026-03-04 05:06:07.890123');
CREATE TABLE fact_marks (
	channel TEXT NOT NULL, 
	ts TEXT NOT NULL, 
	user TEXT NOT NULL, 
	what TEXT NOT NULL, 
	says TEXT DEFAULT '' NOT NULL, 
	stands BOOLEAN NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_fact_marks PRIMARY KEY (channel, ts, user, what), 
	CONSTRAINT fk_fact_marks_channel FOREIGN KEY(channel) REFERENCES incident_channels (channel) ON DELETE CASCADE
);
INSERT INTO "fact_marks" VALUES('C2','2.1','U1','wrong','',1,'2026-03-04 05:06:07.890123');
CREATE TABLE fact_sources (
	channel TEXT NOT NULL, 
	source TEXT NOT NULL, 
	version TEXT DEFAULT '' NOT NULL, 
	gone BOOLEAN NOT NULL, 
	CONSTRAINT pk_fact_sources PRIMARY KEY (channel, source), 
	CONSTRAINT fk_fact_sources_channel FOREIGN KEY(channel) REFERENCES incident_channels (channel) ON DELETE CASCADE
);
INSERT INTO "fact_sources" VALUES('C2','m:2.1','',0);
CREATE TABLE facts (
	channel TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	source TEXT DEFAULT '' NOT NULL, 
	ts TEXT DEFAULT '' NOT NULL, 
	incident TEXT DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	document JSON NOT NULL, 
	CONSTRAINT pk_facts PRIMARY KEY (channel, "key"), 
	CONSTRAINT fk_facts_channel FOREIGN KEY(channel) REFERENCES incident_channels (channel) ON DELETE CASCADE
);
INSERT INTO "facts" VALUES('C2','2.1/said','m:2.1','2.1','image-pull-failed','2026-03-04 05:06:07.890123','{"says": "web is down"}');
CREATE TABLE feedback (
	request_id TEXT NOT NULL, 
	user TEXT NOT NULL, 
	what TEXT DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (request_id, user)
);
INSERT INTO "feedback" VALUES('Ev1','U1','wrong','2026-03-04 05:06:07.890123');
CREATE TABLE incident_channels (
	channel TEXT NOT NULL, 
	team TEXT DEFAULT '' NOT NULL, 
	name TEXT DEFAULT '' NOT NULL, 
	named DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	opened DATETIME NOT NULL, 
	since DATETIME NOT NULL, 
	resolved DATETIME, 
	cursor TEXT, 
	missed TEXT DEFAULT '' NOT NULL, 
	missed_cursor TEXT DEFAULT '' NOT NULL, 
	revision INTEGER NOT NULL, 
	shown INTEGER NOT NULL, 
	summary_ts TEXT DEFAULT '' NOT NULL, 
	canvas TEXT DEFAULT '' NOT NULL, 
	rendered_by TEXT DEFAULT '' NOT NULL, 
	rendered_until DATETIME, 
	CONSTRAINT pk_incident_channels PRIMARY KEY (channel)
);
INSERT INTO "incident_channels" VALUES('C2','T1','inc-checkout','2026-03-04 05:06:07.890123','resolved','2026-03-04 05:06:07.890123','2026-03-04 06:06:07.890123','2026-03-04 06:06:07.890123',NULL,'','',4,0,'','','',NULL);
CREATE TABLE learned (
	id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	yaml TEXT DEFAULT '' NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	channel_name TEXT DEFAULT '' NOT NULL, 
	author TEXT DEFAULT '' NOT NULL, 
	"by" TEXT DEFAULT '' NOT NULL, 
	shared BOOLEAN NOT NULL, 
	at DATETIME NOT NULL, 
	changed DATETIME NOT NULL, 
	CONSTRAINT pk_learned PRIMARY KEY (id, version)
);
INSERT INTO "learned" VALUES('ledger-full',1,'id: ledger-full
','C1','shop','U1','alex',0,'2026-03-04 05:06:07.890123','2026-03-04 05:06:07.890123');
CREATE TABLE mutes (
	channel TEXT NOT NULL, 
	incident TEXT NOT NULL, 
	"by" TEXT DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	until DATETIME, 
	reason TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_mutes PRIMARY KEY (channel, incident)
);
INSERT INTO "mutes" VALUES('C1','Pod shop/web-0','U1','2026-03-04 05:06:07.890123',NULL,'moved');
CREATE TABLE notices (
	"key" TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_notices PRIMARY KEY ("key")
);
INSERT INTO "notices" VALUES('C1:cannot-post','2026-03-04 05:06:07.890123');
CREATE TABLE outbox (
	"key" TEXT NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	thread_ts TEXT DEFAULT '' NOT NULL, 
	ts TEXT DEFAULT '' NOT NULL, 
	began DATETIME NOT NULL, 
	CONSTRAINT pk_outbox PRIMARY KEY ("key")
);
INSERT INTO "outbox" VALUES('Ev1.placeholder','C1','1.5','1.6','2026-03-04 05:06:07.890123');
CREATE TABLE plans (
	id TEXT NOT NULL, 
	request_id TEXT DEFAULT '' NOT NULL, 
	document JSON NOT NULL, 
	state TEXT DEFAULT '' NOT NULL, 
	expires DATETIME NOT NULL, 
	claimed_by TEXT DEFAULT '' NOT NULL, 
	claimed_at DATETIME, 
	token TEXT DEFAULT '' NOT NULL, 
	action TEXT DEFAULT '' NOT NULL, 
	subject TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_plans PRIMARY KEY (id)
);
INSERT INTO "plans" VALUES('p1','Ev1','{"plan": {"action": "restart-pod"}}','claimed','2026-03-04 06:06:07.890123','U1','2026-03-04 05:06:07.890123','t1','restart-pod','Pod shop/web-0');
CREATE TABLE replicas (
	executor TEXT NOT NULL, 
	version TEXT DEFAULT '' NOT NULL, 
	beat DATETIME NOT NULL, 
	CONSTRAINT pk_replicas PRIMARY KEY (executor)
);
INSERT INTO "replicas" VALUES('pod-a','1','2026-03-04 05:06:07.890123');
CREATE TABLE reports (
	"key" TEXT NOT NULL, 
	findings JSON NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_reports PRIMARY KEY ("key")
);
INSERT INTO "reports" VALUES('C1/prod','{"Pod shop/web-0": "image-pull-failed"}','2026-03-04 05:06:07.890123');
CREATE TABLE request_parts (
	request_id TEXT NOT NULL, 
	ts TEXT NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	text TEXT DEFAULT '' NOT NULL, 
	digest TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_request_parts PRIMARY KEY (request_id, ts), 
	CONSTRAINT fk_request_parts_request_id FOREIGN KEY(request_id) REFERENCES requests (id) ON DELETE CASCADE
);
INSERT INTO "request_parts" VALUES('Ev1','1.5','C1','error: web','');
CREATE TABLE requests (
	id TEXT NOT NULL, 
	team TEXT DEFAULT '' NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	thread_ts TEXT DEFAULT '' NOT NULL, 
	source_ts TEXT DEFAULT '' NOT NULL, 
	user TEXT DEFAULT '' NOT NULL, 
	surface VARCHAR(16) NOT NULL, 
	kind TEXT DEFAULT '' NOT NULL, 
	namespace TEXT DEFAULT '' NOT NULL, 
	name TEXT DEFAULT '' NOT NULL, 
	files JSON NOT NULL, 
	response_url TEXT DEFAULT '' NOT NULL, 
	language TEXT DEFAULT '' NOT NULL, 
	created DATETIME NOT NULL, 
	touched DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	revision INTEGER NOT NULL, 
	CONSTRAINT pk_requests PRIMARY KEY (id)
);
INSERT INTO "requests" VALUES('Ev1','T1','C1','1.5','1.5','U1','mention','','','','[]','','','2026-03-04 05:06:07.890123','2026-03-04 05:06:07.890123','answered',1);
CREATE TABLE standing_alerts (
	channel TEXT NOT NULL, 
	identity TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_standing_alerts PRIMARY KEY (channel, identity, request_id)
);
INSERT INTO "standing_alerts" VALUES('C1','KubePodCrashLooping/web-0','Ev1','2026-03-04 05:06:07.890123');
CREATE TABLE topic_members (
	topic_id INTEGER NOT NULL, 
	request_id TEXT NOT NULL, 
	CONSTRAINT pk_topic_members PRIMARY KEY (topic_id, request_id), 
	CONSTRAINT fk_topic_members_topic_id FOREIGN KEY(topic_id) REFERENCES topics (id) ON DELETE CASCADE
);
INSERT INTO "topic_members" VALUES(1,'Ev1');
CREATE TABLE topics (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	channel TEXT DEFAULT '' NOT NULL, 
	fingerprint TEXT DEFAULT '' NOT NULL, 
	leader TEXT DEFAULT '' NOT NULL, 
	joined INTEGER NOT NULL, 
	first DATETIME NOT NULL, 
	last DATETIME NOT NULL
);
INSERT INTO "topics" VALUES(1,'C1','image-pull-failed','Ev1',1,'2026-03-04 05:06:07.890123','2026-03-04 05:06:07.890123');
CREATE TABLE unknown_pastes (
	request_id TEXT NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	template TEXT DEFAULT '' NOT NULL, 
	example TEXT DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_unknown_pastes PRIMARY KEY (request_id)
);
CREATE TABLE watch_leases (
	cluster TEXT NOT NULL, 
	holder TEXT DEFAULT '' NOT NULL, 
	renewed DATETIME NOT NULL, 
	CONSTRAINT pk_watch_leases PRIMARY KEY (cluster)
);
INSERT INTO "watch_leases" VALUES('prod','pod-a','2026-03-04 05:06:07.890123');
CREATE TABLE watch_posts (
	"key" TEXT NOT NULL, 
	cause TEXT DEFAULT '' NOT NULL, 
	channel TEXT DEFAULT '' NOT NULL, 
	cluster TEXT DEFAULT '' NOT NULL, 
	digest TEXT DEFAULT '' NOT NULL, 
	document JSON NOT NULL, 
	objects JSON NOT NULL, 
	notes JSON NOT NULL, 
	since DATETIME NOT NULL, 
	opened DATETIME NOT NULL, 
	shown BOOLEAN NOT NULL, 
	over DATETIME, 
	CONSTRAINT pk_watch_posts PRIMARY KEY ("key")
);
INSERT INTO "watch_posts" VALUES('w1','Pod shop/web-0','C1','prod','','{"says": "web-0"}','[["Pod", "shop", "web-0"]]','{}','2026-03-04 05:06:07.890123','2026-03-04 05:06:07.890123',0,NULL);
CREATE TABLE watch_thresholds (
	channel TEXT NOT NULL, 
	incident TEXT NOT NULL, 
	minutes INTEGER NOT NULL, 
	"by" TEXT DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_watch_thresholds PRIMARY KEY (channel, incident)
);
INSERT INTO "watch_thresholds" VALUES('C1','quota-exceeded',60,'U1','2026-03-04 05:06:07.890123');
CREATE INDEX ix_requests_channel_thread_ts ON requests (channel, thread_ts);
CREATE INDEX ix_requests_touched ON requests (touched);
CREATE INDEX ix_request_parts_channel_ts ON request_parts (channel, ts);
CREATE INDEX ix_outbox_began ON outbox (began);
CREATE INDEX ix_outbox_channel_ts ON outbox (channel, ts);
CREATE INDEX ix_answers_channel_ts ON answers (channel, ts);
CREATE INDEX ix_answers_saved ON answers (saved);
CREATE INDEX ix_topics_channel_fingerprint ON topics (channel, fingerprint);
CREATE INDEX ix_topics_last ON topics (last);
CREATE INDEX ix_topic_members_request_id ON topic_members (request_id);
CREATE INDEX ix_corrections_at ON corrections (at);
CREATE INDEX ix_unknown_pastes_at ON unknown_pastes (at);
CREATE INDEX ix_unknown_pastes_template ON unknown_pastes (template);
CREATE INDEX ix_plans_claimed_at ON plans (claimed_at);
CREATE INDEX ix_plans_expires ON plans (expires);
CREATE INDEX ix_plans_request_id ON plans (request_id);
CREATE INDEX ix_audit_at ON audit (at);
CREATE TRIGGER audit_keeps_entries BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_loses_nothing BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_replaces_nothing BEFORE INSERT ON audit
       WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE INDEX ix_directory_read ON directory (read);
CREATE INDEX ix_accepted_jobs_at ON accepted_jobs (at);
CREATE INDEX ix_incident_channels_state ON incident_channels (state);
CREATE INDEX ix_facts_channel_at ON facts (channel, at);
CREATE INDEX ix_facts_channel_source ON facts (channel, source);
CREATE INDEX ix_facts_incident ON facts (incident);
CREATE INDEX ix_alerts_at ON alerts (at);
CREATE INDEX ix_alerts_post ON alerts (post);
CREATE INDEX ix_alerts_scope_placed ON alerts (scope, placed);
CREATE INDEX ix_alert_posts_at ON alert_posts (at);
CREATE INDEX ix_alert_posts_scope_cause_open ON alert_posts (scope, cause, open);
CREATE INDEX ix_standing_alerts_request_id ON standing_alerts (request_id);
CREATE INDEX ix_watch_posts_cause ON watch_posts (cause);
CREATE INDEX ix_watch_posts_channel_opened ON watch_posts (channel, opened);
CREATE INDEX ix_watch_posts_cluster_over ON watch_posts (cluster, over);
CREATE INDEX ix_watch_posts_digest ON watch_posts (digest);
CREATE INDEX ix_watch_posts_opened ON watch_posts (opened);
CREATE INDEX ix_watch_thresholds_at ON watch_thresholds (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('topics',1);
INSERT INTO "sqlite_sequence" VALUES('audit',1);
COMMIT;
